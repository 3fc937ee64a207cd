import { Cron } from 'croner'

import { calendarOf } from '../../engine/forget/calendar.ts'
import { FIRST_HOUR } from '../plans/explain-trigger.ts'
import type { EventTrigger, RaisedEvent, TimeTrigger, Trigger, Window } from '../plans/plan.ts'
import { windowMinutes } from '../plans/time-text.ts'
import { spread } from './spread.ts'

/** When something fires: moments in milliseconds since 1970, in order. */
export interface Firings {
  /** Returns the first one after a moment, or `undefined` when there is none, or none that is known yet. */
  next(afterMs: number): number | undefined
  /** Returns the last one at a moment or before. */
  latest(untilMs: number): number | undefined
}

export interface FiringsContext {
  /** IANA name of the zone whose clocks count. */
  readonly timeZone: string
  /** Spreads what may happen at any moment of a window. */
  readonly seed: string
  readonly raised: readonly RaisedEvent[]
}

const HOUR_MS = 3_600_000
/** Openings of a window, one a day, that are tried for a firing; it is among the first two unless clocks change. */
const OPENINGS_MAX = 100

/** Returns when a trigger fires. */
export function firingsOf(trigger: Trigger, context: FiringsContext): Firings {
  switch (trigger.kind) {
    case 'event':
    case 'path':
    case 'volume':
    case 'boot':
      return momentFirings(context.raised.filter(({ event }) => isSame(event, trigger)).map(({ atMs }) => atMs))
    default:
      return timeFirings(trigger, context)
  }
}

/** Returns when any of several fires. */
export function anyOf(all: readonly Firings[]): Firings {
  const known = (moments: readonly (number | undefined)[]): number[] => moments.filter((ms) => ms !== undefined)
  return {
    next: (afterMs) => least(known(all.map((each) => each.next(afterMs)))),
    latest: (untilMs) => greatest(known(all.map((each) => each.latest(untilMs)))),
  }
}

/** Fires at these moments alone. */
export function momentFirings(moments: readonly number[]): Firings {
  return {
    next: (afterMs) => least(moments.filter((ms) => ms > afterMs)),
    latest: (untilMs) => greatest(moments.filter((ms) => ms <= untilMs)),
  }
}

/** A window of every day, by the clocks of a zone. */
export interface ZonedWindow {
  isOpen(ms: number): boolean
  readonly openings: Firings
  readonly closings: Firings
}

export function zonedWindow(window: Window, timeZone: string): ZonedWindow {
  const calendar = calendarOf(timeZone)
  return {
    isOpen: (ms) => {
      const { hour, minute } = calendar.at(ms)
      const sinceOpening = hour * 60 + minute - window.fromMinute
      return (sinceOpening + 24 * 60) % (24 * 60) < windowMinutes(window)
    },
    openings: clockFirings(atMinute(window.fromMinute), timeZone),
    closings: clockFirings(atMinute(window.toMinute), timeZone),
  }
}

function timeFirings(trigger: TimeTrigger, { timeZone, seed }: FiringsContext): Firings {
  switch (trigger.kind) {
    case 'hourly':
      return within(trigger.window, timeZone, everyMs(HOUR_MS, seed))
    case 'every':
      return within(trigger.window, timeZone, everyMs(trigger.ms, seed))
    case 'daily':
      return clockFirings(`${momentIn(trigger.window, seed).clock} * * *`, timeZone)
    case 'weekly': {
      const { clock, daysLater } = momentIn(trigger.window, seed)
      return clockFirings(`${clock} * * ${(trigger.weekday + daysLater) % 7}`, timeZone)
    }
    case 'monthly':
      return clockFirings(`${momentIn(trigger.window, seed).clock} ${dayOf(trigger.day)} * *`, timeZone)
    case 'time':
      return clockFirings(atMinute(trigger.minute), timeZone)
    case 'moment':
      return clockFirings(trigger.at, timeZone)
    case 'cron':
      return clockFirings(trigger.expression, trigger.timeZone ?? timeZone)
  }
}

/** A moment in a window that is the same every day: as seconds, minutes and hours of cron. */
function momentIn(window: Window = FIRST_HOUR, seed: string): { readonly clock: string; readonly daysLater: number } {
  const second = window.fromMinute * 60 + spread(seed, windowMinutes(window) * 60)
  const [hours, minutes, seconds] = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60]
  return { clock: `${seconds} ${minutes} ${hours % 24}`, daysLater: Math.floor(hours / 24) }
}

function atMinute(minute: number): string {
  return `0 ${minute % 60} ${Math.floor(minute / 60)} * * *`
}

function dayOf(day: number | 'last'): string {
  return day === 'last' ? 'L' : `${day}`
}

/**
 * Fires as a cron expression says, or once at a moment of ISO 8601. A time that clocks leave out counts as the first
 * one behind the gap, and one that they show twice as the first of both: croner's rule for fixed times.
 */
export function clockFirings(pattern: string, timeZone: string): Firings {
  const cron = cronOf(pattern, timeZone)
  return {
    // Both speak of whole seconds, and leave the second itself out.
    next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime(),
    latest: (untilMs) => cron.previousRuns(1, new Date(untilMs + 1))[0]?.getTime(),
  }
}

/**
 * Patterns that were used lately, the last one last: a schedule asks for the same few all the time, and parsing takes the longest of
 * it. Each takes 80 kB, and one with a date is asked for on its day alone.
 */
const crons = new Map<string, Cron>()
const CRONS_MAX = 64

function cronOf(pattern: string, timeZone: string): Cron {
  const key = `${timeZone} ${pattern}`
  const cron = crons.get(key) ?? new Cron(pattern, { timezone: timeZone, fixedTimeRule: 'no-wildcard' })
  crons.delete(key)
  crons.set(key, cron)
  const [oldest] = crons.keys()
  if (crons.size > CRONS_MAX && oldest !== undefined) crons.delete(oldest)
  return cron
}

/** Fires each time so many milliseconds have passed, whatever clocks show: nothing has to be remembered for it. */
function everyMs(periodMs: number, seed: string): Firings {
  const offsetMs = spread(seed, Math.floor(periodMs / 1000)) * 1000
  const latest = (untilMs: number): number => Math.floor((untilMs - offsetMs) / periodMs) * periodMs + offsetMs
  return { latest, next: (afterMs) => latest(afterMs) + periodMs }
}

/** Leaves out what lies outside of a window, which is at least as long as the time between two firings. */
function within(window: Window | undefined, timeZone: string, all: Firings): Firings {
  if (window === undefined) return all
  const daily = zonedWindow(window, timeZone)
  const search = (
    startMs: number,
    find: (ms: number) => number | undefined,
    skipTo: (ms: number) => number | undefined,
  ): number | undefined => {
    let fromMs = startMs
    for (let i = 0; i < OPENINGS_MAX; i++) {
      const found = find(fromMs)
      if (found === undefined || daily.isOpen(found)) return found
      const edge = skipTo(found)
      if (edge === undefined) return undefined
      fromMs = edge - 1
    }
    return undefined
  }
  return {
    next: (afterMs) =>
      search(
        afterMs,
        (ms) => all.next(ms),
        (ms) => daily.openings.next(ms),
      ),
    latest: (untilMs) =>
      search(
        untilMs,
        (ms) => all.latest(ms),
        (ms) => daily.closings.latest(ms),
      ),
  }
}

/** Tells whether an event is the one that a trigger waits for. */
function isSame(event: EventTrigger, trigger: EventTrigger): boolean {
  switch (trigger.kind) {
    case 'event':
      return event.kind === 'event' && event.name === trigger.name
    case 'path':
      return event.kind === 'path' && event.path === trigger.path
    case 'volume':
      return event.kind === 'volume' && event.label === trigger.label
    case 'boot':
      return event.kind === 'boot'
  }
}

function least(moments: readonly number[]): number | undefined {
  return moments.length === 0 ? undefined : moments.reduce((a, b) => Math.min(a, b))
}

/** Returns the greatest of some moments; of none, nothing. */
export function greatest(moments: readonly number[]): number | undefined {
  return moments.length === 0 ? undefined : moments.reduce((a, b) => Math.max(a, b))
}
