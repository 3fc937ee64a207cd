import type { Clock } from '../../base/clock.ts'
import { TidemarkError } from '../../base/errors.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { Randomness } from '../../base/random.ts'
import type { Scheduler } from '../../repository/run-object.ts'
import { type JobHandler, type Recovery, RunEnds, type RunReport } from './job-handler.ts'
import { type AbandonedJob, type Claim, JOBS_PER_PAGE_MAX, type JobStore, type Settlement } from './job-store.ts'
import type { Job, JobId, JobProgress, JobResult } from './job.ts'
import { LEASE_MS, LeasedRun } from './leased-run.ts'
import { isLastTry, retryDelayMs } from './retry.ts'
import { hasWorkerEnded, newWorkerName } from './worker-name.ts'

const AT_ONCE_DEFAULT = 2
/** A job that its machine or its daemon never survives is given up at last. */
const INTERRUPTIONS_MAX = 50

export interface WorkerOptions {
  readonly store: JobStore
  readonly instance: InstanceId
  /** By kind of job: what is of another kind is left to others. */
  readonly handlers: ReadonlyMap<string, JobHandler>
  /** By kind of job: of what others do, and this worker only puts right once they have ended; nothing when absent. */
  readonly inherited?: ReadonlyMap<string, JobHandler>
  /**
   * Tells of a job that another worker has whether it is left to that one, though its lease has lapsed or its worker has
   * ended; none is when absent.
   */
  readonly isLeft?: (job: Job) => boolean
  readonly clock: Clock
  readonly randomness: Randomness
  readonly scheduler: Scheduler
  /** Tells of a job whose turn it is whether it cannot run now: it stays queued then. None is held back when absent. */
  readonly isHeldBack?: (job: Job) => Promise<boolean>
  /** How many jobs run at once; 2 when absent. */
  readonly atOnce?: number
  /** Told when a job begins and when its run has been settled: something else may be due now. */
  readonly onChanged: (job: JobId) => void
  /** Told of a store that does not do what it should; the work goes on. */
  readonly onProblem: (problem: unknown) => void
}

/** Does the jobs of a store whose turn it is. */
export class Worker {
  readonly #options: WorkerOptions
  readonly #name: string
  readonly #runs = new Map<JobId, { readonly run: LeasedRun; readonly ended: Promise<void> }>()
  #turn: Promise<void> = Promise.resolve()
  #isStopping = false

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#name = newWorkerName(options.randomness)
  }

  /**
   * Begins what is due, after what earlier workers left has been taken over; resolves when it has begun.
   *
   * To be called when something was added, when a run was settled, when `JobStore.nextDueMs` has come, and every now and
   * then for the leases of others.
   * @throws {StorageError} whatever the store says.
   */
  async turn(): Promise<void> {
    const turn = this.#turn.then(async () => this.#takeTurn())
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    await Promise.all([...this.#runs.values()].map(({ ended }) => ended))
  }

  /** Returns how far a job is that runs here, fresher than the store knows. */
  progressOf(job: JobId): JobProgress | undefined {
    return this.#runs.get(job)?.run.lastProgress
  }

  /** Tells whether a job runs here. */
  isRunning(job: JobId): boolean {
    return this.#runs.has(job)
  }

  /** Cancels a job wherever it is; returns it as the store has it then, `undefined` when there is none. */
  async cancel(job: JobId): Promise<Job | undefined> {
    const cancelled = await this.#options.store.cancel(job, this.#options.clock.nowMs())
    if (cancelled?.cancelRequested === true) this.#runs.get(job)?.run.end('cancel')
    else this.#options.onChanged(job)
    return cancelled
  }

  /** Ends all runs, with what is stored kept, and queues their jobs anew; begins no others. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#turn
    for (const { run } of this.#runs.values()) run.end('stop')
    await this.idle()
  }

  async #takeTurn(): Promise<void> {
    const { handlers, inherited, instance, store, isHeldBack, atOnce = AT_ONCE_DEFAULT } = this.#options
    const ended = (await store.workers(instance)).filter(hasWorkerEnded)
    const kinds = [...handlers.keys(), ...(inherited?.keys() ?? [])]
    const left = await this.#left(kinds)
    while (!this.#isStopping) {
      const held = [...this.#runs.keys(), ...left]
      const abandoned = await store.takeOver({ ...this.#claim(), kinds, ended }, held)
      if (abandoned === undefined) break
      this.#begin(abandoned.job, async (run) => this.#recover(abandoned, run))
    }
    while (!this.#isStopping && this.#runs.size < atOnce) {
      const job = await store.claim(this.#claim(), isHeldBack)
      if (job === undefined) break
      this.#begin(job, async (run) => this.#do(job, run))
    }
  }

  /** Returns the running jobs of these kinds that are left to the workers that have them. */
  async #left(kinds: readonly string[]): Promise<readonly JobId[]> {
    const { instance, isLeft, store } = this.#options
    if (isLeft === undefined) return []
    const { jobs } = await store.list({ instance, states: ['running'], kinds, limit: JOBS_PER_PAGE_MAX })
    return jobs.filter((job) => job.lease?.worker !== this.#name && isLeft(job)).map(({ id }) => id)
  }

  #handlerOf({ kind }: Job): JobHandler | undefined {
    const { handlers, inherited } = this.#options
    return handlers.get(kind) ?? inherited?.get(kind)
  }

  #claim(): Claim {
    const { instance, handlers, clock } = this.#options
    return { instance, worker: this.#name, kinds: [...handlers.keys()], nowMs: clock.nowMs(), leaseMs: LEASE_MS }
  }

  #begin(job: Job, work: (run: LeasedRun) => Promise<Settlement | undefined>): void {
    const { store, clock, scheduler, onProblem, onChanged } = this.#options
    const run = new LeasedRun({ job, worker: this.#name, store, clock, scheduler, onProblem })
    const ended = this.#toItsEnd(run, work)
    this.#runs.set(job.id, { run, ended })
    onChanged(job.id)
  }

  async #toItsEnd(run: LeasedRun, work: (run: LeasedRun) => Promise<Settlement | undefined>): Promise<void> {
    const { onProblem, onChanged } = this.#options
    try {
      const settlement = await work(run)
      if (settlement === undefined) run.abandon()
      else if (await run.settle(settlement)) this.#handlerOf(run.job)?.settled?.(run.job)
    } catch (error) {
      // A defect: the job is not lost for it, it is taken over later.
      run.abandon()
      onProblem(error)
    } finally {
      this.#runs.delete(run.job.id)
    }
    onChanged(run.job.id)
  }

  async #do(job: Job, run: LeasedRun): Promise<Settlement | undefined> {
    const report = await this.#report(job, run)
    return run.reason === 'lost' ? undefined : this.#settlementOf(job, run, report)
  }

  async #report(job: Job, run: LeasedRun): Promise<RunReport> {
    const handler = this.#handlerOf(job)
    try {
      if (handler === undefined) throw new Error(`nobody does jobs of the kind "${job.kind}"`)
      return await handler.run(job, run)
    } catch (error) {
      if (error instanceof RunEnds) return { verdict: 'may-pass', result: NOTHING }
      run.log('worker', error instanceof Error ? error.message : String(error))
      const isTransient = error instanceof TidemarkError && error.retry === 'transient'
      return { verdict: isTransient ? 'may-pass' : 'failed', result: resultOf(error) }
    }
  }

  #settlementOf(job: Job, run: LeasedRun, { verdict, result }: RunReport): Settlement {
    const nowMs = this.#options.clock.nowMs()
    if (verdict === 'done') return { nowMs, outcome: 'done', result, next: { state: 'done' } }
    if (run.reason === 'cancel') return { nowMs, outcome: 'cancelled', result, next: { state: 'cancelled' } }
    if (run.reason === 'stop') return { nowMs, outcome: 'interrupted', result, next: { again: true, dueMs: nowMs } }
    if (isLastTry(job, verdict)) return { nowMs, outcome: 'failed', result, next: { state: 'errored' } }
    const delayMs = retryDelayMs(job.failures, this.#options.randomness)
    run.log('worker', `it is tried again in ${Math.ceil(delayMs / 1000)} s`)
    return { nowMs, outcome: 'failed', result, next: { again: true, dueMs: nowMs + delayMs } }
  }

  /** Puts right what a crash left of a run, and has the job done again unless it came to its end all the same. */
  async #recover(abandoned: AbandonedJob, run: LeasedRun): Promise<Settlement | undefined> {
    const { clock, randomness } = this.#options
    const { job } = abandoned
    run.log('worker', 'its daemon ended without a word: what it left is put right')
    run.progress({ ...NO_PROGRESS, atMs: clock.nowMs(), step: 'put right after a crash' })
    const { verdict, result } = await this.#putRight(abandoned, run)
    if (run.reason === 'lost') return undefined
    if (verdict !== 'interrupted') return this.#settlementOf(job, run, { verdict, result })
    // Nobody else puts it right when this one ends in the middle.
    if (run.reason === 'stop') return undefined
    const settled = { nowMs: clock.nowMs(), outcome: 'interrupted', result } as const
    if (run.reason === 'cancel') return { ...settled, next: { state: 'cancelled' } }
    if (job.interruptions >= INTERRUPTIONS_MAX) return { ...settled, result: TOO_OFTEN, next: { state: 'errored' } }
    // At once the first time; what crashes again and again is given time.
    const delayMs = job.interruptions === 0 ? 0 : retryDelayMs(job.interruptions - 1, randomness)
    return { ...settled, next: { again: true, dueMs: settled.nowMs + delayMs } }
  }

  async #putRight(abandoned: AbandonedJob, run: LeasedRun): Promise<Recovery> {
    try {
      return (await this.#handlerOf(abandoned.job)?.recover(abandoned, run)) ?? INTERRUPTED
    } catch (error) {
      if (error instanceof RunEnds) return INTERRUPTED
      if (!(error instanceof TidemarkError)) throw error
      run.log('worker', error.message)
      return { verdict: 'interrupted', result: resultOf(error) }
    }
  }
}

const NOTHING: JobResult = { exitCode: undefined, summary: undefined, error: undefined }

const INTERRUPTED: Recovery = { verdict: 'interrupted', result: NOTHING }

const NO_PROGRESS = {
  bytesDone: 0,
  bytesTotal: undefined,
  itemsDone: 0,
  itemsTotal: undefined,
  path: undefined,
} as const

const TOO_OFTEN: JobResult = {
  ...NOTHING,
  error: {
    code: 'INTERRUPTED',
    message: `its daemon, or the machine, ended ${INTERRUPTIONS_MAX} times while it ran`,
    hint: 'Look into its log for why, and resume it.',
  },
}

function resultOf(error: unknown): JobResult {
  const expected = error instanceof TidemarkError
  const message = error instanceof Error ? error.message : String(error)
  const hint = expected ? error.hint : undefined
  return { ...NOTHING, error: { code: expected ? error.code : 'INTERNAL', message, hint } }
}
