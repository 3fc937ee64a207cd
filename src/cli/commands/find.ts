import { display } from '../../base/byte-string.ts'
import { UsageError } from '../../base/errors.ts'
import { numberOf } from '../../base/number-of.ts'
import type { FindQuery } from '../../engine/look/find.ts'
import type { EntryKind } from '../../format/tree.ts'
import { compareCreated, type PointInfo } from '../../repository/point-info.ts'
import { type NamedTime, namedTime } from '../../repository/point-time.ts'
import { chainFilter, type ChainFlags, choosePoint } from '../choose-point.ts'
import type { CliContext } from '../context.ts'
import { jsonEntry, NO_OWNER_NAMES } from '../entry-format.ts'
import { EXIT_DONE } from '../exit-codes.ts'
import { formatBytes, formatTime } from '../../base/format.ts'
import { openPoints, type OpenPoints } from '../open-points.ts'
import { parseSize } from '../../base/parse-quantity.ts'
import { Steps } from '../steps.ts'
import { table } from '../table.ts'

export interface FindFlags extends ChainFlags {
  readonly ignoreCase?: boolean
  readonly type?: 'file' | 'dir' | 'symlink' | 'other'
  readonly newer?: string
  readonly older?: string
  readonly larger?: string
  readonly smaller?: string
}

const OTHER_KINDS: readonly EntryKind[] = ['fifo', 'socket', 'char', 'block']

/** Finds entries by name: in all points, or in one. */
export async function findCommand(context: CliContext, words: readonly string[], flags: FindFlags): Promise<number> {
  const { output, signal } = context
  const [first = '', second, third] = words
  if (third !== undefined) {
    throw new UsageError('BAD_ARGUMENT', `one POINT and one pattern are expected, not ${words.length} words`, {
      hint: "Put the pattern in quotes, such as '*.txt', or the shell makes a list of files of it.",
    })
  }
  const query = queryOf(second ?? first, flags)
  await using opened = await openPoints(context)
  const points = await pointsFor(opened, second === undefined ? undefined : first, flags)
  const [{ find }, { PointViews }] = await Promise.all([
    import('../../engine/look/find.ts'),
    import('../../engine/look/point-views.ts'),
  ])
  const found = await (async () => {
    using steps = new Steps(context, 'point', points.length)
    const progress = (done: number): void => steps.show(done)
    return await find(new PointViews(opened.repository), query, { points, signal, progress })
  })()
  if (output.json) {
    const list = output.list()
    for (const { path, entry, points: having } of found) {
      list.add({ ...jsonEntry(path, entry, NO_OWNER_NAMES), points: having.map(({ record }) => record.point) })
    }
    list.end()
    return EXIT_DONE
  }
  const lines = table(
    [
      { title: 'Changed', value: ({ entry }) => formatTime(entry.mtime) },
      {
        title: 'Size',
        align: 'right',
        value: ({ entry }) => (entry.kind === 'file' ? formatBytes(entry.size) : entry.kind),
      },
      { title: 'Points', align: 'right', value: (each) => String(each.points.length) },
      { title: 'Newest', value: (each) => each.points.at(-1)?.record.point.slice(0, 8) ?? '' },
      { title: 'Path', value: ({ path }) => display(path) },
    ],
    found,
  )
  if (found.length > 0) for (const line of lines) output.line(line)
  else output.message(`Nothing in ${numberOf(points.length, 'point')} is like that.`)
  return EXIT_DONE
}

async function pointsFor(
  { points, repository }: OpenPoints,
  point: string | undefined,
  flags: FindFlags,
): Promise<readonly PointInfo[]> {
  if (point !== undefined) return [await choosePoint(repository, { point }, flags)]
  const filter = chainFilter(points, flags)
  return points.points
    .filter(({ record }) => filter.instance === undefined || record.instance === filter.instance)
    .filter(({ record }) => filter.chain === undefined || record.chain === filter.chain)
    .toSorted(compareCreated)
}

/** Returns what is looked for; a day that is named belongs to both, what is newer and what is older. */
export function queryOf(pattern: string, flags: FindFlags): FindQuery {
  const { type, newer, older, larger, smaller } = flags
  return {
    pattern,
    ignoreCase: flags.ignoreCase === true,
    kinds: type === undefined ? undefined : new Set(type === 'other' ? OTHER_KINDS : [type]),
    newerThan: newer === undefined ? undefined : seconds(timeOf(newer, '--newer').startMs),
    olderThan: older === undefined ? undefined : seconds(timeOf(older, '--older').endMs),
    bytesMin: larger === undefined ? undefined : parseSize(larger, '--larger'),
    bytesMax: smaller === undefined ? undefined : parseSize(smaller, '--smaller'),
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}

function timeOf(text: string, option: string): NamedTime {
  const time = namedTime(text)
  if (time !== undefined) return time
  throw new UsageError('BAD_ARGUMENT', `"${text}" of ${option} names no time`, {
    hint: 'Write a day or a moment, such as 2026-01-31 or 2026-01-31T14:05.',
  })
}
