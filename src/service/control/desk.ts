import type { Clock } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'
import type { Daemon } from '../daemon/daemon.ts'
import { JOBS_PER_PAGE_MAX } from '../jobs/job-store.ts'
import type { Job, JobId, JobState } from '../jobs/job.ts'
import { type JobStanding, leftOf, waitOf } from '../jobs/job-standing.ts'
import type { NotificationId, NotificationState } from '../notifications/notification.ts'
import type {
  JobDetailDocument,
  JobDocument,
  JobsDocument,
  LogDocument,
  NotificationDocument,
  NotificationsDocument,
  PlansDocument,
} from './documents.ts'
import { showJob, showJobDetail, showLine, showNotification, showPlan } from './show.ts'

export interface JobsQuestion {
  readonly states?: readonly JobState[] | undefined
  readonly plan?: string | undefined
  /** Only jobs with lower numbers: where the last page ended. */
  readonly before?: number | undefined
  /** 1..JOBS_PER_PAGE_MAX. */
  readonly limit: number
}

export interface NotificationsQuestion {
  readonly states?: readonly NotificationState[] | undefined
  readonly plan?: string | undefined
  /** 1..NOTIFICATIONS_PER_PAGE_MAX. */
  readonly limit: number
}

/** Where a log was read up to. */
export interface LogPlace {
  readonly run: number
  readonly line: number
}

/**
 * What commands ask about plans, jobs and notifications, of a daemon or of the stores that it would use.
 *
 * @throws {UsageError} BAD_ARGUMENT: there is no such job or notification. @throws {StorageError} whatever the stores say.
 */
export interface Desk {
  plans(): Promise<PlansDocument>
  /** Lists jobs, the last added first. */
  jobs(question: JobsQuestion): Promise<JobsDocument>
  job(id: number): Promise<JobDetailDocument>
  /** Returns the next lines of a log, the oldest first; none at its end. */
  log(id: number, after: LogPlace | undefined): Promise<LogDocument>
  cancelJob(id: number): Promise<JobDocument>
  resumeJob(id: number): Promise<JobDocument>
  notifications(question: NotificationsQuestion): Promise<NotificationsDocument>
  notification(id: number): Promise<NotificationDocument>
  acknowledge(id: number): Promise<NotificationDocument>
}

/** What of a daemon a desk works with. */
export type DeskDaemon = Pick<
  Daemon,
  | 'instance'
  | 'runsJobs'
  | 'jobs'
  | 'notifications'
  | 'plans'
  | 'progressOf'
  | 'lockedFor'
  | 'cancelJob'
  | 'resumeJob'
  | 'acknowledge'
>

/** Answers as a daemon's parts do, or those that stand in for one. */
export class DaemonDesk implements Desk {
  readonly #daemon: DeskDaemon
  readonly #clock: Clock

  constructor(daemon: DeskDaemon, clock: Clock) {
    this.#daemon = daemon
    this.#clock = clock
  }

  async plans(): Promise<PlansDocument> {
    return { plans: (await this.#daemon.plans()).map(showPlan) }
  }

  async jobs({ states, plan, before, limit }: JobsQuestion): Promise<JobsDocument> {
    const { instance, jobs } = this.#daemon
    const page = await jobs.list({
      instance,
      limit,
      ...(states === undefined ? {} : { states }),
      ...(plan === undefined ? {} : { plan }),
      ...(before === undefined ? {} : { before: before as JobId }),
    })
    const standingOf = await this.#standings(page.jobs)
    return { jobs: page.jobs.map((job) => showJob(job, standingOf(job))), next: page.next ?? null }
  }

  async job(id: number): Promise<JobDetailDocument> {
    const job = await this.#get(id)
    const standingOf = await this.#standings([job])
    return showJobDetail(job, await this.#daemon.jobs.runs(job.id), standingOf(job))
  }

  async log(id: number, after: LogPlace | undefined): Promise<LogDocument> {
    const { id: job } = await this.#get(id)
    const from = after === undefined ? {} : { after: { run: after.run, number: after.line } }
    const lines = await this.#daemon.jobs.readLog(job, { ...from, limit: JOBS_PER_PAGE_MAX })
    return { lines: lines.map(showLine) }
  }

  async cancelJob(id: number): Promise<JobDocument> {
    await this.#get(id)
    return this.show((await this.#daemon.cancelJob(id as JobId)) ?? missing('job', id))
  }

  async resumeJob(id: number): Promise<JobDocument> {
    await this.#get(id)
    return this.show((await this.#daemon.resumeJob(id as JobId)) ?? missing('job', id))
  }

  async notifications({ states, plan, limit }: NotificationsQuestion): Promise<NotificationsDocument> {
    const { instance, notifications } = this.#daemon
    const kept = await notifications.list({
      instance,
      limit,
      ...(states === undefined ? {} : { states }),
      ...(plan === undefined ? {} : { plan }),
    })
    return { notifications: kept.map(showNotification) }
  }

  async notification(id: number): Promise<NotificationDocument> {
    const { instance, notifications } = this.#daemon
    const known = await notifications.get(id as NotificationId)
    return known?.instance === instance ? showNotification(known) : missing('notification', id)
  }

  async acknowledge(id: number): Promise<NotificationDocument> {
    await this.notification(id)
    return showNotification((await this.#daemon.acknowledge(id as NotificationId)) ?? missing('notification', id))
  }

  /** One store may serve thousands of instances: what is another's is not there. */
  async #get(id: number): Promise<Job> {
    const job = await this.#daemon.jobs.get(id as JobId)
    return job?.instance === this.#daemon.instance ? job : missing('job', id)
  }

  /** Returns a job as it is told of. */
  async show(job: Job): Promise<JobDocument> {
    return showJob(job, (await this.#standings([job]))(job))
  }

  /** Returns what tells how each of these jobs stands. */
  async #standings(shown: readonly Job[]): Promise<(job: Job) => JobStanding> {
    const { instance, jobs, runsJobs: hasDaemon } = this.#daemon
    const queued = shown.filter(({ state }) => state === 'queued')
    // What others may wait for.
    const states = ['queued', 'running'] as const
    const active = queued.length === 0 ? [] : (await jobs.list({ instance, states, limit: JOBS_PER_PAGE_MAX })).jobs
    const locked = await this.#daemon.lockedFor(queued)
    const nowMs = this.#clock.nowMs()
    return (job) => {
      const progress = job.state === 'running' ? this.#daemon.progressOf(job.id) : undefined
      return {
        nowMs,
        progress,
        // What this daemon runs goes on also when its store does not take that down.
        left: progress === undefined ? leftOf(job, nowMs) : undefined,
        wait: waitOf(job, { active, nowMs, hasDaemon, lockedFor: locked.get(job.id) }),
      }
    }
  }
}

function missing(what: 'job' | 'notification', id: number): never {
  throw new UsageError('BAD_ARGUMENT', `there is no ${what} ${id}`, {
    hint: `\`tidemark ${what} list\` shows which there are.`,
  })
}
