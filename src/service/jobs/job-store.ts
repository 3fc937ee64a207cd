import type { InstanceId } from '../../base/ids.ts'
import type { RaisedEvent } from '../plans/plan.ts'
import type { PlanHistory } from '../schedule/schedule.ts'
import type {
  Job,
  JobId,
  JobProgress,
  JobResult,
  JobRun,
  JobState,
  Json,
  LogLine,
  LogSource,
  NewJob,
  RunNote,
  RunOutcome,
} from './job.ts'

/**
 * Keeps jobs, their runs and what those said.
 *
 * Any number of processes may use one store at once: each call happens as a whole or not at all, and is durable once it
 * has resolved. Time is given by the caller. Every call may fail with StorageError STORE_FULL, STORE_UNAVAILABLE,
 * STORE_READ_ONLY, STORE_FAILED, and MALFORMED where what is kept was damaged since it was opened.
 */
export interface JobStore extends AsyncDisposable {
  /** Adds a job, or returns the one of the same instance that was added under the same `key`. */
  add(job: NewJob, nowMs: number): Promise<Job>

  /**
   * Leases the queued job whose turn it is to a worker: due, of the highest priority, then the longest due; of a plan of
   * which nothing runs, with nothing queued before it in the same run of its plan (whatever that waits for), and which
   * `isHeldBack` does not hold back: asked of each job that would be leased, just before, so that nothing that was queued
   * meanwhile is leased unasked. No job is ever leased to two.
   */
  claim(claim: Claim, isHeldBack?: (job: Job) => Promise<boolean>): Promise<Job | undefined>

  /**
   * Leases a running job whose lease has lapsed, and which is none of `held`, to another worker, which has to put right
   * what the first one left and to settle the run; returns it with what was noted last.
   */
  takeOver(claim: Claim, held: readonly JobId[]): Promise<AbandonedJob | undefined>

  /** Returns the names of the workers whose leases have not ended, each once. */
  workers(instance: InstanceId): Promise<readonly string[]>

  /**
   * Lengthens a lease. Returns what has become of the job meanwhile: `lost` when the lease is no longer the worker's,
   * who must stop; `cancel` when somebody wants it to end.
   */
  renew(lease: LeaseOf, progress?: JobProgress): Promise<'go-on' | 'cancel' | 'lost'>

  /** Notes what a run is about to do; returns false when the lease is lost. */
  note(lease: LeaseOf, note: RunNote): Promise<boolean>

  /** Ends the lease and the run; returns false, and changes nothing, when the lease was lost. */
  settle(job: JobId, worker: string, settlement: Settlement): Promise<boolean>

  /**
   * Cancels a queued job at once, and asks the worker of a running one to; what its plan has queued behind it, by hand or
   * for the same firing, is cancelled as well. Returns the job as it is then, `undefined` when there is none; one that has
   * ended is left as it is.
   */
  cancel(job: JobId, nowMs: number): Promise<Job | undefined>

  /**
   * Queues a job anew that errored or was cancelled, or that is queued for later, to be begun now, with all its retries.
   * Returns the job as it is then, `undefined` when there is none; another is left as it is.
   */
  resume(job: JobId, nowMs: number): Promise<Job | undefined>

  get(job: JobId): Promise<Job | undefined>

  /** Returns the runs of a job, the oldest first. */
  runs(job: JobId): Promise<readonly JobRun[]>

  /** Lists jobs, the last added first. */
  list(filter: JobFilter): Promise<JobPage>

  /**
   * Returns what the schedule has to know of these plans. One that was not asked for the last time is taken as seen first
   * at `nowMs`, and one that is not asked for now is forgotten: its jobs are not.
   */
  histories(instance: InstanceId, plans: readonly string[], nowMs: number): Promise<ReadonlyMap<string, PlanHistory>>

  /**
   * Returns when the next queued job is due that waits for none of its run: for whoever sleeps until then. A time that is
   * past says that it waits for its plan, or for a worker that has its hands free: the end of another job is what to wait
   * for.
   */
  nextDueMs(instance: InstanceId, kinds: readonly string[]): Promise<number | undefined>

  /** Returns jobs of plans that ended and of which nobody was told, the first that ended first: at most JOBS_PER_PAGE_MAX. */
  untold(instance: InstanceId): Promise<readonly Job[]>

  /** Whoever is to hear of it has been told that a job ended. */
  told(job: JobId): Promise<void>

  /** Keeps that something happened; of several that are the same but for their time, the one that was raised last. */
  raise(instance: InstanceId, event: KeptEvent): Promise<void>

  /** Returns what happened, as far as it was kept. */
  raised(instance: InstanceId): Promise<readonly KeptEvent[]>

  /** Adds lines to the log of a run; of a long log, the oldest lines go. */
  log(job: JobId, run: number, lines: readonly NewLogLine[]): Promise<void>

  /** Returns lines of the log of a job, the oldest first, over all its runs. */
  readLog(job: JobId, range: LogRange): Promise<readonly LogLine[]>

  /**
   * Forgets jobs that ended before a time, with their runs and logs, but of each step of each plan the last one that was
   * done, that errored and that was cancelled; returns how many.
   */
  prune(instance: InstanceId, endedBeforeMs: number): Promise<number>
}

export interface Claim {
  readonly instance: InstanceId
  readonly worker: string
  /** What the worker knows how to do. */
  readonly kinds: readonly string[]
  readonly nowMs: number
  readonly leaseMs: number
  /** Workers that are known to have ended: what they left is taken over before its lease lapses. */
  readonly ended?: readonly string[]
}

/** Something that happened, and what was said of it. */
export interface KeptEvent extends RaisedEvent {
  readonly about: Json | undefined
}

export interface LeaseOf {
  readonly job: JobId
  readonly worker: string
  /** The lease lasts until then. */
  readonly untilMs: number
}

export interface AbandonedJob {
  readonly job: Job
  /** What its worker noted last; `undefined`: it began nothing. */
  readonly note: RunNote | undefined
}

/** How a run ended, and what becomes of the job. */
export interface Settlement {
  readonly nowMs: number
  readonly outcome: RunOutcome
  readonly result: JobResult | undefined
  /** `again`: queued anew, due at `dueMs`; what counts as failure or as interruption follows from `outcome`. */
  readonly next:
    { readonly state: Exclude<JobState, 'queued' | 'running'> } | { readonly again: true; readonly dueMs: number }
}

export interface JobFilter {
  readonly instance: InstanceId
  readonly states?: readonly JobState[]
  readonly kinds?: readonly string[]
  readonly plan?: string
  readonly step?: string
  /** Only jobs added before this one: where the last page ended. */
  readonly before?: JobId
  /** 1..JOBS_PER_PAGE_MAX. */
  readonly limit: number
}

export const JOBS_PER_PAGE_MAX = 1000
/** Lines that are kept of each run. */
export const LOG_LINES_MAX = 1000

export interface JobPage {
  readonly jobs: readonly Job[]
  /** `before` of the next page; `undefined` when this was the last. */
  readonly next: JobId | undefined
}

export interface NewLogLine {
  readonly timeMs: number
  readonly from: LogSource
  readonly text: string
}

export interface LogRange {
  /** Only this run. */
  readonly run?: number
  /** Only lines after this one: where the last page ended. */
  readonly after?: { readonly run: number; readonly number: number }
  readonly limit: number
}
