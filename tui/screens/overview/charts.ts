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
  const title = `Throughput now ${formatBytes(samples.at(-1) ?? 0)}/s`
  return {
    ...{ title, unit: `${unit}/s`, labels: samples.map(() => ' ') },
    values: samples.map((bytes) => bytes / divisor),
  }
}

function stored({ sizes: loaded }: OverviewState): NamedChart {
  const sizes = sampled(valueOr(loaded, []))
  const bytes = sizes.map(({ bytesStored }) => bytesStored)
  const { divisor, unit } = unitFor(bytes)
  const last = bytes.at(-1)
  return {
    title: last === undefined ? 'Repository size' : `Repository size ${formatBytes(last)}`,
    unit,
    values: bytes.map((value) => value / divisor),
    labels: timeLabels(sizes.map(({ atMs }) => atMs)),
  }
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
  const last = values.at(-1)
  return {
    title: `Deduplication and compression${last === undefined ? '' : ` ${last.toFixed(1)}x`}`,
    unit: 'x',
    values,
    labels: timeLabels(sizes.map(({ atMs }) => atMs)),
  }
}

function pointsADay({ points, nowMs }: Shared): NamedChart {
  const days = 30
  const title = `Points a day, last ${days} days`
  if (points.kind !== 'ready') return { title, unit: '', values: [], labels: [] }
  const values = new Array<number>(days).fill(0)
  for (const { startedMs, isUndo } of points.value) {
    if (isUndo) continue
    const ago = Math.floor((nowMs - startedMs) / DAY_MS)
    if (ago >= 0 && ago < days) values[days - 1 - ago] = (values[days - 1 - ago] ?? 0) + 1
  }
  const labels = timeLabels(values.map((_, index) => nowMs - (days - 1 - index) * DAY_MS))
  return { title, unit: '', values, labels, isCount: true }
}

/** Returns at most as many items as a chart shows, evenly taken, the last one among them. */
function sampled<T>(items: readonly T[]): readonly T[] {
  if (items.length <= VALUES_MAX) return items
  const step = (items.length - 1) / (VALUES_MAX - 1)
  return Array.from({ length: VALUES_MAX }, (_, index) => items[Math.round(index * step)] as T)
}

/** More than these, and months and days come twice. */
const DAYS_OF_A_YEAR = 300

/** Returns moments, in their order, in as much as tells them apart: `08:04` within a day, `11-21` within a year, else `2026-11`. */
function timeLabels(times: readonly number[]): readonly string[] {
  const shown = times.map(shownTime)
  if (shown[0]?.slice(0, 10) === shown.at(-1)?.slice(0, 10)) return shown.map((time) => time.slice(11))
  const isLong = (times.at(-1) ?? 0) - (times[0] ?? 0) > DAYS_OF_A_YEAR * DAY_MS
  return shown.map((time) => (isLong ? time.slice(0, 7) : time.slice(5, 10)))
}
