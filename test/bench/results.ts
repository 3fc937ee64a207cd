import type { Measurement } from './measure.ts'

/** What is timed of every tool. */
export type Step = 'first small' | 'first large' | 'unchanged' | 'changed' | 'restore' | MountStep | CareStep

/** What is timed of every tool's mount. */
export type MountStep =
  | 'mount and list'
  | 'walk'
  | 'small files'
  | 'scattered files'
  | 'random reads'
  | 'cat'
  | 'cat again'
  | 'copy folder'
  | 'copy attributes'
  | 'restore folder'
  | 'whole mount'

/** What is timed of looking after a repository. */
export type CareStep = 'check' | 'check data' | 'forget and prune' | 'restore all'

/** Returns the middle of `values`, or the mean of the two in the middle; `undefined` when there are none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((one, other) => one - other)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

/** Returns the median of each figure on its own, or `undefined` when nothing was measured. */
export function medianOf(measurements: readonly Measurement[]): Measurement | undefined {
  const [wallMs, cpuMs, peakBytes] = (['wallMs', 'cpuMs', 'peakBytes'] as const).map((key) =>
    median(measurements.map((measurement) => measurement[key])),
  )
  return wallMs === undefined || cpuMs === undefined || peakBytes === undefined
    ? undefined
    : { wallMs, cpuMs, peakBytes }
}

/** What was measured of one tool, over all runs. */
export class ToolResults {
  readonly name: string
  readonly isDistribution: boolean
  readonly repositoryBytes: number[] = []
  readonly #steps = new Map<Step, Measurement[]>()

  constructor(tool: { readonly name: string; readonly isDistribution: boolean }) {
    this.name = tool.name
    this.isDistribution = tool.isDistribution
  }

  add(step: Step, measurement: Measurement): void {
    const all = this.#steps.get(step)
    if (all === undefined) this.#steps.set(step, [measurement])
    else all.push(measurement)
  }

  /** The shortest and the longest time of a step, which tell how steady the machine was. */
  range(step: Step): { readonly leastMs: number; readonly mostMs: number } | undefined {
    const times = (this.#steps.get(step) ?? []).map(({ wallMs }) => wallMs)
    return times.length === 0 ? undefined : { leastMs: Math.min(...times), mostMs: Math.max(...times) }
  }

  /** The medians of a step. */
  of(step: Step): Measurement | undefined {
    return medianOf(this.#steps.get(step) ?? [])
  }
}
