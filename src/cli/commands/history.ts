import { resolve } from 'node:path'

import { display } from '../../base/byte-string.ts'
import { UsageError } from '../../base/errors.ts'
import { numberOf } from '../../base/number-of.ts'
import { compareCreated } from '../../repository/point-info.ts'
import { chainFilter, type ChainFlags } from '../choose-point.ts'
import type { CliContext } from '../context.ts'
import { jsonState } from '../entry-format.ts'
import { EXIT_DONE } from '../exit-codes.ts'
import { formatBytes, formatTime, formatTimestamp } from '../../base/format.ts'
import { jsonPath } from '../../base/json-path.ts'
import { openPoints } from '../open-points.ts'
import { parsePointPlace } from '../point-place.ts'
import { table } from '../table.ts'

export interface HistoryFlags extends ChainFlags {
  readonly allInstances?: boolean
}

/** Lists each version of a path. */
export async function historyCommand(context: CliContext, text: string, flags: HistoryFlags): Promise<number> {
  const { output, signal, workingDirectory } = context
  const { path } = parsePointPlace(`latest:${resolve(workingDirectory, text)}`)
  await using opened = await openPoints(context)
  const { points, repository } = opened
  const filter = chainFilter(points, flags)
  const own = flags.allInstances === true || filter.chain !== undefined ? undefined : repository.instance.id
  const instance = filter.instance ?? own
  const chosen = points.points
    .filter(({ record }) => instance === undefined || record.instance === instance)
    .filter(({ record }) => filter.chain === undefined || record.chain === filter.chain)
    .toSorted(compareCreated)
  const [{ history }, { PointViews }] = await Promise.all([
    import('../../engine/look/history.ts'),
    import('../../engine/look/point-views.ts'),
  ])
  const versions = await history(new PointViews(repository), path, { points: chosen, signal })
  if (versions.length === 0) {
    throw new UsageError('UNKNOWN_PATH', `none of ${numberOf(chosen.length, 'point')} holds ${display(path)}`, {
      context: { path: display(path) },
      hint: 'Look with `tidemark find` for its name; --all-instances looks at the points of others, too.',
    })
  }
  if (output.json) {
    output.document({
      ...jsonPath(path),
      versions: versions.map(({ entry, points: having }) => {
        return {
          ...jsonState(entry),
          points: having.map(({ record }) => ({ point: record.point, started: formatTimestamp(record.started) })),
        }
      }),
    })
    return EXIT_DONE
  }
  const rows = versions.map(({ entry, points: having }) => {
    const [first, last] = [having[0], having.at(-1)]
    return {
      changed: formatTime(entry.mtime),
      size: entry.kind === 'file' ? formatBytes(entry.size) : entry.kind,
      first: first === undefined ? '' : `${first.record.point.slice(0, 8)} ${formatTime(first.record.started)}`,
      last:
        last === undefined || last === first
          ? ''
          : `${last.record.point.slice(0, 8)} ${formatTime(last.record.started)}`,
      count: String(having.length),
    }
  })
  const lines = table(
    [
      { title: 'Changed', value: ({ changed }) => changed },
      { title: 'Size', align: 'right', value: ({ size }) => size },
      { title: 'Points', align: 'right', value: ({ count }) => count },
      { title: 'First in', value: ({ first }) => first },
      { title: 'Last in', value: ({ last }) => last },
    ],
    rows,
  )
  for (const line of lines) output.line(line)
  return EXIT_DONE
}
