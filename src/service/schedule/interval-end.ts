import { calendarOf } from '../../engine/forget/calendar.ts'
import type { Interval } from '../plans/plan.ts'
import { clockFirings } from './firings.ts'

const MINUTE_MS = 60_000

/**
 * Returns the first moment that lies an interval after another. Days, weeks and months go from date to date, so that a
 * run at 2:10 does not push the one of the next day at 2:05 aside; months end on their last day at the latest.
 */
export function intervalEnd(startMs: number, { count, unit }: Interval, timeZone: string): number {
  if (unit === 'minute') return startMs + count * MINUTE_MS
  if (unit === 'hour') return startMs + count * 60 * MINUTE_MS
  const { year, month, day } = calendarOf(timeZone).at(startMs)
  const date =
    unit === 'month' ? monthsLater(year, month + count, day) : Date.UTC(year, month - 1, day + daysOf(count, unit))
  const midnight = `${new Date(date).toISOString().slice(0, 10)}T00:00:00`
  return clockFirings(midnight, timeZone).next(0) ?? date
}

function daysOf(count: number, unit: 'day' | 'week'): number {
  return unit === 'week' ? 7 * count : count
}

/** Returns a date at 0:00 UTC; `month` may lie beyond 12. */
function monthsLater(year: number, month: number, day: number): number {
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return Date.UTC(year, month - 1, Math.min(day, lastDay))
}
