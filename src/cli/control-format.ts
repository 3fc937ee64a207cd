import { z } from 'zod'

import { timespecOfMs } from '../base/clock.ts'
import { UsageError } from '../base/errors.ts'
import { formatBytes, formatDuration, formatTime } from '../base/format.ts'
import { formatCount } from '../base/number-of.ts'
import { truncateEnd } from '../base/text-width.ts'
import { logText } from '../service/application/log-text.ts'
import { shownText } from '../service/application/shown-text.ts'
import type { JobDetailDocument, JobDocument, LogLineDocument } from '../service/control/documents.ts'
import { isDoneInPart } from '../service/jobs/command-verdict.ts'
import { OMISSIONS } from './reasons.ts'

/** Returns a time of a document in local time; nothing where there is none. */
export function shownTime(time: string | null): string {
  return time === null ? '' : formatTime(timespecOfMs(Date.parse(time)))
}

/** Returns text of a document, fit for a terminal; nothing where there is none. */
export function shownOf(text: string | null): string {
  return text === null ? '' : shownText(text)
}

/** Returns how long a job ran, or runs so far; nothing before it began, and while it waits to be tried again. */
export function tookOf({ state, ranMs }: JobDocument): string {
  return ranMs === null || state === 'queued' ? '' : formatDuration(ranMs)
}

/** Returns which repository something is about, and which it copies to. */
export function placesOf({ repository, to }: Pick<JobDocument, 'repository' | 'to'>): string {
  return to === null ? shownOf(repository) : `${shownOf(repository)} to ${shownText(to)}`
}

/** Returns how a job stands, in a few words on one line. */
export function standingOf(job: JobDocument): string {
  const { id, state, exitCode, error, progress, cancelRequested, interrupted, goesOn } = job
  if (state === 'queued') return waitText(job)
  if (state === 'running') {
    if (interrupted)
      return goesOn ? 'what ran it is gone; its command goes on' : 'what ran it is gone, and its command has ended'
    if (cancelRequested) return 'is being cancelled'
    return progress === null ? '' : progressText(progress)
  }
  if (isDoneInPart(state, exitCode)) return `see \`tidemark job show ${id}\``
  // What was cancelled ended as it was told to.
  if (error === null || state === 'cancelled') return ''
  return firstLine(error.message)
}

/** Returns what a queued job waits for. */
function waitText({ waitsFor, waitsForUnlock, waitsForJob, due, error, failures }: JobDocument): string {
  switch (waitsFor) {
    case 'unlock':
      return `waits for \`tidemark unlock ${shownOf(waitsForUnlock)}\``
    case 'job':
      return `waits for job ${waitsForJob ?? ''}`
    case 'daemon':
      return 'waits for a daemon'
    case 'time': {
      const when = `next try at ${shownTime(due)}`
      return failures === 0 || error === null ? when : `${when}: ${firstLine(error.message)}`
    }
    default:
      return 'waits for its turn'
  }
}

function firstLine(message: string): string {
  return truncateEnd(shownText(message.split('\n', 1)[0] ?? ''), STANDING_COLUMNS)
}

function progressText({ step, bytesDone }: NonNullable<JobDocument['progress']>): string {
  return bytesDone === 0 ? shownText(step) : `${shownText(step)}, ${formatBytes(bytesDone)}`
}

/** Returns the state of a job; of one that has not done all that it should, or that nobody runs, what it is. */
export function stateOf({
  state,
  exitCode,
  interrupted = false,
}: Pick<JobDocument, 'exitCode'> & { readonly state: string; readonly interrupted?: boolean }): string {
  if (interrupted) return 'interrupted'
  return isDoneInPart(state, exitCode) ? 'done in part' : state
}

/** Returns what a job that was done in part could not read, by its summary; nothing for any other. */
export function missedOf(job: JobDetailDocument): string {
  if (!isDoneInPart(job.state, job.exitCode)) return ''
  const result = partialSummary.safeParse(job.summary)
  const troubles = result.success ? Object.entries(result.data.troubles) : []
  const counts = troubles.map(([reason, count]) => {
    const counted = Object.entries(OMISSIONS).find(([known]) => known === reason)?.[1].counted ?? shownText(reason)
    return `${formatCount(count)} ${counted}`
  })
  return counts.length === 0 ? 'its log says what' : counts.join('; ')
}

/** What there is room for behind the other columns of a list. */
const STANDING_COLUMNS = 60

const partialSummary = z.object({ troubles: z.record(z.string(), z.int().nonnegative()) })

/** Checks that a job that was to be cancelled is, or is about to be. @throws {UsageError} BAD_ARGUMENT: it has ended. */
export function checkCancelled({ id, state, cancelRequested }: JobDocument): void {
  if (state === 'cancelled' || cancelRequested) return
  throw new UsageError('BAD_ARGUMENT', `job ${id} has ended (${state}): there is nothing to cancel`)
}

/** Checks that a job that was to be resumed is queued. @throws {UsageError} BAD_ARGUMENT: it is done, or runs. */
export function checkResumed({ id, state }: JobDocument): void {
  if (state === 'queued') return
  const why = state === 'running' ? 'runs: it need not be resumed' : `has ended (${state}): there is nothing to resume`
  throw new UsageError('BAD_ARGUMENT', `job ${id} ${why}`, {
    hint: 'Only a job that errored or was cancelled is resumed. `tidemark plan run` begins a new one.',
  })
}

/** What is asked of a list of jobs. */
export interface JobsAsked {
  readonly state?: string
  readonly plan?: string
}

/**
 * Returns what is said of a list without any jobs.
 *
 * @throws {UsageError} BAD_ARGUMENT: it is of a plan that is none of `plans`.
 */
export function sayNoJobs({ state, plan }: JobsAsked, plans: readonly { readonly name: string }[]): string {
  if (plan !== undefined && !plans.some(({ name }) => name === plan)) {
    const names = plans.map(({ name }) => shownText(name)).join(', ')
    throw new UsageError('BAD_ARGUMENT', `there is no plan "${shownText(plan)}", and no job of one`, {
      hint: names === '' ? 'The configuration says nothing of plans.' : `There are ${names}.`,
    })
  }
  return state === undefined && plan === undefined ? 'There are no jobs.' : 'There is no such job.'
}

/** Returns a line of a log as people read it. */
export function logLine({ time, from, text }: LogLineDocument): string {
  return `${shownTime(time)} ${from.padEnd(6)} ${shownText(logText(from, text))}`
}

/** Parses the number of a job or a notification. @throws {UsageError} BAD_ARGUMENT */
export function parseNumber(word: string, what: 'job' | 'notification'): number {
  const number = Number(word)
  if (/^\d+$/.test(word) && Number.isSafeInteger(number) && number > 0) return number
  throw new UsageError('BAD_ARGUMENT', `"${shownText(word).slice(0, 40)}" is not the number of a ${what}`, {
    hint: `\`tidemark ${what} list\` shows them.`,
  })
}

/** Parses `--limit`. @throws {UsageError} BAD_ARGUMENT */
export function parseLimit(word: string, max: number): number {
  const limit = Number(word)
  if (/^\d+$/.test(word) && limit > 0 && limit <= max) return limit
  throw new UsageError('BAD_ARGUMENT', `--limit takes a number from 1 to ${max}`, { hint: 'Such as --limit 50.' })
}
