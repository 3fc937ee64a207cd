import { type Clock, type Timespec, timespecOfMs } from '../base/clock.ts'
import { TidemarkError } from '../base/errors.ts'
import type { ObjectId, RunId } from '../base/ids.ts'
import type { Instance } from './instance-key.ts'
import type { RecordStore } from './record-store.ts'

/** How often a writer says again that it is there. Far below the grace after which it counts as ended. */
export const RUN_RENEWAL_MS = 3_600_000
/** Without a word for longer, a writer reckons that it was taken for dead: a laptop that was closed, a store that was away. */
export const RUN_SILENCE_MS = 2 * RUN_RENEWAL_MS

/** Calls back again and again; injected, so that tests own time. */
export interface Scheduler {
  /** Calls `task` every `intervalMs`, without keeping the process alive; the returned function ends it. */
  every(intervalMs: number, task: () => void): () => void
}

export const systemScheduler: Scheduler = {
  every: (intervalMs, task) => {
    const timer = setInterval(task, intervalMs)
    timer.unref()
    return () => clearInterval(timer)
  },
}

export interface RunObjectOptions {
  readonly records: RecordStore
  readonly run: RunId
  readonly instance: Instance
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** Told when a renewal failed; the next one tries again. A store that is away for a while must not end the run. */
  readonly onProblem: (problem: TidemarkError) => void
  /** Called after each renewal: what the run relies on is to be compared with marks again. */
  readonly onRenewed?: () => void
}

/**
 * A writer's "I am here", put before it lists anything: while it is there, prune leaves alone what the run relies on.
 *
 * Renewed hourly by an object with the next counter, after which the old one is removed.
 */
export class RunObject {
  readonly #options: RunObjectOptions
  readonly #started: Timespec
  #object: ObjectId
  /** Objects of earlier counters that could not be removed yet. */
  readonly #old = new Set<ObjectId>()
  #counter = 0
  /** When the newest object was about to be put, by both clocks: one stands still while the machine sleeps, the other may be set. */
  #saidAt: Moment
  #wasSilent = false
  #stop: () => void = () => undefined
  #renewing: Promise<void> = Promise.resolve()
  #ended = false

  private constructor(
    options: RunObjectOptions,
    first: { readonly started: Timespec; readonly object: ObjectId; readonly saidAt: Moment },
  ) {
    this.#options = options
    this.#started = first.started
    this.#object = first.object
    this.#saidAt = first.saidAt
  }

  /** Puts the run's first object, with counter 0. @throws {StorageError} as `Driver.put` */
  static async start(options: RunObjectOptions): Promise<RunObject> {
    const { records, run, instance, clock, scheduler, onProblem } = options
    const saidAt = momentOf(clock)
    const started = timespecOfMs(saidAt.nowMs)
    const record = { run, instance: instance.id, counter: 0, started }
    const { id } = await records.put('runs', record, instance)
    const object = new RunObject(options, { started, object: id, saidAt })
    object.#stop = scheduler.every(RUN_RENEWAL_MS, () => {
      object.renew().catch((error: unknown) => {
        if (!(error instanceof TidemarkError)) throw error
        onProblem(error)
      })
    })
    return object
  }

  /**
   * Whether it was ever so long without a word that a prune may have taken the run for dead, and what it stored or
   * relied on for garbage.
   */
  get wasSilent(): boolean {
    const { nowMs, monotonicMs } = momentOf(this.#options.clock)
    // A wall clock that was set forward costs a look at most.
    const silentMs = Math.max(nowMs - this.#saidAt.nowMs, monotonicMs - this.#saidAt.monotonicMs)
    this.#wasSilent ||= silentMs > RUN_SILENCE_MS
    return this.#wasSilent
  }

  /** The object that says so now. */
  get object(): ObjectId {
    return this.#object
  }

  /**
   * Puts the next object, then removes the one before it: at no moment is there none.
   *
   * @throws {StorageError} as `Driver.put` and `Driver.remove`; the run goes on.
   */
  async renew(): Promise<void> {
    const renewal = this.#renewing.then(() => this.#renew())
    this.#renewing = renewal.catch(() => undefined)
    return renewal
  }

  /** Removes the object once nothing more is written. Idempotent. @throws {StorageError} as `Driver.remove` */
  async end(): Promise<void> {
    this.#ended = true
    this.#stop()
    await this.#renewing
    this.#old.add(this.#object)
    await this.#removeOld()
  }

  async #renew(): Promise<void> {
    if (this.#ended) return
    const { records, run, instance, clock, onRenewed } = this.#options
    const saidAt = momentOf(clock)
    const record = { run, instance: instance.id, counter: this.#counter + 1, started: this.#started }
    const { id } = await records.put('runs', record, instance)
    this.#wasSilent = this.wasSilent
    this.#saidAt = saidAt
    this.#counter++
    this.#old.add(this.#object)
    this.#object = id
    onRenewed?.()
    await this.#removeOld()
  }

  async #removeOld(): Promise<void> {
    for (const id of this.#old) {
      await this.#options.records.driver.remove({ kind: 'runs', id })
      this.#old.delete(id)
    }
  }
}

interface Moment {
  readonly nowMs: number
  readonly monotonicMs: number
}

function momentOf(clock: Clock): Moment {
  return { nowMs: clock.nowMs(), monotonicMs: clock.monotonicMs() }
}
