import { timespecOfMs } from '../../base/clock.ts'
import type { TidemarkError } from '../../base/errors.ts'
import { formatTimestamp } from '../../base/format.ts'
import { otherRepositoryOf, repositoryOf, wordsOf } from '../application/show-job.ts'
import type { DaemonStatus } from '../daemon/daemon.ts'
import type { PlanStatus } from '../daemon/plan-status.ts'
import type { Job, JobId, JobProgress, JobRun, LogLine } from '../jobs/job.ts'
import type { JobStanding, Wait } from '../jobs/job-standing.ts'
import { ranMsOf } from '../jobs/ran-ms.ts'
import type { Unlocked } from '../keys/key-agent.ts'
import type { Notification } from '../notifications/notification.ts'
import { explainTrigger } from '../plans/explain-trigger.ts'
import type {
  JobDetailDocument,
  JobDocument,
  LogLineDocument,
  NotificationDocument,
  PlanDocument,
  StatusDocument,
} from './documents.ts'

/** Returns a moment as documents have it. */
function timeOf(ms: number): string
function timeOf(ms: number | undefined): string | null
function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : formatTimestamp(timespecOfMs(ms))
}

interface Failure {
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
}

function errorOf(error: Failure | undefined): { code: string; message: string; hint: string | null } | null {
  return error === undefined ? null : { code: error.code, message: error.message, hint: error.hint ?? null }
}

export function showJob(job: Job, standing: JobStanding): JobDocument {
  const { progress, left, wait } = standing
  const words = wordsOf(job)
  return {
    id: job.id,
    command: words[0] ?? job.kind,
    plan: job.plan ?? null,
    step: job.step ?? null,
    repository: repositoryOf(words) ?? null,
    to: otherRepositoryOf(words) ?? null,
    state: job.state,
    interrupted: left !== undefined,
    goesOn: left === 'goes-on',
    waitsFor: wait?.for ?? null,
    waitsForUnlock: wait?.repository ?? null,
    waitsForJob: wait?.job ?? null,
    added: timeOf(job.addedMs),
    due: timeOf(job.dueMs),
    started: timeOf(job.startedMs),
    finished: timeOf(job.finishedMs),
    ranMs: ranMsOf(job, standing) ?? null,
    runs: job.runs,
    failures: job.failures,
    cancelRequested: job.cancelRequested,
    exitCode: job.result?.exitCode ?? null,
    error: errorOf(job.result?.error),
    progress: showProgress(progress ?? job.progress),
  }
}

export function showJobDetail(job: Job, runs: readonly JobRun[], standing: JobStanding): JobDetailDocument {
  return {
    ...showJob(job, standing),
    words: [...wordsOf(job)],
    summary: (job.result?.summary ?? null) as JobDetailDocument['summary'],
    history: runs.map(({ number, startedMs, finishedMs, outcome, result }) => ({
      run: number,
      started: timeOf(startedMs),
      finished: timeOf(finishedMs),
      outcome: outcome ?? null,
      exitCode: result?.exitCode ?? null,
      error: errorOf(result?.error),
    })),
  }
}

function showProgress(progress: JobProgress | undefined): JobDocument['progress'] {
  if (progress === undefined) return null
  const { atMs, step, bytesDone, bytesTotal, itemsDone, itemsTotal, path } = progress
  return {
    ...{ time: timeOf(atMs), step, bytesDone, bytesTotal: bytesTotal ?? null },
    ...{ itemsDone, itemsTotal: itemsTotal ?? null, path: path ?? null },
  }
}

/** Returns what a document says of progress. */
export function progressOf(document: JobDocument['progress']): JobProgress | undefined {
  if (document === null) return undefined
  const { time, bytesTotal, itemsTotal, path, ...said } = document
  return {
    ...said,
    atMs: Date.parse(time),
    bytesTotal: bytesTotal ?? undefined,
    itemsTotal: itemsTotal ?? undefined,
    path: path ?? undefined,
  }
}

/** Returns what a document says that a job waits for; `nowMs`: when it was made. */
export function waitOfDocument(
  { waitsFor, waitsForUnlock, waitsForJob, due }: JobDocument,
  nowMs: number,
): Wait | undefined {
  if (waitsFor === null) return undefined
  const dueMs = Date.parse(due)
  return {
    for: waitsFor,
    repository: waitsForUnlock ?? undefined,
    job: (waitsForJob ?? undefined) as JobId | undefined,
    untilMs: dueMs > nowMs ? dueMs : undefined,
  }
}

export function showLine({ run, number, timeMs, from, text }: LogLine): LogLineDocument {
  return { run, line: number, time: timeOf(timeMs), from, text }
}

export function showPlan({ plan, steps, lastPointMs, proof, missed }: PlanStatus): PlanDocument {
  const { name, paused, repository, source, triggers } = plan
  return {
    ...{ name, paused, repository },
    sources: source.kind === 'paths' ? [...source.paths] : [source.command.join(' ')],
    triggers: triggers.map(explainTrigger),
    lastPoint: timeOf(lastPointMs),
    proof: proof === undefined ? null : { ...proofOf(proof), repository: proof.repository },
    missed: [...missed],
    steps: steps.map(({ step, last, doneMs, nextMs }) => ({
      name: step.name,
      kind: step.kind,
      repository: 'repository' in step ? step.repository : repository,
      to: step.kind === 'copy' ? step.to : null,
      lastJob: last?.id ?? null,
      lastState: last?.state ?? null,
      lastExitCode: last?.result?.exitCode ?? null,
      done: timeOf(doneMs),
      next: timeOf(nextMs),
    })),
  }
}

function proofOf({ atMs, wouldTakeMs }: { readonly atMs: number; readonly wouldTakeMs: number }): {
  time: string
  wouldTakeMs: number
} {
  return { time: timeOf(atMs), wouldTakeMs }
}

export function showNotification(notification: Notification): NotificationDocument {
  const { id, state, priority, category, plan, title, message, raisedMs, lastMs, count, resolvedMs } = notification
  return {
    ...{ id, state, priority, category, plan: plan ?? null, title, message, count },
    ...{ raised: timeOf(raisedMs), last: timeOf(lastMs), resolved: timeOf(resolvedMs) },
  }
}

export function showStatus(status: DaemonStatus, unlocked: readonly Unlocked[]): StatusDocument {
  const { configFile, pid, version, plans, jobsRunning, jobsQueued, notificationsActive } = status
  return {
    ...{ pid, version, plans, jobsRunning, jobsQueued, notificationsActive },
    configuration: configFile,
    started: timeOf(status.startedMs),
    locked: [...status.locked],
    unlocked: unlocked.map(({ location, sinceMs }) => ({ location, since: timeOf(sinceMs) })),
    next: timeOf(status.nextMs),
    mistake: showError(status.mistake),
    stopping: status.isStopping,
  }
}

export function showError(
  error: TidemarkError | undefined,
): { code: string; message: string; hint: string | null } | null {
  return errorOf(error)
}
