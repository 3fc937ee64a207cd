import type { Clock } from '../../base/clock.ts'
import type { Scheduler } from '../../repository/run-object.ts'
import { type EndReason, type RunContext, RunEnds } from './job-handler.ts'
import type { JobStore, LeaseOf, Settlement } from './job-store.ts'
import type { Job, JobProgress, LogSource, RunNote } from './job.ts'
import { RunLog } from './run-log.ts'

/** How often the store is told that a run goes on, how far it is and what it said, and asked whether it may. */
const TICK_MS = 2000
/** Long enough for a machine that is short of breath; what is left after a crash waits as long where nobody can know of it. */
export const LEASE_MS = 30_000

export interface LeasedRunOptions {
  readonly job: Job
  readonly worker: string
  readonly store: JobStore
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** Told of a store that does not do what it should; the run goes on. */
  readonly onProblem: (problem: unknown) => void
}

/** A run that this worker is in charge of, from its claim to its settlement. */
export class LeasedRun implements RunContext {
  readonly job: Job
  readonly #options: LeasedRunOptions
  readonly #log: RunLog
  readonly #controller = new AbortController()
  #reason: EndReason | undefined
  /** Whatever the reason is, the worker ends. */
  #isStopping = false
  #progress: JobProgress | undefined
  #endTicks: () => void
  /** What the store is being asked: one that answers slowly is not asked twice at once. */
  #tick: Promise<void> | undefined

  constructor(options: LeasedRunOptions) {
    this.job = options.job
    this.#options = options
    this.#log = new RunLog(options.store, options.job, options.clock)
    this.#endTicks = options.scheduler.every(TICK_MS, () => {
      this.#tick ??= this.#renew()
    })
    if (options.job.cancelRequested) this.end('cancel')
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Why it is to end; `undefined` while it may go on. The first reason counts, but being no longer in charge. */
  get reason(): EndReason | undefined {
    return this.#reason
  }

  /** How far it is. */
  get lastProgress(): JobProgress | undefined {
    return this.#progress
  }

  /** Asks the run to end. */
  end(reason: EndReason): void {
    this.#isStopping ||= reason === 'stop'
    if (this.#reason === undefined || reason === 'lost') this.#reason = reason
    this.#controller.abort(new RunEnds(this.#reason))
  }

  async note(note: RunNote): Promise<void> {
    if (await this.#options.store.note(this.#lease(), note)) return
    this.end('lost')
    throw new RunEnds('lost')
  }

  progress(progress: JobProgress): void {
    this.#progress = progress
  }

  log(from: LogSource, text: string): void {
    this.#log.add(from, text)
  }

  /**
   * Stores what was logged and how the run ended; tried again until the store does it, unless the worker ends. Returns
   * whether it was stored: otherwise somebody else has to settle the run.
   */
  async settle(settlement: Settlement): Promise<boolean> {
    this.#endTicks()
    await this.#tick
    const { store, worker, onProblem } = this.#options
    for (;;) {
      try {
        await this.#log.flush()
        if (this.#progress !== undefined) await store.renew(this.#lease(), this.#progress)
        return await store.settle(this.job.id, worker, settlement)
      } catch (error) {
        onProblem(error)
        // Whoever starts next finds the run where it is, and does it again.
        if (this.#isStopping) return false
        await this.#pause()
      }
    }
  }

  /** Gives the run up without a settlement: another worker takes it over. */
  abandon(): void {
    this.#endTicks()
  }

  async #renew(): Promise<void> {
    const { store, onProblem } = this.#options
    try {
      await this.#log.flush()
      const answer = await store.renew(this.#lease(), this.#progress)
      if (answer !== 'go-on') this.end(answer)
    } catch (error) {
      onProblem(error)
    } finally {
      this.#tick = undefined
    }
  }

  #lease(): LeaseOf {
    const { worker, clock } = this.#options
    return { job: this.job.id, worker, untilMs: clock.nowMs() + LEASE_MS }
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = this.#options.scheduler.every(TICK_MS, () => {
        end()
        resolve()
      })
    })
  }
}
