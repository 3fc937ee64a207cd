import { formatBytes } from '../../base/format.ts'
import { numberOf } from '../../base/number-of.ts'
import { isDoneInPart } from '../jobs/command-verdict.ts'
import { decodeCommandMessage } from '../jobs/command-message.ts'
import type { Job, JobProgress as Progress, Json } from '../jobs/job.ts'
import type { JobStanding, Wait } from '../jobs/job-standing.ts'
import { ranMsOf } from '../jobs/ran-ms.ts'
import { UsageError } from '../../base/errors.ts'
import type { JobData, JobProgress, Shown, WaitData } from './shown.ts'
import { shownText } from './shown-text.ts'

/** How a job stands, as a process sees it that runs some itself. */
export interface JobStandingHere extends JobStanding {
  /** It runs in this process. */
  readonly isHere: boolean
  /** Of one that runs. */
  readonly progress: (Progress & { readonly bytesPerSecond: number }) | undefined
}

/** Returns a job as faces show it. */
export function showJob(job: Job, standing: JobStandingHere): JobData {
  const words = wordsOf(job)
  const { isHere, left, progress, wait } = standing
  return {
    id: String(job.id),
    kind: shownText(words[0] ?? job.kind),
    plan: job.plan,
    repository: shownText(repositoryOf(words) ?? ''),
    state: job.state,
    queuedMs: job.addedMs,
    startedMs: job.startedMs,
    endedMs: job.finishedMs,
    ranMs: ranMsOf(job, standing),
    attempt: job.runs,
    isHere,
    left,
    wait: wait && showWait(wait),
    progress: progress && showProgress(progress),
    outcome: outcomeOf(job),
    isPartial: isPartial(job),
  }
}

function showWait({ for: reason, repository, job, untilMs }: Wait): WaitData {
  return {
    for: reason,
    repository: repository === undefined ? undefined : shownText(repository),
    job: job === undefined ? undefined : String(job),
    untilMs,
  }
}

/** Tells whether a job is done, but for a part of it. */
export function isPartial({ state, result }: Job): boolean {
  return isDoneInPart(state, result?.exitCode)
}

function showProgress(progress: Progress & { readonly bytesPerSecond: number }): JobProgress {
  const { bytesDone, bytesTotal, itemsDone, itemsTotal, path, step, bytesPerSecond } = progress
  const part = shareOf(bytesDone, bytesTotal) ?? shareOf(itemsDone, itemsTotal)
  return { part, bytesDone, bytesPerSecond, entriesDone: itemsDone, at: shownText(path ?? step) }
}

function shareOf(done: number, total: number | undefined): number | undefined {
  return total === undefined || total === 0 ? undefined : Math.min(1, done / total)
}

/** What came of it, in one line; of one that is to be tried again, what came of it the last time. */
function outcomeOf({ state, result }: Job): Shown | undefined {
  if (result === undefined || state === 'running') return undefined
  const { error, summary } = result
  // What was cancelled ended as it was told to.
  if (error !== undefined && state !== 'cancelled') {
    return shownText(error.hint === undefined ? error.message : `${error.message}. ${error.hint}`)
  }
  return [...figuresOf(summary)].join(', ') || undefined
}

function* figuresOf(summary: Json | undefined): Generator<string> {
  const count = (name: string): number | undefined => {
    const value = isObject(summary) ? summary[name] : undefined
    return typeof value === 'number' ? value : undefined
  }
  const missing = isObject(summary) && isObject(summary['troubles']) ? summary['troubles']['missing'] : undefined
  if (typeof missing === 'number' && missing > 0) yield `${numberOf(missing, 'source')} missing`
  const errors = count('errors') ?? 0
  if (errors > 0) yield `${numberOf(errors, 'entry', 'entries')} failed`
  const stored = count('bytesStored')
  if (stored !== undefined) yield `${formatBytes(stored)} stored`
  const written = count('bytesWritten')
  if (written !== undefined) yield `${formatBytes(written)} written`
  const verified = count('filesVerified') ?? 0
  if (verified > 0) yield `${numberOf(verified, 'file')} verified`
}

/**
 * Returns the point that a restore can be undone from, as it said itself.
 *
 * @throws {UsageError} UNKNOWN_POINT: it made none, or did not come to say so.
 */
export function undoPointOf({ result }: Job): string {
  const undo = isObject(result?.summary) ? result.summary['undo'] : undefined
  if (typeof undo === 'string') return undo
  if (undo === null) {
    throw new UsageError('UNKNOWN_POINT', 'there is nothing to undo: that restore left no point to undo it from', {
      hint: 'It changed nothing, or its log says why there could be none: what it created is to be deleted by hand.',
    })
  }
  throw new UsageError('UNKNOWN_POINT', 'that restore did not come to say what it can be undone from', {
    hint: 'Close its report: undo takes back the last restore then, and shows first which one that is.',
  })
}

function isObject(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns the command line of a job that runs a command; no words where it runs none. */
export function wordsOf({ message }: Job): readonly string[] {
  try {
    return decodeCommandMessage(message).words
  } catch (error) {
    // A job of another kind, or of another version.
    if (error instanceof UsageError) return []
    throw error
  }
}

/** Returns the repository that a command of a job is about. */
export function repositoryOf(words: readonly string[]): string | undefined {
  return valueOf(words, '--repository=')
}

/** Returns the repository that a command copies to. */
export function otherRepositoryOf(words: readonly string[]): string | undefined {
  return words[0] === 'copy' ? valueOf(words, '--to=') : undefined
}

function valueOf(words: readonly string[], option: string): string | undefined {
  return words.find((word) => word.startsWith(option))?.slice(option.length)
}
