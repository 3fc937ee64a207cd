import type { InstanceId } from '../../base/ids.ts'
import type { ProcessIdentity } from '../../base/process-identity.ts'

/** Numbers jobs in the order in which they were added to a store, from 1; never given twice. */
export type JobId = number & { readonly __brand: 'JobId' }

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export const JOB_STATES = ['queued', 'running', 'done', 'errored', 'cancelled'] as const
/** `queued` waits for its time, its turn or a retry; `running` is leased to a worker; the others are ends. */
export type JobState = (typeof JOB_STATES)[number]

/** What a job is asked to do and when; all times are milliseconds since 1970. */
export interface NewJob {
  /** The instance that the job belongs to: one store may serve thousands. */
  readonly instance: InstanceId
  /** Says who understands `message`; open: a worker claims only the kinds that it knows. */
  readonly kind: string
  readonly message: Json
  /** The plan that asked for it, if any: of one plan, no two jobs run at once. */
  readonly plan?: string
  /** The step of the plan, as the plan names it. */
  readonly step?: string
  /** The firing of the schedule that it answers: `DueStep.dueMs`. */
  readonly firingMs?: number
  /** The first job of the run of the plan that it was asked for with: one of a run waits for those that were added before. */
  readonly runOf?: JobId
  /** Given twice, the second job is not added: a schedule that was interrupted may ask again. */
  readonly key?: string
  /** Higher first; 0 unless somebody waits for it. */
  readonly priority?: number
  /** Not before; at once when absent. */
  readonly dueMs?: number
  /** Failures that may pass after which it is tried again; 3 when absent. */
  readonly retriesMax?: number
  /** How long its command may take in one run; without end when absent. */
  readonly timeLimitMs?: number
}

/** A job as a store keeps it. Times are milliseconds since 1970. */
export interface Job {
  readonly id: JobId
  readonly instance: InstanceId
  readonly kind: string
  readonly message: Json
  readonly plan: string | undefined
  readonly step: string | undefined
  readonly firingMs: number | undefined
  readonly runOf: JobId | undefined
  readonly key: string | undefined
  readonly priority: number
  readonly state: JobState
  readonly addedMs: number
  readonly dueMs: number
  /** When its first run began. */
  readonly startedMs: number | undefined
  /** When the run began that is under way, or was taken over. */
  readonly runStartedMs: number | undefined
  /** How long the runs took that ended, together; of one whose worker ended, up to its last word. */
  readonly ranMs: number
  /** When it came to its end. */
  readonly finishedMs: number | undefined
  readonly retriesMax: number
  readonly timeLimitMs: number | undefined
  /** How often it was begun; runs are numbered from 1. */
  readonly runs: number
  /** How many runs failed in a way that may pass. */
  readonly failures: number
  /** How many runs ended because their worker did. */
  readonly interruptions: number
  /** Somebody wants it to end while it runs. */
  readonly cancelRequested: boolean
  /** How far the run is, or its last one was. */
  readonly progress: JobProgress | undefined
  /** What the last run came to. */
  readonly result: JobResult | undefined
  /** Who runs it; only while it is running. */
  readonly lease: JobLease | undefined
  /** The process that does it, as its worker noted last; only while it is running. */
  readonly process: ProcessIdentity | undefined
}

/** Whoever runs a job says so again before `untilMs`, or somebody else takes it over. */
export interface JobLease {
  /** Different for each worker that ever was. */
  readonly worker: string
  readonly untilMs: number
}

/** How far a run is. */
export interface JobProgress {
  readonly atMs: number
  /** What is being done: `backup`, or a step of a command such as `trees`. */
  readonly step: string
  readonly bytesDone: number
  /** `undefined` while nobody knows. */
  readonly bytesTotal: number | undefined
  /** Files, entries or points, as the command counts. */
  readonly itemsDone: number
  readonly itemsTotal: number | undefined
  /** What is worked on, as text. */
  readonly path: string | undefined
}

/** What a run came to. */
export interface JobResult {
  /** Of the command; `undefined` when it was ended by a signal or never began. */
  readonly exitCode: number | undefined
  /** The command's `summary` or document, as docs/json.md has it; `undefined` when it gave none, or too long a one. */
  readonly summary: Json | undefined
  readonly error: JobError | undefined
}

export interface JobError {
  /** Of src/base/errors.ts, `INTERNAL` for a defect, or what a worker adds: `TIME_LIMIT`, `HOOK_FAILED`, `KILLED`, … */
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
}

/** What a worker notes of a run before it does it, so that another can put right what a crash left. */
export interface RunNote {
  /** What is under way: opaque to the store. */
  readonly stage: string
  /** The process that does it, once there is one. */
  readonly process?: ProcessIdentity
}

/** One execution of a job. */
export interface JobRun {
  /** From 1. */
  readonly number: number
  readonly startedMs: number
  /** `undefined` while it runs. */
  readonly finishedMs: number | undefined
  readonly outcome: RunOutcome | undefined
  readonly result: JobResult | undefined
}

export const RUN_OUTCOMES = ['done', 'failed', 'cancelled', 'interrupted'] as const
/** `interrupted`: its worker ended. */
export type RunOutcome = (typeof RUN_OUTCOMES)[number]

/** One line of what a run said. */
export interface LogLine {
  /** From 1 in each run; where the log was too long, the oldest are gone. */
  readonly number: number
  readonly run: number
  readonly timeMs: number
  /** `out`: events of the command; `err`: its messages; `hook`: of the user's own commands; `worker`: what was done about it. */
  readonly from: LogSource
  readonly text: string
}

export const LOG_SOURCES = ['out', 'err', 'hook', 'worker'] as const
export type LogSource = (typeof LOG_SOURCES)[number]
