import { isRunning } from '../../base/process-identity.ts'
import { DAEMON_KINDS } from './asked-command.ts'
import type { Job, JobId, JobProgress } from './job.ts'
import { isAbandoned } from './worker-name.ts'

/** How a job stands, beside what its store says. */
export interface JobStanding {
  /** Nobody runs it, though it is kept as running; `undefined` for any other job. */
  readonly left: Left | undefined
  /** What it waits for; `undefined` where it does not. */
  readonly wait: Wait | undefined
  /** Of one that runs: fresher than the store's, if anybody knows. */
  readonly progress: JobProgress | undefined
  readonly nowMs: number
}

/** Of a job whose worker ended without a word: whether the process that it had begun goes on by itself. */
export type Left = 'goes-on' | 'has-ended'

export const WAIT_REASONS = ['daemon', 'unlock', 'job', 'time', 'turn'] as const

/** What a queued job waits for. */
export interface Wait {
  /**
   * `daemon`: nobody is there who runs it; `unlock`: its repository; `job`: another one of its plan; `time`: to be tried
   * again; `turn`: as many run already as run at once, or it is about to begin.
   */
  readonly for: (typeof WAIT_REASONS)[number]
  /** That has to be unlocked, as the configuration names it. */
  readonly repository: string | undefined
  /** That has to end first. */
  readonly job: JobId | undefined
  /** It does not begin before; `undefined` where that is past. */
  readonly untilMs: number | undefined
}

/** Tells whether a job is not over. */
export function isActive({ state }: Job): boolean {
  return state === 'queued' || state === 'running'
}

/** Returns what has become of the process of a job whose worker ended without a word; `undefined` for any other job. */
export function leftOf(job: Job, nowMs: number): Left | undefined {
  if (job.state !== 'running' || !isAbandoned(job, nowMs)) return undefined
  return job.process !== undefined && isRunning(job.process) ? 'goes-on' : 'has-ended'
}

export interface WaitQuestion {
  /** Jobs that are queued or run. */
  readonly active: readonly Job[]
  readonly nowMs: number
  /** Whether somebody is there who runs jobs of plans. */
  readonly hasDaemon: boolean
  /** The repository that has to be unlocked before it can run. */
  readonly lockedFor: string | undefined
}

/** Returns what a job waits for, by the rules of `JobStore.claim`; `undefined` where it is not queued. */
export function waitOf(job: Job, { active, nowMs, hasDaemon, lockedFor }: WaitQuestion): Wait | undefined {
  if (job.state !== 'queued') return undefined
  const untilMs = job.dueMs > nowMs ? job.dueMs : undefined
  const common = { repository: undefined, job: undefined, untilMs }
  if (!hasDaemon && DAEMON_KINDS.some((kind) => kind === job.kind)) return { ...common, for: 'daemon' }
  if (lockedFor !== undefined) return { ...common, for: 'unlock', repository: lockedFor }
  const first = active.find((other) => isBefore(other, job))
  if (first !== undefined) return { ...common, for: 'job', job: first.id }
  return { ...common, for: untilMs === undefined ? 'turn' : 'time' }
}

/** Tells whether a job has to end before another one begins: of one plan only one runs, and a run of a plan keeps its order. */
function isBefore(other: Job, job: Job): boolean {
  if (other.state === 'running') return job.plan !== undefined && other.plan === job.plan
  if (other.state !== 'queued' || other.id >= job.id || job.runOf === undefined) return false
  return other.id === job.runOf || other.runOf === job.runOf
}
