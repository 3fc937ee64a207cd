import { fc } from '../../support/fast-check.ts'
import { expect, test } from 'vitest'

import { nextFirings } from '../../../src/service/schedule/next-firings.ts'
import { planOf, stepOf, TestDaemon, utc } from './plan-of.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Clocks change at night, at midnight, by half an hour, at the other end of the year, and never. */
const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'America/Santiago',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'UTC',
]
const zone = fc.constantFrom(...ZONES)
/** 2028 is a leap year. */
const year = fc.constantFrom(2026, 2027, 2028)

function dateIn(timeZone: string): (ms: number) => string {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
  return (ms) => format.format(ms)
}

/** All dates of a year, whatever clocks do. */
function datesOf(year: number): string[] {
  const dates: string[] = []
  for (let ms = Date.UTC(year, 0, 1); ms < Date.UTC(year + 1, 0, 1); ms += DAY_MS) {
    dates.push(new Date(ms).toISOString().slice(0, 10))
  }
  return dates
}

/** Returns the local dates of the firings that a daemon answers in the course of a year of its zone. */
function firedDates(trigger: string, options: { year: number; timeZone: string; instance: string }): string[] {
  const { year, timeZone, instance } = options
  const daemon = new TestDaemon(planOf([trigger]), { nowMs: utc(`${year - 1}-12-30`), timeZone, instance })
  daemon.live(utc(`${year + 1}-01-02`))
  const late = daemon.runs.filter(({ dueMs, atMs }) => atMs !== dueMs)
  expect(late).toEqual([])
  const date = dateIn(timeZone)
  return daemon.runs.map(({ dueMs }) => date(dueMs)).filter((text) => text.startsWith(`${year}`))
}

const timeOfDay = fc.tuple(fc.nat(23), fc.nat(59)).map(([h, m]) => `${h}:${String(m).padStart(2, '0')}`)
const dailyTrigger = fc.oneof(
  fc.constant('@daily'),
  timeOfDay.map((time) => `@at ${time}`),
  // Most changes of clocks fall into the first hours.
  fc.tuple(fc.nat(3), fc.nat(59)).map(([h, m]) => `@cron ${m} ${h} * * *`),
  fc.tuple(timeOfDay, timeOfDay).map(([from, to]) => (from === to ? '@daily' : `@daily between ${from} and ${to}`)),
)

/** Tests what schedules do over years; `factor` times as often as usual. */
export function testYears(factor: number): void {
  test('what fires daily runs once on every date of a year, in every zone', () => {
    fc.assert(
      fc.property(dailyTrigger, zone, year, fc.uuid(), (trigger, timeZone, inYear, instance) => {
        expect(firedDates(trigger, { year: inYear, timeZone, instance })).toEqual(datesOf(inYear))
      }),
      { numRuns: 6 * factor },
    )
  })

  test('what fires weekly runs once in every week of a year, in every zone', () => {
    const weekdays = ['sunday', 'monday', 'wednesday', 'saturday']
    fc.assert(
      fc.property(fc.nat(3), zone, year, fc.uuid(), (day, timeZone, inYear, instance) => {
        const weekday = [0, 1, 3, 6][day]!
        const trigger = `@weekly on ${weekdays[day]!}`
        const expected = datesOf(inYear).filter((date) => new Date(date).getUTCDay() === weekday)
        expect(firedDates(trigger, { year: inYear, timeZone, instance })).toEqual(expected)
      }),
      { numRuns: 12 * factor },
    )
  })

  test('a weekly window that passes midnight begins on its day', () => {
    fc.assert(
      fc.property(zone, fc.uuid(), (timeZone, instance) => {
        const dates = firedDates('@weekly on saturday between 10pm and 4am', { year: 2026, timeZone, instance })
        expect([52, 53]).toContain(dates.length)
        const days = new Set(dates.map((date) => new Date(date).getUTCDay()))
        expect(days.size).toBe(1)
        expect([6, 0]).toContain([...days][0])
      }),
      { numRuns: 8 * factor },
    )
  })

  test('what fires monthly runs on that day of every month, also on the last one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 29 }), zone, year, fc.uuid(), (day, timeZone, inYear, instance) => {
        const trigger = day === 29 ? '@monthly on the last day' : `@monthly on the ${day}. between 2am and 4am`
        const expected = datesOf(inYear).filter((date, at, all) => {
          return day === 29 ? all[at + 1]?.slice(5, 7) !== date.slice(5, 7) : Number(date.slice(8)) === day
        })
        expect(firedDates(trigger, { year: inYear, timeZone, instance })).toEqual(expected)
      }),
      { numRuns: 40 * factor },
    )
  })

  test.each(['Europe/Berlin', 'Australia/Lord_Howe'])(
    'what fires hourly runs in every hour that passes in %s',
    (timeZone) => {
      const start = utc('2026-03-01')
      const daemon = new TestDaemon(planOf(['@hourly']), { nowMs: start, timeZone })
      daemon.live(start + 60 * DAY_MS)
      const hours = daemon.runs.map(({ dueMs }) => Math.floor((dueMs - start) / HOUR_MS))
      expect(hours).toEqual(Array.from({ length: 60 * 24 }, (_, hour) => hour))
    },
  )

  test('a window leaves out what fires outside of it, on days when clocks change too', () => {
    fc.assert(
      fc.property(zone, fc.constantFrom('@hourly', '@every 25 min'), fc.uuid(), (timeZone, kind, instance) => {
        const start = utc('2026-03-20')
        const daemon = new TestDaemon(planOf([`${kind} between 22:00 and 2:30`]), { nowMs: start, timeZone, instance })
        daemon.live(start + 20 * DAY_MS)
        const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' })
        const times = daemon.runs.map(({ dueMs }) => clock.format(dueMs))
        expect(times.filter((time) => time >= '02:30' && time < '22:00')).toEqual([])
        const periodMs = kind === '@hourly' ? HOUR_MS : 25 * 60_000
        expect(Math.abs(daemon.runs.length - (20 * 4.5 * HOUR_MS) / periodMs)).toBeLessThan(22)
      }),
      { numRuns: 8 * factor },
    )
  })

  /** When a daemon is off: from and to, in hours since the start. */
  const absences = fc.array(fc.tuple(fc.nat(365 * 24), fc.integer({ min: 1, max: 60 * 24 })), { maxLength: 6 })

  test('however a daemon comes and goes over a year, no firing is missed and none is answered twice', () => {
    const triggers = fc.subarray(
      ['@daily between 1am and 5am', '@weekly', '@at 2:30', '@cron 0 1-3 1,15 * *', '@monthly'],
      {
        minLength: 1,
      },
    )
    fc.assert(
      fc.property(triggers, zone, absences, fc.nat(3), (chosen, timeZone, away, runHours) => {
        const start = utc('2027-06-01')
        const end = start + 366 * DAY_MS
        const firings = nextFirings(planOf(chosen), { afterMs: start, timeZone, instance: 'instance', count: 2000 })
        const daemon = new TestDaemon(planOf(chosen), { nowMs: start, timeZone })
        for (const [fromHour, hours] of [...away].sort(([a], [b]) => a - b)) {
          const from = start + fromHour * HOUR_MS
          if (from <= daemon.nowMs) continue
          daemon.live(from, runHours * HOUR_MS)
          daemon.nowMs += hours * HOUR_MS
        }
        daemon.live(Math.max(end, daemon.nowMs), runHours * HOUR_MS)
        const answered = daemon.runs.map(({ dueMs }) => dueMs)

        expect(answered).toEqual([...new Set(answered)].sort((a, b) => a - b))
        const known = new Set(firings)
        expect(answered.filter((ms) => !known.has(ms))).toEqual([])
        for (const firing of firings.filter((ms) => ms <= end)) {
          const answer = daemon.runs.find(({ dueMs }) => dueMs >= firing)
          expect(answer, `nothing answers ${new Date(firing).toISOString()}`).toBeDefined()
          // Whatever lies between a firing and its answer was missed together with it.
          expect(answered.filter((ms) => ms >= firing && ms < answer!.dueMs)).toEqual([])
        }
      }),
      { numRuns: 3 * factor },
    )
  })

  test('however a clock jumps, plans go on, and no jump costs more than one run too many', () => {
    const jump = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: -3 * 365 * 24, max: 3 * 365 * 24 }))
    const triggers = fc.constantFrom('@daily between 1am and 5am', '@every 6h', '@at 2:30', '@weekly')
    fc.assert(
      fc.property(triggers, zone, fc.array(jump, { minLength: 1, maxLength: 5 }), (trigger, timeZone, jumps) => {
        const daemon = new TestDaemon(planOf([trigger]), { nowMs: utc('2030-06-01'), timeZone })
        const firingsSince = (afterMs: number): number[] =>
          nextFirings(daemon.plan, { afterMs, timeZone, instance: 'instance', count: 1000 }).filter(
            (ms) => ms <= daemon.nowMs,
          )
        for (const [days, hours] of [[0, 0] as const, ...jumps]) {
          daemon.nowMs += hours * HOUR_MS
          const from = daemon.nowMs
          const before = daemon.runs.length
          daemon.live(from + days * DAY_MS)
          expect(daemon.runs.length - before).toBeLessThanOrEqual(firingsSince(from).length + 1)
        }
        const from = daemon.nowMs
        const before = daemon.runs.length
        daemon.live(from + 30 * DAY_MS)
        // The first firing may be one that was answered before a clock was set back.
        const [, ...firings] = firingsSince(from)
        const after = daemon.runs.slice(before).map(({ dueMs }) => dueMs)
        expect(after.slice(-firings.length)).toEqual(firings)
        expect(after.length).toBeLessThanOrEqual(firings.length + 1)
      }),
      { numRuns: 6 * factor },
    )
  })

  test('intervals in days and weeks keep their dates through a year of nights', () => {
    fc.assert(
      fc.property(zone, fc.integer({ min: 1, max: 9 }), fc.constantFrom('day', 'week'), (timeZone, count, unit) => {
        const steps = [stepOf({ kind: 'incremental' }, { every: { count, unit } })]
        const daemon = new TestDaemon(planOf(['@daily between 1am and 5am'], { steps }), {
          nowMs: utc('2026-02-01'),
          timeZone,
        })
        daemon.live(utc('2027-02-01'), 2 * HOUR_MS)
        const date = dateIn(timeZone)
        const days = daemon.runs.map(({ dueMs }) => Date.parse(date(dueMs)) / DAY_MS)
        const gaps = new Set(days.slice(1).map((day, at) => day - days[at]!))
        expect([...gaps]).toEqual([unit === 'day' ? count : 7 * count])
      }),
      { numRuns: 6 * factor },
    )
  })

  test('instances that share a window start all over it, each at its own moment', () => {
    const moments = Array.from({ length: 200 }, (_, n) => {
      const nowMs = utc('2026-05-09T12:00')
      const daemon = new TestDaemon(planOf(['@daily between 1am and 5am']), {
        nowMs,
        timeZone: 'UTC',
        instance: `${n}`,
      })
      return (daemon.look().lookAgainMs! - utc('2026-05-10T01:00')) / HOUR_MS
    })
    expect(Math.min(...moments)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...moments)).toBeLessThan(4)
    for (const quarter of [0, 1, 2, 3]) {
      expect(moments.filter((hour) => Math.floor(hour) === quarter).length).toBeGreaterThan(25)
    }
    expect(new Set(moments).size).toBeGreaterThan(190)
  })
}
