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
  const { divisor, unit } = unitFor(samples)
  const now = formatBytes(samples.at(-1) ?? 0)
  const title = `Throughput now ${now}/s${axisIn(unit, now, '/s')}`
  return { title, values: samples.map((bytes) => bytes / divisor), labels: samples.map(() => ' ') }
}

function stored({ sizes: loaded }: OverviewState): NamedChart {
  const sizes = sampled(valueOr(loaded, []))
  const bytes = sizes.map(({ bytesStored }) => bytesStored)
  const { divisor, unit } = unitFor(bytes)
  const last = bytes.at(-1)
  return {
    title:
      last === undefined ? 'Repository size' : `Repository size ${formatBytes(last)}${axisIn(unit, formatBytes(last))}`,
    values: bytes.map((value) => value / divisor),
    labels: sizes.map(({ atMs }) => dayOf(atMs)),
  }
}

/** Returns what the axis is in, where the value in the title has another unit. */
function axisIn(unit: string, shown: string, per = ''): string {
  return shown.endsWith(` ${unit}`) ? '' : ` (in ${unit}${per})`
}

/** Returns the unit in which the largest of some values is shown. */
function unitFor(values: readonly number[]): { readonly divisor: number; readonly unit: string } {
  const most = Math.max(0, ...values)
  const [, unit = 'B'] = formatBytes(most).split(' ')
  let divisor = 1
  while (formatBytes(divisor).split(' ')[1] !== unit) divisor *= 1024
  return { divisor, unit }
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
  const title = `Points a day, last ${days} days`
  if (points.kind !== 'ready') return { title, values: [], labels: [] }
  const values = new Array<number>(days).fill(0)
  for (const { startedMs, isUndo } of points.value) {
    if (isUndo) continue
    const ago = Math.floor((nowMs - startedMs) / DAY_MS)
    if (ago >= 0 && ago < days) values[days - 1 - ago] = (values[days - 1 - ago] ?? 0) + 1
  }
  const labels = values.map((_, index) => dayOf(nowMs - (days - 1 - index) * DAY_MS))
  return { title, values, labels, isCount: true }
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
