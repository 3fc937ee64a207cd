import type { ByteString } from '../base/byte-string.ts'
import type { Clock } from '../base/clock.ts'
import type { CareProgress } from '../engine/care-types.ts'
import { jsonPath } from '../base/json-path.ts'
import type { Output } from './output.ts'
import { Progress, type ProgressState } from './progress.ts'

const PROGRESS_EVENT_MS = 1000

/** Returns how far a step is as an event tells it: a total that is not known yet is none. */
export function stepFields({ step, done, total }: CareProgress): {
  readonly step: string
  readonly done: number
  readonly total: number | null
} {
  return { step, done, total: total === 0 ? null : total }
}

/** Tells the user how far a long operation is: a line on a terminal, events with --json. */
export class OperationReport {
  protected readonly output: Output
  readonly #clock: Clock
  readonly #progress: Progress | undefined
  #eventMs = Number.NEGATIVE_INFINITY

  constructor(output: Output, clock: Clock) {
    this.output = output
    this.#clock = clock
    this.#progress = output.showsProgress ? new Progress(output, () => clock.monotonicMs()) : undefined
  }

  /** Takes the progress away; also after a failure. */
  stop(): void {
    this.#progress?.end()
  }

  /** Shows `state`, or sends `fields`, a path among them, as an event, unless that was done a moment ago. */
  protected showProgress(state: Omit<ProgressState, 'elapsedMs'>, fields: object): void {
    this.#progress?.update(state)
    const nowMs = this.#clock.monotonicMs()
    if (!this.output.sendsProgress || nowMs - this.#eventMs < PROGRESS_EVENT_MS) return
    this.#eventMs = nowMs
    const { path, ...counts } = fields as { readonly path?: ByteString }
    this.output.event('progress', { ...counts, ...(path === undefined ? {} : jsonPath(path)) })
  }

  /** Says what the user should know although nothing failed. */
  protected warn(message: string): void {
    if (this.output.json) this.output.event('warning', { message })
    this.output.warning(message)
  }
}
