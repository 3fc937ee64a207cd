import { timespecOfMs } from '../base/clock.ts'
import { UsageError } from '../base/errors.ts'
import { formatBytes, formatDuration, formatTime } from '../base/format.ts'
import { shownText } from '../service/application/shown-text.ts'
import type { JobDocument, LogLineDocument } from '../service/control/documents.ts'

/** Returns a time of a document in local time; nothing where there is none. */
export function shownTime(time: string | null): string {
  return time === null ? '' : formatTime(timespecOfMs(Date.parse(time)))
}

/** Returns text of a document, fit for a terminal; nothing where there is none. */
export function shownOf(text: string | null): string {
  return text === null ? '' : shownText(text)
}

/** Returns how long a job took, or takes so far; nothing before it began, and while it waits to be tried again. */
export function tookOf({ state, started, finished }: JobDocument, nowMs: number): string {
  if (started === null || state === 'queued') return ''
  return formatDuration(Math.max(0, (finished === null ? nowMs : Date.parse(finished)) - Date.parse(started)))
}

/** Returns how a job stands, in a few words. */
export function standingOf({ state, waitsForUnlock, error, progress, cancelRequested, failures }: JobDocument): string {
  if (state === 'queued' && waitsForUnlock !== null) {
    return `waits for \`tidemark unlock ${shownText(waitsForUnlock)}\``
  }
  if (state === 'queued') return failures === 0 ? '' : `tried again, ${failures} failed`
  if (state === 'running') {
    if (cancelRequested) return 'is being cancelled'
    return progress === null ? '' : `${shownText(progress.step)}, ${formatBytes(progress.bytesDone)}`
  }
  return error === null ? '' : shownText(error.message)
}

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

export function logLine({ time, from, text }: LogLineDocument): string {
  return `${shownTime(time)} ${from.padEnd(6)} ${shownText(text)}`
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
