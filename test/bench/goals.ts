import type { Measurement } from './measure.ts'
import type { Step, ToolResults } from './results.ts'

/** One line of the comparison: a figure of every tool, the smaller the better, and what it is to be. */
export interface Row {
  readonly title: string
  /** The figure of one tool, or `undefined` when it was not measured. */
  readonly figure: (results: ToolResults) => number | undefined
  /** How the figure is written. */
  readonly write: (results: ToolResults) => string
  /** The most our figure may be of the best of all, and of the best that a distribution brings. */
  readonly ofBest?: number
  readonly ofDistribution?: number
  /** The most our figure may be. */
  readonly most?: { readonly value: (ours: ToolResults) => number | undefined; readonly text: string }
}

const MEMORY_BYTES_MAX = 250e6

/** Goal for the index, in bytes a blob. */
export const INDEX_BYTES_PER_BLOB_MAX = 36

export function seconds(ms: number): string {
  return (ms / 1000).toFixed(2)
}
export function megabytes(bytes: number): string {
  return String(Math.round(bytes / 1e6))
}

export function time(title: string, step: Step, goals: Pick<Row, 'ofBest' | 'ofDistribution' | 'most'>): Row {
  return {
    title,
    figure: (results) => results.of(step)?.wallMs,
    write: (results) => {
      const [measured, range] = [results.of(step), results.range(step)]
      if (measured === undefined || range === undefined) return ''
      const { leastMs, mostMs } = range
      return `${seconds(measured.wallMs)} [${seconds(leastMs)}-${seconds(mostMs)}] (${seconds(measured.cpuMs)})`
    },
    ...goals,
  }
}

export function memory(title: string, step: Step): Row {
  const peak = (results: ToolResults): Measurement['peakBytes'] | undefined => results.of(step)?.peakBytes
  return {
    title,
    figure: peak,
    write: (results) => megabytes(peak(results) ?? 0),
    most: { value: () => MEMORY_BYTES_MAX, text: '<= 250 MB' },
  }
}

function repositoryBytes(results: ToolResults): number | undefined {
  const sizes = [...results.repositoryBytes].sort((one, other) => one - other)
  return sizes[sizes.length >> 1]
}

/** A backup after 1 % of the files changed costs what one of nothing changed does, and 1 % of a first one. */
function changedGoal(ours: ToolResults): number | undefined {
  const [unchanged, first] = [ours.of('unchanged')?.wallMs, ours.of('first small')?.wallMs]
  return unchanged === undefined || first === undefined ? undefined : unchanged + first / 100
}

/** Times that are compared, with their goals. */
export const TIME_ROWS: readonly Row[] = [
  time('first backup, small, s', 'first small', { ofBest: 0.42, ofDistribution: 0.35 }),
  time('first backup, large, s', 'first large', { ofBest: 0.45, ofDistribution: 0.32 }),
  time('nothing changed, small, s', 'unchanged', { ofBest: 0.4, ofDistribution: 0.14 }),
  time('1 % changed, small, s', 'changed', {
    most: { value: changedGoal, text: '<= nothing changed + 1 % of first' },
  }),
  time('restore, small, to a RAM disk, s', 'restore', { ofBest: 0.35, ofDistribution: 0.35 }),
]

/** What is compared, with its goals. */
export const ROWS: readonly Row[] = [
  ...TIME_ROWS,
  {
    title: 'repository, small, MB',
    figure: repositoryBytes,
    write: (results) => megabytes(repositoryBytes(results) ?? 0),
    ofBest: 0.95,
    ofDistribution: 0.95,
  },
  memory('peak memory, first backup, small, MB', 'first small'),
  memory('peak memory, first backup, large, MB', 'first large'),
  memory('peak memory, nothing changed, MB', 'unchanged'),
  memory('peak memory, restore, MB', 'restore'),
]
