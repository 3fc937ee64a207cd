import type { CalendarDuration } from '../care-types.ts'

/** The wall clock's reading at some moment in some time zone. */
export interface CalendarTime {
  readonly year: number
  /** 1..12 */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** Hours, days, weeks, months and years as people of one time zone count them. */
export interface Calendar {
  /** Returns what clocks show at a moment. */
  at(ms: number): CalendarTime
  /** Returns the moment that lies so much calendar time before another. */
  before(ms: number, duration: CalendarDuration): number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Calendars by zone: a schedule asks for the same ones all the time, and making one takes longer than all it is asked. */
const calendars = new Map<string, Calendar>()

/** Returns the calendar of an IANA time zone. @throws {RangeError} there is no such zone. */
export function calendarOf(timeZone: string): Calendar {
  const known = calendars.get(timeZone) ?? makeCalendar(timeZone)
  calendars.set(timeZone, known)
  return known
}

function makeCalendar(timeZone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const at = (ms: number): CalendarTime => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
    const field = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    return {
      year: field('year'),
      month: field('month'),
      day: field('day'),
      hour: field('hour'),
      minute: field('minute'),
      second: field('second'),
    }
  }
  const before = (ms: number, { years, months, days, hours }: CalendarDuration): number => {
    const time = at(ms)
    const wanted = { ...time, year: time.year - years, month: time.month - months, day: time.day - days }
    return momentOf(at, wanted) - hours * HOUR_MS
  }
  return { at, before }
}

/** Returns the names of the hour, day, week, month and year that a moment lies in: equal for equal ones alone. */
export function periodsOf(
  time: CalendarTime,
): Readonly<Record<'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly', string>> {
  const yearly = `${time.year}`
  const monthly = `${yearly}-${time.month}`
  const daily = `${monthly}-${time.day}`
  return { yearly, monthly, daily, hourly: `${daily} ${time.hour}`, weekly: isoWeek(time) }
}

/** Weeks begin on Mondays, and one belongs to the year that its Thursday lies in (ISO 8601). */
function isoWeek({ year, month, day }: CalendarTime): string {
  const date = utc({ year, month, day })
  const weekday = (new Date(date).getUTCDay() + 6) % 7
  const thursday = date + (3 - weekday) * DAY_MS
  const ofYear = new Date(thursday).getUTCFullYear()
  return `${ofYear}-W${Math.floor((thursday - utc({ year: ofYear, month: 1, day: 1 })) / (7 * DAY_MS)) + 1}`
}

/** Returns the moment when clocks show `wanted`, whose fields may lie outside their ranges, as `Date` takes them. */
function momentOf(at: Calendar['at'], wanted: CalendarTime): number {
  const shown = utc(wanted)
  // Twice: the offset at the first guess may be that of the other side of a change of clocks.
  let ms = shown
  for (let i = 0; i < 2; i++) ms += shown - utc(at(ms))
  return ms
}

function utc(time: Pick<CalendarTime, 'year' | 'month' | 'day'> & Partial<CalendarTime>): number {
  return Date.UTC(time.year, time.month - 1, time.day, time.hour ?? 0, time.minute ?? 0, time.second ?? 0)
}
