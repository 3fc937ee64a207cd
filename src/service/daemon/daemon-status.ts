import type { InstanceId } from '../../base/ids.ts'
import { JOBS_PER_PAGE_MAX, type JobStore } from '../jobs/job-store.ts'
import { type NotificationStore, NOTIFICATIONS_PER_PAGE_MAX } from '../notifications/notification-store.ts'
import type { DaemonStatus } from './daemon.ts'

export interface CountedStores {
  readonly jobs: Pick<JobStore, 'list'>
  readonly notifications: Pick<NotificationStore, 'list'>
  readonly instance: InstanceId
}

/** Counts what of a daemon's status its stores know; no more than a page of each. */
export async function countStores({
  jobs,
  notifications,
  instance,
}: CountedStores): Promise<Pick<DaemonStatus, 'jobsRunning' | 'jobsQueued' | 'notificationsActive'>> {
  const page = { instance, limit: JOBS_PER_PAGE_MAX }
  const [running, queued, active] = await Promise.all([
    jobs.list({ ...page, states: ['running'] }),
    jobs.list({ ...page, states: ['queued'] }),
    notifications.list({ instance, states: ['active'], limit: NOTIFICATIONS_PER_PAGE_MAX }),
  ])
  return {
    jobsRunning: running.jobs.length,
    jobsQueued: queued.jobs.length,
    notificationsActive: active.length,
  }
}
