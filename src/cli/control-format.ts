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

/** Returns how long a job took, or takes so far; nothing before it began. */
export function tookOf({ started, finished }: JobDocument, nowMs: number): string {
  if (started === null) return ''
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
