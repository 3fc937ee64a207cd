import type { TidemarkError } from '../../base/errors.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { AskedCommand } from '../jobs/asked-command.ts'
import type { JobStore } from '../jobs/job-store.ts'
import type { Job, JobId, JobProgress, Json } from '../jobs/job.ts'
import type { NotificationStore } from '../notifications/notification-store.ts'
import type { Notification, NotificationId } from '../notifications/notification.ts'
import type { PlanStatus } from './plan-status.ts'

/**
 * A daemon that runs, as whoever speaks to it sees it. Who that is has been asked before: nothing in here asks.
 *
 * Every function may reject with what its stores say: StorageError STORE_FULL, STORE_FAILED.
 */
export interface Daemon {
  readonly instance: InstanceId
  /** It ends: what runs stores what it has, and nothing new is begun. */
  readonly isStopping: boolean
  /** Whether anybody is there who runs what is queued. */
  readonly runsJobs: boolean
  /** To look into: what changes jobs goes through the functions below. */
  readonly jobs: Pick<JobStore, 'get' | 'list' | 'runs' | 'readLog'>
  readonly notifications: Pick<NotificationStore, 'get' | 'list'>

  status(): Promise<DaemonStatus>

  /** The plans in force, in the order of the configuration. */
  plans(): Promise<readonly PlanStatus[]>

  /**
   * Queues the steps of a plan, or one of them, whatever is due; of a full and an incremental one the latter, once the full
   * one has been done. Returns their jobs, in the order in which they run.
   *
   * @throws {UsageError} BAD_ARGUMENT: there is no such plan or step. BAD_CONFIGURATION: nothing is in force.
   */
  runPlan(plan: string, step?: string): Promise<readonly Job[]>

  /**
   * Pauses a plan in the configuration, or has it go on.
   *
   * @throws {UsageError} BAD_ARGUMENT: there is no such plan. BAD_CONFIGURATION: the file is wrong by now.
   */
  pausePlan(plan: string, paused: boolean): Promise<void>

  /** Queues a command that somebody wants run. A restore that was interrupted is not begun again by itself. */
  ask(command: AskedCommand): Promise<Job>

  /** Returns how far a job is that runs, fresher than the store knows. */
  progressOf(job: JobId): JobProgress | undefined

  /** Returns, by queued job, the repository that has to be unlocked before it can run, as the configuration names it. */
  lockedFor(jobs: readonly Job[]): Promise<ReadonlyMap<JobId, string>>

  /** Ends a job that is queued or runs; one that has ended is left as it is. `undefined`: there is none. */
  cancelJob(job: JobId): Promise<Job | undefined>

  /** Queues a job anew that errored or was cancelled, or waits to be tried again; another is left as it is. `undefined`: there is none. */
  resumeJob(job: JobId): Promise<Job | undefined>

  /** Somebody has seen a notification. `undefined`: there is none. */
  acknowledge(notification: NotificationId): Promise<Notification | undefined>

  /**
   * Something happened that plans may wait for with `@event NAME`; resolves once it is kept. Returns the names of those
   * that do. Of several of one name, the newest is kept.
   *
   * @throws {UsageError} BAD_ARGUMENT: that cannot be a name, or more is said of it than can be kept. BAD_CONFIGURATION:
   * nothing is in force.
   */
  raiseEvent(name: string, about?: Json): Promise<readonly string[]>

  /** Reads the configuration again. Returns what is wrong with it, if anything: what was in force stays so then. */
  reload(): Promise<TidemarkError | undefined>

  /** Keys were given or forgotten: what waits for them is looked at again. */
  keysChanged(): void

  /** Asks it to end, with all that its jobs stored kept, and those jobs queued again. Returns at once. */
  stop(): void

  /** Is told what has changed; returns what ends that. A listener that throws is a bug. */
  subscribe(listener: (event: DaemonEvent) => void): () => void
}

/** What has changed, to be asked for again by whoever wants to know more. */
export type DaemonEvent =
  | { readonly type: 'job'; readonly job: JobId }
  | { readonly type: 'notification'; readonly notification: NotificationId }
  | { readonly type: 'plans' }
  | { readonly type: 'stopping' }

/** How a daemon stands. Times are milliseconds since 1970. */
export interface DaemonStatus {
  readonly pid: number
  readonly version: string
  readonly startedMs: number
  /** The file that it follows: an absolute path. */
  readonly configFile: string
  readonly plans: number
  readonly jobsRunning: number
  readonly jobsQueued: number
  /** Repositories that jobs wait for to be unlocked, as the configuration names them. */
  readonly locked: readonly string[]
  /** When something is due next by the clock; `undefined`: nothing is. */
  readonly nextMs: number | undefined
  /** Notifications that hold and that nobody has seen. */
  readonly notificationsActive: number
  /** What is wrong with the configuration, so that an earlier one is in force, or nothing if there was none. */
  readonly mistake: TidemarkError | undefined
  readonly isStopping: boolean
}

/** What a daemon has to know of keys, which are no concern of its own. */
export interface DaemonKeys {
  /**
   * Tells whether a command finds what opens a repository (a name of the configuration, an absolute path or a URL) without
   * asking a person: it was unlocked, or something says where its password comes from.
   */
  canOpen(repository: string): Promise<boolean>
}
