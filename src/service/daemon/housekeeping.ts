import type { Clock } from '../../base/clock.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { JobStore } from '../jobs/job-store.ts'
import { type Configured, isConfigured } from '../notifications/is-configured.ts'
import { type NotificationStore, NOTIFICATIONS_PER_PAGE_MAX } from '../notifications/notification-store.ts'
import type { Notifier } from '../notifications/notifier.ts'
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
  readonly notifier: Pick<Notifier, 'settle'>
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

  /** Has it done as soon as may be. */
  hurry(): void {
    this.#nextMs = -Infinity
  }

  /** Does it; `configured` is `undefined` as long as nobody knows what is. */
  async do(configured: Configured | undefined): Promise<void> {
    const { clock, tidyMs = HOUR_MS } = this.#options
    this.#nextMs = clock.monotonicMs() + tidyMs
    try {
      await this.#tidy(configured)
    } catch (error) {
      this.hurry()
      throw error
    }
  }

  async #tidy(configured: Configured | undefined): Promise<void> {
    const { clock, instance, jobs, notifications } = this.#options
    if (configured !== undefined) {
      await this.#settleWhatIsGone(configured)
      await this.#look(configured.plans)
    }
    const overMs = clock.nowMs() - KEPT_MS
    await jobs.prune(instance, overMs)
    await notifications.prune(instance, overMs)
  }

  /** What was said of a plan, a step or a channel that was taken out of the configuration holds no longer. */
  async #settleWhatIsGone(configured: Configured): Promise<void> {
    const { instance, notifications, notifier } = this.#options
    const limit = NOTIFICATIONS_PER_PAGE_MAX
    const held = await notifications.list({ instance, states: ['active', 'acknowledged'], limit })
    for (const each of held) if (!isConfigured(each, configured)) await notifier.settle(each.key)
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
