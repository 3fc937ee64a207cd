import type { Clock } from '../../base/clock.ts'
import type { InstanceId } from '../../base/ids.ts'
import { planStatuses } from '../daemon/plan-status.ts'
import type { JobStore } from '../jobs/job-store.ts'
import type { NotificationStore } from '../notifications/notification-store.ts'
import type { Plan } from '../plans/plan.ts'
import type { DeskDaemon } from './desk.ts'

export interface StoredDaemonOptions {
  readonly instance: InstanceId
  readonly jobs: JobStore
  readonly notifications: NotificationStore
  readonly plans: () => Promise<readonly Plan[]>
  readonly clock: Clock
  /** IANA name of this machine's zone. */
  readonly timeZone: string
}

/** Returns what stands in for a daemon where none runs: what the stores and the configuration say. */
export function storedDaemon({ instance, jobs, notifications, clock, ...options }: StoredDaemonOptions): DeskDaemon {
  return {
    instance,
    runsJobs: false,
    jobs,
    notifications,
    plans: async () => {
      const { plans, timeZone } = options
      return planStatuses({ plans: await plans(), jobs, instance, raised: [], nowMs: clock.nowMs(), timeZone })
    },
    progressOf: () => undefined,
    lockedFor: () => Promise.resolve(new Map()),
    cancelJob: (job) => jobs.cancel(job, clock.nowMs()),
    resumeJob: (job) => jobs.resume(job, clock.nowMs()),
    acknowledge: (id) => notifications.acknowledge(id),
  }
}
