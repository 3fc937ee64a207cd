import type { Clock } from '../../base/clock.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { JobStore } from '../jobs/job-store.ts'
import type { NotificationStore } from '../notifications/notification-store.ts'
import type { PlanWatch } from '../notifications/plan-watch.ts'
import type { Plan } from '../plans/plan.ts'

const HOUR_MS = 3_600_000
/** How long jobs and notifications that are over are kept. */
const KEPT_MS = 90 * 24 * HOUR_MS

export interface HousekeepingOptions {
  readonly jobs: JobStore
  readonly notifications: NotificationStore
  readonly instance: InstanceId
  readonly clock: Clock
  readonly watch: Pick<PlanWatch, 'look'>
  /** How often it is done; an hour when absent. */
  readonly tidyMs?: number
}

/** Looks for what nobody tells of, and forgets what is long over. */
export class Housekeeping {
  readonly #options: HousekeepingOptions
  #nextMs = -Infinity

  constructor(options: HousekeepingOptions) {
    this.#options = options
  }

  /** How many milliseconds from now it is due. */
  get waitMs(): number {
    return this.#nextMs - this.#options.clock.monotonicMs()
  }

  /** Does it; `plans` is `undefined` as long as nobody knows them. */
  async do(plans: readonly Plan[] | undefined): Promise<void> {
    const { clock, instance, jobs, notifications, tidyMs = HOUR_MS } = this.#options
    if (plans !== undefined) await this.#look(plans)
    const overMs = clock.nowMs() - KEPT_MS
    await jobs.prune(instance, overMs)
    await notifications.prune(instance, overMs)
    this.#nextMs = clock.monotonicMs() + tidyMs
  }

  async #look(plans: readonly Plan[]): Promise<void> {
    const { clock, instance, jobs, watch } = this.#options
    const nowMs = clock.nowMs()
    const names = plans.map(({ name }) => name)
    const histories = await jobs.histories(instance, names, nowMs)
    for (const plan of plans) {
      await watch.look(plan, { sinceMs: histories.get(plan.name)?.sinceMs ?? nowMs, nowMs })
    }
  }
}
