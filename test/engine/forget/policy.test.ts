import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import type { CalendarDuration, KeepReason, PointVerdict, RetentionPolicy } from '../../../src/engine/care-types.ts'
import { calendarOf } from '../../../src/engine/forget/calendar.ts'
import { judgeChain, keepsAnything } from '../../../src/engine/forget/policy.ts'
import { pointAt } from './points.ts'

const NOW = Date.parse('2026-06-30T12:00:00Z')
const none: CalendarDuration = { years: 0, months: 0, days: 0, hours: 0 }

interface Case {
  readonly times: readonly (string | number)[]
  readonly policy: RetentionPolicy
  readonly timeZone?: string
  readonly nowMs?: number
  /** Tags by place in `times`. */
  readonly tags?: Readonly<Record<number, readonly string[]>>
}

function judged({ times, policy, timeZone = 'UTC', nowMs = NOW, tags = {} }: Case): PointVerdict[] {
  const points = times.map((time, i) => pointAt(time, i + 1, tags[i]))
  return judgeChain(points, { policy, calendar: calendarOf(timeZone), nowMs })
}

/** Returns why each point is kept, by its place in `times`; points that are forgotten are left out. */
function kept(of: Case): Record<number, readonly KeepReason[]> {
  const entries = judged(of).filter(({ keep }) => keep)
  return Object.fromEntries(entries.map(({ point, reasons }) => [point.record.sequence - 1, reasons]))
}

describe('each rule keeps what its name says', () => {
  const days = ['2026-06-24T03:00Z', '2026-06-25T03:00Z', '2026-06-26T03:00Z', '2026-06-27T03:00Z', '2026-06-27T20:00Z']

  test('the last points', () => {
    expect(kept({ times: days, policy: { last: 2 } })).toEqual({ 3: ['last'], 4: ['last', 'newest'] })
  })

  test('the newest point of each of the last days that have one', () => {
    expect(kept({ times: days, policy: { daily: 3 } })).toEqual({ 1: ['daily'], 2: ['daily'], 4: ['daily', 'newest'] })
  })

  test('the newest point of each hour', () => {
    const times = ['2026-06-27T19:59Z', '2026-06-27T20:00Z', '2026-06-27T20:30Z', '2026-06-27T20:59Z']
    expect(kept({ times, policy: { hourly: 2 } })).toEqual({ 0: ['hourly'], 3: ['hourly', 'newest'] })
  })

  test('weeks begin on Monday and go on over the turn of the year', () => {
    // 2025-12-29 was a Monday, and its week is the first of 2026.
    const times = [
      '2025-12-27T12:00Z',
      '2025-12-28T12:00Z',
      '2025-12-29T12:00Z',
      '2025-12-31T12:00Z',
      '2026-01-04T12:00Z',
      '2026-01-05T12:00Z',
    ]
    expect(kept({ times, policy: { weekly: 3 } })).toEqual({ 1: ['weekly'], 4: ['weekly'], 5: ['weekly', 'newest'] })
  })

  test('months and years', () => {
    const times = [
      '2024-05-01T00:00Z',
      '2025-03-31T23:00Z',
      '2025-04-01T01:00Z',
      '2026-01-01T00:00Z',
      '2026-05-31T23:00Z',
    ]
    expect(kept({ times, policy: { monthly: 3 } })).toEqual({
      2: ['monthly'],
      3: ['monthly'],
      4: ['monthly', 'newest'],
    })
    expect(kept({ times, policy: { yearly: 2 } })).toEqual({ 2: ['yearly'], 4: ['yearly', 'newest'] })
  })

  test('where fewer periods have points than are asked for, the oldest point stays as well', () => {
    expect(
      kept({ times: ['2026-06-26T01:00Z', '2026-06-26T02:00Z', '2026-06-26T03:00Z'], policy: { daily: 2 } }),
    ).toEqual({
      0: ['daily', 'oldest'],
      2: ['daily', 'newest'],
    })
    expect(kept({ times: days, policy: { daily: 9 } })[0]).toEqual(['daily'])
  })

  test('all within a duration of the newest', () => {
    const within = { ...none, days: 2 }
    expect(kept({ times: days, policy: { within } })).toEqual({ 3: ['within'], 2: ['within'], 4: ['within', 'newest'] })
    expect(kept({ times: days, policy: { within: { ...none, hours: 17 } } })).toEqual({ 4: ['within', 'newest'] })
    expect(kept({ times: days, policy: { within: { ...none, hours: 18 } } })).toEqual({
      3: ['within'],
      4: ['within', 'newest'],
    })
  })

  test('with a tag', () => {
    expect(kept({ times: days, policy: { tags: ['keep', 'other'] }, tags: { 0: ['keep'], 2: ['no'] } })).toEqual({
      0: ['tag'],
      4: ['newest'],
    })
  })

  test('rules add up, and each point tells all of its reasons', () => {
    expect(kept({ times: days, policy: { last: 1, daily: 2, weekly: 1 } })).toEqual({
      2: ['daily'],
      4: ['last', 'daily', 'weekly', 'newest'],
    })
  })
})

describe('calendars', () => {
  test('a day is a day of the time zone', () => {
    const times = ['2026-06-26T20:00Z', '2026-06-26T23:00Z', '2026-06-27T20:00Z']
    expect(Object.keys(kept({ times, policy: { daily: 2 } }))).toEqual(['1', '2'])
    // In Berlin the second one was made on the 27th, too; the oldest then counts for the day before.
    expect(Object.keys(kept({ times, policy: { daily: 2 }, timeZone: 'Europe/Berlin' }))).toEqual(['0', '2'])
  })

  test('a day on which clocks are changed is one day, and its repeated hour is one hour', () => {
    const times = ['2025-10-25T22:30Z', '2025-10-26T00:30Z', '2025-10-26T01:30Z', '2025-10-26T22:30Z']
    expect(Object.keys(kept({ times, policy: { daily: 1 }, timeZone: 'Europe/Berlin' }))).toEqual(['3'])
    const hours = kept({ times, policy: { hourly: 2 }, timeZone: 'Europe/Berlin' })
    expect(Object.keys(hours)).toEqual(['2', '3'])
  })

  test('months before a moment are calendar months, at the same time of day on both sides of a change of clocks', () => {
    const berlin = calendarOf('Europe/Berlin')
    const before = (time: string, duration: Partial<CalendarDuration>): string => {
      return new Date(berlin.before(Date.parse(time), { ...none, ...duration })).toISOString()
    }
    expect(before('2026-04-15T10:00:00Z', { months: 1 })).toBe('2026-03-15T11:00:00.000Z')
    expect(before('2026-04-15T10:00:00Z', { days: 30 })).toBe('2026-03-16T11:00:00.000Z')
    expect(before('2026-04-15T10:00:00Z', { years: 1, months: 6 })).toBe('2024-10-15T10:00:00.000Z')
    expect(before('2026-03-30T10:00:00Z', { hours: 36 })).toBe('2026-03-28T22:00:00.000Z')
    expect(before('2026-01-01T00:00:00Z', { days: 1 })).toBe('2025-12-31T00:00:00.000Z')
  })
})

describe('points that rules must not harm', () => {
  test('the last point of a chain stays, whatever its date', () => {
    const times = ['2026-06-27T00:00Z', '2026-06-28T00:00Z', '2026-06-01T00:00Z']
    expect(kept({ times, policy: { last: 1 } })).toEqual({ 1: ['last'], 2: ['newest'] })
  })

  test('points dated in the future stay and push out none', () => {
    const times = ['2026-06-28T00:00Z', '2026-06-29T00:00Z', '2099-01-01T00:00Z', '2099-01-02T00:00Z']
    expect(kept({ times, policy: { last: 1, daily: 2 } })).toEqual({
      0: ['daily'],
      1: ['last', 'daily'],
      2: ['future'],
      3: ['newest', 'future'],
    })
    expect(kept({ times, policy: { within: { ...none, hours: 1 } } })).toMatchObject({ 1: ['within'] })
  })

  test('a suspect point and the last one before it stay until somebody acknowledges it', () => {
    const times = ['2026-06-20T00:00Z', '2026-06-21T00:00Z', '2026-06-22T00:00Z', '2026-06-23T00:00Z']
    const policy = { last: 1 }
    expect(kept({ times, policy, tags: { 2: ['suspect'] } })).toEqual({
      1: ['suspect'],
      2: ['suspect'],
      3: ['last', 'newest'],
    })
    expect(kept({ times, policy, tags: { 2: ['acknowledged', 'suspect'] } })).toEqual({ 3: ['last', 'newest'] })
    expect(kept({ times, policy, tags: { 1: ['suspect'], 3: ['suspect'] } })).toMatchObject({ 0: ['suspect'] })
  })
})

test('a policy of nothing but zeros keeps nothing', () => {
  expect(keepsAnything({})).toBe(false)
  expect(keepsAnything({ last: 0, daily: 0, tags: [], within: none })).toBe(false)
  for (const policy of [{ last: 1 }, { yearly: Infinity }, { tags: ['a'] }, { within: { ...none, hours: 1 } }]) {
    expect(keepsAnything(policy)).toBe(true)
  }
})

describe('whatever the points and the policy', () => {
  const count = fc.option(fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant(Infinity)), { nil: undefined })
  const policy: fc.Arbitrary<RetentionPolicy> = fc
    .record({ last: count, hourly: count, daily: count, weekly: count, monthly: count, yearly: count })
    .map((rules) => Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined)))
  const times = fc.array(fc.integer({ min: NOW - 3 * 366 * 86_400_000, max: NOW + 10 * 86_400_000 }), {
    minLength: 1,
    maxLength: 60,
  })
  const timeZone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Apia')

  test('the newest stays, every point is judged once, and a rule keeps no more than it counts', () => {
    fc.assert(
      fc.property(times, policy, timeZone, (all, rules, zone) => {
        const verdicts = judged({ times: all, policy: rules, timeZone: zone })
        expect(verdicts.map(({ point }) => point.record.sequence).sort((a, b) => a - b)).toEqual(
          all.map((_, i) => i + 1),
        )
        expect(verdicts.find(({ point }) => point.record.sequence === all.length)?.keep).toBe(true)
        for (const rule of ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const) {
          const count = verdicts.filter(({ reasons }) => reasons.includes(rule)).length
          expect(count).toBeLessThanOrEqual(rules[rule] ?? 0)
        }
      }),
      { numRuns: 150 },
    )
  })

  test('judging what was kept again forgets nothing, and a wider rule keeps no less', () => {
    fc.assert(
      fc.property(times, policy, timeZone, (all, rules, zone) => {
        const calendar = calendarOf(zone)
        const options = { policy: rules, calendar, nowMs: NOW }
        const first = judgeChain(
          all.map((time, i) => pointAt(time, i + 1)),
          options,
        ).filter(({ keep }) => keep)
        const second = judgeChain(
          first.map(({ point }) => point),
          options,
        )
        expect(second.every(({ keep }) => keep)).toBe(true)
        const wider = judged({ times: all, policy: { ...rules, last: (rules.last ?? 0) + 3 }, timeZone: zone })
        const widely = new Set(wider.filter(({ keep }) => keep).map(({ point }) => point.record.point))
        expect(first.every(({ point }) => widely.has(point.record.point))).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
})
