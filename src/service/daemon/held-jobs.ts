import type { InstanceId } from '../../base/ids.ts'
import type { JobStore } from '../jobs/job-store.ts'
import { LOCKED, locked, lockedKey } from '../notifications/conditions.ts'
import { type NotificationStore, NOTIFICATIONS_PER_PAGE_MAX } from '../notifications/notification-store.ts'
import type { Notifier } from '../notifications/notifier.ts'
import type { DaemonKeys } from './daemon.ts'
import { lockedRepositories } from './locked-jobs.ts'

export interface HeldJobsOptions {
  readonly jobs: Pick<JobStore, 'list'>
  readonly notifications: Pick<NotificationStore, 'list'>
  readonly instance: InstanceId
  readonly keys: DaemonKeys
  readonly notifier: Notifier
}

/** Tells of the repositories that jobs wait for to be unlocked. */
export class HeldJobs {
  readonly #options: HeldJobsOptions
  #told: Set<string> | undefined

  constructor(options: HeldJobsOptions) {
    this.#options = options
  }

  /** Repositories that jobs waited for when it was looked last. */
  get repositories(): readonly string[] {
    return [...(this.#told ?? [])]
  }

  /** Looks which jobs cannot run now, and tells of what has changed. */
  async look(): Promise<void> {
    const { notifier } = this.#options
    const told = (this.#told ??= await this.#toldBefore())
    const wanted = await lockedRepositories(this.#options)
    for (const repository of wanted) {
      if (told.has(repository)) continue
      await notifier.raise(locked(repository))
      told.add(repository)
    }
    for (const repository of told) {
      if (wanted.has(repository)) continue
      await notifier.resolve(lockedKey(repository))
      told.delete(repository)
    }
  }

  /** Returns what an earlier daemon told of. */
  async #toldBefore(): Promise<Set<string>> {
    const { instance, notifications } = this.#options
    const limit = NOTIFICATIONS_PER_PAGE_MAX
    const active = await notifications.list({ instance, states: ['active', 'acknowledged'], limit })
    return new Set(active.flatMap(({ key }) => (key.startsWith(LOCKED) ? [key.slice(LOCKED.length)] : [])))
  }
}
