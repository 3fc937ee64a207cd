import type { PointData } from '../../../src/service/application/shown.ts'
import { shownTime } from '../../text/when.ts'

const BARS = ' ▁▂▃▄▅▆▇█'

export interface Timeline {
  /** How many points fell into each stretch of time, as bars. */
  readonly bars: string
  /** The first and the last moment, and `▲` below the chosen point. */
  readonly scale: string
}

/** Returns the points, which are newest first, on a line of `columns` columns. */
export function timelineOf(points: readonly PointData[], chosen: PointData | undefined, columns: number): Timeline {
  const newest = points[0]?.startedMs
  const oldest = points.at(-1)?.startedMs
  if (newest === undefined || oldest === undefined) return { bars: '', scale: '' }
  const columnOf = (ms: number): number => {
    const part = newest === oldest ? 0.5 : (ms - oldest) / (newest - oldest)
    return Math.max(0, Math.min(columns - 1, Math.round(part * (columns - 1))))
  }
  const counts = new Array<number>(columns).fill(0)
  for (const { startedMs } of points) counts[columnOf(startedMs)] = (counts[columnOf(startedMs)] ?? 0) + 1
  const most = Math.max(...counts)
  const bars = counts.map((count) => BARS[Math.ceil((count / most) * (BARS.length - 1))]).join('')
  return {
    bars,
    scale: scaleOf(oldest, newest, chosen === undefined ? undefined : columnOf(chosen.startedMs), columns),
  }
}

/** What is there between `▲` and a time. */
const GAP = 1

/** The times stand at the ends of the line, but make room for `▲`. */
function scaleOf(oldest: number, newest: number, chosenColumn: number | undefined, columns: number): string {
  const first = shownTime(oldest)
  const last = shownTime(newest)
  const times = (firstAt: number, lastAt: number): string => put(put(' '.repeat(columns), firstAt, first), lastAt, last)
  const lastAt = columns - last.length
  if (chosenColumn === undefined) return times(0, lastAt)
  const isOverFirst = chosenColumn < first.length + GAP
  const isOverLast = chosenColumn >= lastAt - GAP
  const line = times(isOverFirst ? chosenColumn + 1 + GAP : 0, isOverLast ? chosenColumn - GAP - last.length : lastAt)
  return put(line, chosenColumn, '▲')
}

function put(line: string, column: number, text: string): string {
  return line.slice(0, column) + text + line.slice(column + text.length)
}
