import type { Clock } from '../../base/clock.ts'
import { type JobStore, LOG_LINES_MAX, type NewLogLine } from './job-store.ts'
import type { Job, LogSource } from './job.ts'

/** Gathers what a run says, so that it is stored in batches; of too much at once, the oldest lines are left out. */
export class RunLog {
  readonly #store: JobStore
  readonly #job: Job
  readonly #clock: Clock
  #waiting: NewLogLine[] = []
  #leftOut = 0

  constructor(store: JobStore, job: Job, clock: Clock) {
    this.#store = store
    this.#job = job
    this.#clock = clock
  }

  add(from: LogSource, text: string): void {
    this.#waiting.push({ timeMs: this.#clock.nowMs(), from, text })
    // Taking one off the front of a long list for each line would take longer than what is logged.
    if (this.#waiting.length < 2 * LOG_LINES_MAX) return
    this.#leftOut += LOG_LINES_MAX
    this.#waiting = this.#waiting.slice(LOG_LINES_MAX)
  }

  /** Stores what was gathered; what cannot be stored is gathered on. */
  async flush(): Promise<void> {
    const lines = this.#waiting
    if (lines.length === 0) return
    const leftOut = this.#leftOut
    this.#waiting = []
    this.#leftOut = 0
    try {
      await this.#store.log(this.#job.id, this.#job.runs, [...this.#gap(leftOut), ...lines])
    } catch (error) {
      this.#waiting = [...lines, ...this.#waiting]
      this.#leftOut += leftOut
      throw error
    }
  }

  #gap(leftOut: number): NewLogLine[] {
    if (leftOut === 0) return []
    return [{ timeMs: this.#clock.nowMs(), from: 'worker', text: `… ${leftOut} lines were too many …` }]
  }
}
