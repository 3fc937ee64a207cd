import { formatCount } from '../../base/number-of.ts'
import { repositoryStats, type RepositoryStats } from '../../engine/look/stats.ts'
import type { CliContext } from '../context.ts'
import { formatBytes, formatTime } from '../../base/format.ts'
import { openPoints } from '../open-points.ts'
import { Steps } from '../steps.ts'
import { table } from '../table.ts'

/** Measures the repository, and what only each point holds. */
export async function statsCommand(context: CliContext): Promise<undefined> {
  const { output, signal } = context
  await using opened = await openPoints(context)
  const stats = await (async () => {
    using steps = new Steps(context, 'point', opened.points.points.length)
    const progress = (done: number): void => steps.show(done)
    return await repositoryStats(opened.repository, { signal, progress })
  })()
  if (output.json) output.document(jsonStats(stats))
  else for (const line of linesOf(stats)) output.line(line)
}

function linesOf(stats: RepositoryStats): string[] {
  const packs = stats.stored.get('packs') ?? { objects: 0, bytes: 0 }
  const { needed, unusedBytes, unneeded, freeableBytes } = stats.space
  const rows: readonly (readonly [string, string])[] = [
    ['Files of all points', formatBytes(stats.bytesRaw)],
    ['Unique content', `${formatBytes(stats.bytesUnique)} in ${formatCount(stats.blobs)} blobs`],
    ['Compressed', `${formatBytes(stats.bytesNeeded)}${shareOf(stats)}`],
    ['Packs', `${formatBytes(packs.bytes)} in ${formatCount(packs.objects)}`],
    ['Needed packs', `${formatBytes(needed.bytes)}, of which ${formatBytes(unusedBytes)} are unused`],
    ['Unneeded packs', formatBytes(unneeded.bytes)],
    ['A prune frees', `about ${formatBytes(freeableBytes)}`],
  ]
  const points = table(
    [
      { title: 'Point', value: ({ point }) => point.record.point.slice(0, 8) },
      { title: 'Time', value: ({ point }) => formatTime(point.record.started) },
      { title: 'Size', align: 'right', value: ({ point }) => formatBytes(point.record.bytes) },
      { title: 'Held only by it', align: 'right', value: ({ bytesStored }) => formatBytes(bytesStored) },
    ],
    stats.points,
  )
  return [
    ...rows.map(([title, value]) => `${title.padEnd(21)}${value}`),
    ...(stats.points.length > 0 ? ['', ...points] : []),
  ]
}

/** Says how much that is of all files; of small shares, with the first digit that is not 0. */
function shareOf({ bytesNeeded, bytesRaw }: RepositoryStats): string {
  if (bytesRaw === 0) return ''
  const percent = Math.max((bytesNeeded / bytesRaw) * 100, 0.0001)
  const text = percent >= 10 ? percent.toFixed(0) : percent.toPrecision(percent >= 1 ? 2 : 1)
  return `, ${text} % of all files`
}

function jsonStats(stats: RepositoryStats): Record<string, unknown> {
  const { bytesRaw, bytesUnique, bytesNeeded, blobs, space } = stats
  return {
    bytesRaw,
    bytesUnique,
    bytesNeeded,
    blobs,
    ...space,
    stored: Object.fromEntries(stats.stored),
    points: stats.points.map(({ point, ...only }) => ({ point: point.record.point, ...only })),
  }
}
