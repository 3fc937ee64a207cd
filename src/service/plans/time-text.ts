import { UsageError } from '../../base/errors.ts'
import type { Interval, Window } from './plan.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const YEAR_DAYS = 366

const UNITS: readonly { readonly pattern: RegExp; readonly ms: number; readonly unit?: Interval['unit'] }[] = [
  { pattern: /^(?:s|secs?|seconds?)$/, ms: SECOND_MS },
  { pattern: /^(?:min|mins|minutes?)$/, ms: MINUTE_MS, unit: 'minute' },
  { pattern: /^(?:h|hours?)$/, ms: HOUR_MS, unit: 'hour' },
  { pattern: /^(?:d|days?)$/, ms: DAY_MS, unit: 'day' },
  { pattern: /^(?:w|weeks?)$/, ms: 7 * DAY_MS, unit: 'week' },
  { pattern: /^months?$/, ms: NaN, unit: 'month' },
]

const INTERVAL_WORDS: Readonly<Record<string, Interval>> = {
  hourly: { count: 1, unit: 'hour' },
  daily: { count: 1, unit: 'day' },
  weekly: { count: 1, unit: 'week' },
  monthly: { count: 1, unit: 'month' },
}

/**
 * Returns an interval such as `1 day`, `4 weeks`, `6h` or `monthly`; `m` alone is refused, since it could be either.
 *
 * @throws {UsageError} BAD_ARGUMENT
 */
export function parseInterval(text: string): Interval {
  const words = text.trim().toLowerCase()
  const known = INTERVAL_WORDS[words]
  if (known !== undefined) return known
  const match = /^(?:every\s+)?(\d{1,4})?\s*([a-z]+)$/.exec(words)
  const unit = UNITS.find(({ pattern }) => pattern.test(match?.[2] ?? ''))?.unit
  const count = Number(match?.[1] ?? 1)
  if (unit !== undefined && count > 0) return { count, unit }
  throw wrong(text, 'an interval', 'Write a number and minutes, hours, days, weeks or months, such as 1 day or 6h.')
}

/**
 * Returns the milliseconds of a duration such as `90 min`, `2 hours` or `1h 30min`: above 0, at most a year.
 *
 * @throws {UsageError} BAD_ARGUMENT
 */
export function parseDuration(text: string): number {
  const words = text.trim().toLowerCase()
  let ms = /^(?:\d{1,9}\s*[a-z]+[\s,]*)+$/.test(words) && words.length <= 100 ? 0 : NaN
  for (const [, digits, word = ''] of words.matchAll(/(\d+)\s*([a-z]+)/g)) {
    ms += Number(digits) * (UNITS.find(({ pattern }) => pattern.test(word))?.ms ?? NaN)
  }
  if (ms > 0 && ms <= YEAR_DAYS * DAY_MS) return ms
  const hint = 'Write a number and seconds, minutes, hours, days or weeks, such as 90 min or 2 days: at most a year.'
  throw wrong(text, 'a duration', hint)
}

/**
 * Returns the minute since midnight of a time such as `1am`, `1:30 pm`, `13:30`, `noon` or `midnight`.
 *
 * @throws {UsageError} BAD_ARGUMENT
 */
export function parseTimeOfDay(text: string): number {
  const words = text.trim().toLowerCase()
  if (words === 'midnight' || words === '24:00') return 0
  if (words === 'noon') return 12 * 60
  const match = /^(\d{1,2})(?::(\d{2}))?\s*(am|pm)?$/.exec(words)
  const [, hours, minutes, half] = match ?? []
  const hour = Number(hours)
  const minute = Number(minutes ?? 0)
  const isWritten = minutes !== undefined || half !== undefined
  const isHour = half === undefined ? hour <= 23 : hour >= 1 && hour <= 12
  if (!isWritten || !isHour || minute > 59) throw wrong(text, 'a time of day', 'Write it like 1am, 1:30 pm or 13:30.')
  if (half === undefined) return hour * 60 + minute
  return ((hour % 12) + (half === 'pm' ? 12 : 0)) * 60 + minute
}

/**
 * Returns a window such as `1am and 5am`, `between 22:00 and 4:00` or `1am-5am`.
 *
 * @throws {UsageError} BAD_ARGUMENT
 */
export function parseWindow(text: string): Window {
  const [from, to, ...rest] = text.replace(/^\s*between\s+/i, '').split(/\s+and\s+|\s*[-–]\s*/i)
  if (from === undefined || to === undefined || rest.length > 0) {
    throw wrong(text, 'a window', 'Write it like 1am and 5am.')
  }
  const window = { fromMinute: parseTimeOfDay(from), toMinute: parseTimeOfDay(to) }
  if (window.fromMinute !== window.toMinute) return window
  throw wrong(text, 'a window', 'It begins and ends at the same time: leave it out, or make it longer.')
}

/** Returns how many minutes a window has on a day without a change of clocks. */
export function windowMinutes({ fromMinute, toMinute }: Window): number {
  return (toMinute - fromMinute + 24 * 60) % (24 * 60)
}

function wrong(text: string, what: string, hint: string): UsageError {
  return new UsageError('BAD_ARGUMENT', `"${text.slice(0, 100)}" is not ${what}`, { hint })
}
