import { type ByteString, byteStringOf } from '../../base/byte-string.ts'
import { formatCount } from '../../base/number-of.ts'
import type { PointChain } from '../../repository/point-chain.ts'
import { compareCreated } from '../../repository/point-info.ts'
import { type ChainFlags, chainFilter } from '../choose-point.ts'
import type { CliContext } from '../context.ts'
import { EXIT_DAMAGE, EXIT_DONE } from '../exit-codes.ts'
import { formatBytes, formatTime } from '../../base/format.ts'
import { openPoints } from '../open-points.ts'
import { type DetailedPoint, jsonPoint, sourcesText } from '../point-format.ts'
import { readDetails } from '../read-details.ts'
import { table } from '../table.ts'
import { resolve } from 'node:path'

export interface PointsFlags extends ChainFlags {
  readonly tag?: readonly string[]
  readonly source?: string
}

/** Lists the points of a repository, oldest first; the exit code tells when there may be more than can be read. */
export async function pointsCommand(context: CliContext, flags: PointsFlags): Promise<number> {
  const { output } = context
  await using opened = await openPoints(context)
  const { points, repository } = opened
  const filter = chainFilter(points, flags)
  const chosen = points.points
    .filter(({ record, tags }) => {
      if (filter.instance !== undefined && record.instance !== filter.instance) return false
      if (filter.chain !== undefined && record.chain !== filter.chain) return false
      return (flags.tag ?? []).every((tag) => tags.includes(tag))
    })
    .toSorted(compareCreated)
  let detailed = await readDetails(repository, chosen)
  if (flags.source !== undefined) {
    const path = byteStringOf(resolve(context.workingDirectory, flags.source))
    detailed = detailed.filter(({ detail }) => detail?.sources.some((source) => holds(source, path)) === true)
  }
  if (output.json) output.document(detailed.map((point) => jsonPoint(point, points)))
  else if (detailed.length > 0) for (const line of pointLines(detailed)) output.line(line)
  else output.message(noneOf(points))
  if (repository.keyRing.full && detailed.some(({ detail }) => detail === undefined)) {
    output.warning('the sources of some points cannot be read: `tidemark check` tells what is damaged.')
  }
  if (points.alarms.length === 0) return EXIT_DONE
  output.error('tidemark: there may be more points than can be read: see the warnings above')
  output.error('hint: `tidemark check` tells what is damaged.')
  return EXIT_DAMAGE
}

/** Says why nothing is listed. */
function noneOf({ points, alarms }: PointChain): string {
  if (points.length > 0) return 'No point is like that.'
  return alarms.length > 0 ? 'No point can be read.' : 'There is no point yet: make one with `tidemark backup`.'
}

/** Tells whether `path` is `source` or lies below it. */
function holds(source: string, path: ByteString): boolean {
  return path === source || path.startsWith(source === '/' ? '/' : `${source}/`)
}

function pointLines(points: readonly DetailedPoint[]): string[] {
  return table(
    [
      { title: 'Point', value: ({ info }) => info.record.point.slice(0, 8) },
      { title: 'Time', value: ({ info }) => formatTime(info.record.started) },
      { title: 'Type', value: ({ info }) => info.record.type },
      { title: 'Chain', value: ({ info }) => info.record.chain.slice(0, 8) },
      { title: 'Files', align: 'right', value: ({ info }) => formatCount(info.record.counts.files) },
      { title: 'Size', align: 'right', value: ({ info }) => formatBytes(info.record.bytes) },
      { title: 'New', align: 'right', value: ({ info }) => formatBytes(info.record.bytesStored) },
      { title: 'Tags', value: ({ info }) => info.tags.join(',') },
      { title: 'Sources', value: ({ detail }) => sourcesText(detail) },
    ],
    points,
  )
}
