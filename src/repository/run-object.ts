import { type Clock, type Timespec, timespecOfMs } from '../base/clock.ts'
import { TidemarkError } from '../base/errors.ts'
import type { ObjectId, RunId } from '../base/ids.ts'
import type { Instance } from './instance-key.ts'
import type { RecordStore } from './record-store.ts'

/** How often a writer says again that it is there. Far below the grace after which it counts as ended. */
export const RUN_RENEWAL_MS = 3_600_000

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
  #stop: () => void = () => undefined
  #renewing: Promise<void> = Promise.resolve()
  #ended = false

  private constructor(options: RunObjectOptions, started: Timespec, object: ObjectId) {
    this.#options = options
    this.#started = started
    this.#object = object
  }

  /** Puts the run's first object, with counter 0. @throws {StorageError} as `Driver.put` */
  static async start(options: RunObjectOptions): Promise<RunObject> {
    const { records, run, instance, clock, scheduler, onProblem } = options
    const started = timespecOfMs(clock.nowMs())
    const record = { run, instance: instance.id, counter: 0, started }
    const { id } = await records.put('runs', record, instance)
    const object = new RunObject(options, started, id)
    object.#stop = scheduler.every(RUN_RENEWAL_MS, () => {
      object.renew().catch((error: unknown) => {
        if (!(error instanceof TidemarkError)) throw error
        onProblem(error)
      })
    })
    return object
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
    const { records, run, instance, onRenewed } = this.#options
    const record = { run, instance: instance.id, counter: this.#counter + 1, started: this.#started }
    const { id } = await records.put('runs', record, instance)
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
