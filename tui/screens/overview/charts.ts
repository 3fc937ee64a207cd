import { formatBytes } from '../../../src/base/format.ts'
import type { ChartData } from '../../components/draw-chart.ts'
import { valueOr } from '../../state/loaded.ts'
import type { Shared } from '../../state/shared.ts'
import { shownTime } from '../../text/when.ts'
import type { OverviewState } from './overview.ts'

export interface NamedChart extends ChartData {
  readonly title: string
}

/** Values that a chart of the usual width tells apart. */
const VALUES_MAX = 60
const MEBIBYTE = 2 ** 20
const DAY_MS = 86_400_000

/** Returns what can be drawn, the most urgent first. */
export function chartsOf(state: OverviewState, shared: Shared): readonly NamedChart[] {
  const { throughput } = state
  return [
    ...(throughput.length === 0 ? [] : [speed(throughput)]),
    stored(state),
    deduplication(state),
    pointsADay(shared),
  ]
}

function speed(samples: readonly number[]): NamedChart {
  const last = samples.at(-1) ?? 0
  const values = samples.map((bytes) => bytes / MEBIBYTE)
  return { title: `Throughput now ${formatBytes(last)}/s (MiB/s)`, values, labels: samples.map(() => ' ') }
}

function stored(state: OverviewState): NamedChart {
  const sizes = sampled(valueOr(state.sizes, []))
  const last = sizes.at(-1)
  return {
    title: `Repository size ${last === undefined ? '' : formatBytes(last.bytesStored)} (MiB)`,
    values: sizes.map(({ bytesStored }) => bytesStored / MEBIBYTE),
    labels: sizes.map(({ atMs }) => dayOf(atMs)),
  }
}

/** How many times larger the data of all points would be, stored as they are. */
function deduplication(state: OverviewState): NamedChart {
  const sizes = sampled(valueOr(state.sizes, [])).filter(({ bytesStored }) => bytesStored > 0)
  const values = sizes.map(({ bytesRaw, bytesStored }) => bytesRaw / bytesStored)
  return {
    title: `Deduplication and compression ${(values.at(-1) ?? 1).toFixed(1)}x`,
    values,
    labels: sizes.map(({ atMs }) => dayOf(atMs)),
  }
}

function pointsADay({ points, nowMs }: Shared): NamedChart {
  const days = 30
  const values = new Array<number>(days).fill(0)
  for (const { startedMs } of valueOr(points, [])) {
    const ago = Math.floor((nowMs - startedMs) / DAY_MS)
    if (ago >= 0 && ago < days) values[days - 1 - ago] = (values[days - 1 - ago] ?? 0) + 1
  }
  const labels = values.map((_, index) => dayOf(nowMs - (days - 1 - index) * DAY_MS))
  return { title: `Points a day, last ${days} days`, values, labels }
}

/** Returns at most as many items as a chart shows, evenly taken, the last one among them. */
function sampled<T>(items: readonly T[]): readonly T[] {
  if (items.length <= VALUES_MAX) return items
  const step = (items.length - 1) / (VALUES_MAX - 1)
  return Array.from({ length: VALUES_MAX }, (_, index) => items[Math.round(index * step)] as T)
}

/** Returns month and day of a moment: `11-21`. */
function dayOf(ms: number): string {
  return shownTime(ms).slice(5, 10)
}
