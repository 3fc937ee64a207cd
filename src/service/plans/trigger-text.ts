import { isAbsolute, normalize } from 'node:path'

import { Cron } from 'croner'

import { UsageError } from '../../base/errors.ts'
import { nearestWord } from '../../base/nearest-word.ts'
import type { DayOfMonth, Trigger, Window } from './plan.ts'
import { parseDuration, parseTimeOfDay, parseWindow, windowMinutes } from './time-text.ts'

const TEXT_LENGTH_MAX = 500
const PATH_LENGTH_MAX = 4096
const MINUTE_MS = 60_000
const EVENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const
/** Where a moment of the calendar is asked of a time that nobody can know yet. */
const ANY_MOMENT = new Date(Date.UTC(2026, 0, 1))

/** What stands behind the word of a trigger; every one gives back a trigger or throws a UsageError. */
const PARSERS: Readonly<Record<string, (rest: string, home: string) => Trigger>> = {
  '@hourly': (rest) => atLeast(60, { kind: 'hourly', window: windowOnly(rest) }),
  '@daily': (rest) => ({ kind: 'daily', window: windowOnly(rest) }),
  '@weekly': weekly,
  '@monthly': monthly,
  '@every': every,
  '@at': at,
  '@cron': cron,
  '@event': (rest) => {
    if (EVENT_NAME.test(rest)) return { kind: 'event', name: rest }
    throw wrong(`"${rest}" is not the name of an event`, 'Use letters, digits, ".", "_" and "-", at most 64.')
  },
  '@path': (rest, home) => ({ kind: 'path', path: absolutePath(rest, home) }),
  '@volume': (rest) => {
    if (rest !== '' && !/[/\0]/.test(rest)) return { kind: 'volume', label: rest }
    throw wrong(`"${rest}" is not the label of a volume`, 'Write it like @volume escapepod.')
  },
  '@boot': (rest) => {
    if (rest === '') return { kind: 'boot' }
    throw wrong(`"${rest}" behind @boot means nothing`, 'Write @boot alone.')
  },
}

/**
 * Returns the trigger that a text such as `@daily between 1am and 5am` describes. `home` is what `~/` stands for.
 *
 * @throws {UsageError} BAD_ARGUMENT
 */
export function parseTrigger(text: string, home: string): Trigger {
  const trimmed = text.trim()
  if (trimmed.length > PATH_LENGTH_MAX || (trimmed.length > TEXT_LENGTH_MAX && !trimmed.startsWith('@path'))) {
    throw wrong('a trigger has too many characters', 'Write it like @daily between 1am and 5am.')
  }
  const [, word = '', rest = ''] = /^(\S*)\s*([^]*)$/.exec(trimmed) ?? []
  // An own property: nobody's trigger is `constructor`.
  const parse = Object.hasOwn(PARSERS, word) ? PARSERS[word] : undefined
  if (parse !== undefined) return parse(rest, home)
  const near = nearestWord(word.startsWith('@') ? word : `@${word}`, Object.keys(PARSERS))
  const hint = near === undefined ? `Write one of ${Object.keys(PARSERS).join(', ')}.` : `Is ${near} meant?`
  throw wrong(`"${word}" is no trigger`, hint)
}

/**
 * Returns an absolute path, `~/` being `home`.
 *
 * @throws {UsageError} BAD_ARGUMENT
 */
export function absolutePath(text: string, home: string): string {
  const path = text === '~' || text.startsWith('~/') ? `${home}${text.slice(1)}` : text
  if (isAbsolute(path) && path.length <= PATH_LENGTH_MAX && !path.includes('\0')) {
    // No slash at the end: a folder has one name.
    return normalize(path).replace(/(?<=.)\/+$/, '')
  }
  throw wrong(`"${text.slice(0, 100)}" is not an absolute path`, 'Begin it with / or ~/.')
}

/** Tells whether this machine knows the rules of a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    // What is no IANA name, such as +01:00, follows no change of clocks.
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}

function windowOnly(rest: string): Window | undefined {
  const { head, window } = splitWindow(rest)
  if (head === '') return window
  throw wrong(`"${head}" is not understood`, 'Write a window, such as between 1am and 5am.')
}

function splitWindow(rest: string): { readonly head: string; readonly window: Window | undefined } {
  const at = rest.search(/\bbetween\b/i)
  if (at < 0) return { head: rest.trim(), window: undefined }
  return { head: rest.slice(0, at).trim(), window: parseWindow(rest.slice(at)) }
}

function atLeast(minutes: number, trigger: Extract<Trigger, { kind: 'hourly' | 'every' }>): Trigger {
  if (trigger.window === undefined || windowMinutes(trigger.window) >= minutes) return trigger
  throw wrong('the window is shorter than the time from one run to the next', 'It might never run: make it longer.')
}

function weekly(rest: string): Trigger {
  const { head, window } = splitWindow(rest)
  if (head === '') return { kind: 'weekly', weekday: 0, window }
  const name = /^on\s+([a-z]{3,9}?)s?$/i.exec(head)?.[1]?.toLowerCase()
  const weekday = WEEKDAYS.findIndex((day) => name !== undefined && (day === name || day.slice(0, 3) === name))
  if (weekday >= 0) return { kind: 'weekly', weekday, window }
  throw wrong(`"${head}" names no day of the week`, 'Write it like @weekly on sunday between 1am and 5am.')
}

function monthly(rest: string): Trigger {
  const { head, window } = splitWindow(rest)
  if (window !== undefined && window.fromMinute > window.toMinute && window.toMinute > 0) {
    throw wrong('the window of @monthly passes midnight', 'Let it end at midnight, or begin there.')
  }
  return { kind: 'monthly', day: head === '' ? 1 : dayOfMonth(head), window }
}

function dayOfMonth(head: string): DayOfMonth {
  if (/^on\s+(?:the\s+)?last(?:\s+day)?$/i.test(head)) return 'last'
  const day = Number(/^on\s+(?:the\s+)?(\d{1,2})(?:st|nd|rd|th|\.)?$/i.exec(head)?.[1])
  if (day >= 1 && day <= 28) return day
  throw wrong(`"${head}" names no day that every month has`, 'Write on the 1st to on the 28th, or on the last day.')
}

function every(rest: string): Trigger {
  const { head, window } = splitWindow(rest)
  const ms = parseDuration(head)
  if (ms < MINUTE_MS) throw wrong(`@every ${head} is too often`, 'A minute is the least.')
  return atLeast(ms / MINUTE_MS, { kind: 'every', ms, window })
}

const MOMENT = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?\s*(Z|[+-]\d{2}:\d{2})?$/

function at(rest: string): Trigger {
  const [whole, date, time, seconds = ':00', zone = ''] = MOMENT.exec(rest) ?? []
  if (whole === undefined) return { kind: 'time', minute: parseTimeOfDay(rest) }
  const local = `${date}T${time}${seconds}`
  const ms = Date.parse(`${local}Z`)
  // Of the 30th of February a date is made as well: another one.
  const isReal = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(local)
  if (isReal && !Number.isNaN(Date.parse(`${local}${zone}`))) return { kind: 'moment', at: `${local}${zone}` }
  throw wrong(`there is no moment ${rest}`, 'Write it like @at 2026-12-24 18:00.')
}

function cron(rest: string): Trigger {
  const [, expression = '', zone] = /^([^]*?)(?:\s+in\s+(\S+))?$/.exec(rest) ?? []
  if (zone !== undefined && !isTimeZone(zone)) {
    throw wrong(`"${zone}" is no time zone`, 'Write its IANA name, such as Europe/Berlin.')
  }
  const hint = 'Write five fields, such as @cron 30 2 * * 1-5: minute, hour, day, month, day of the week.'
  // Short forms of the library's own are none of ours.
  if (/[@?]/.test(expression)) throw wrong(`"${expression}" is no cron expression`, hint)
  let fires: boolean
  try {
    fires = new Cron(expression, { mode: '5-or-6-parts', timezone: 'UTC' }).nextRun(ANY_MOMENT) !== null
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^CronPattern: /, '') : String(cause)
    throw wrong(`"${expression}" is no cron expression: ${why}`, hint, cause)
  }
  if (fires) return { kind: 'cron', expression: expression.trim(), timeZone: zone }
  throw wrong(`"${expression}" names no moment that ever comes`, hint)
}

function wrong(message: string, hint: string, cause?: unknown): UsageError {
  return new UsageError('BAD_ARGUMENT', message, { hint, cause })
}
