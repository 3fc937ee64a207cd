import { expect, test } from 'vitest'

import { planOf, stepOf, TestDaemon, utc } from './plan-of.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NIGHTLY = ['@at 2:00']
const BERLIN_2AM_IN_MAY = utc('2026-05-10T00:00')

const steps = (daemon: TestDaemon): string[] => daemon.runs.map(({ step }) => step)

test('nothing that would have fired before a plan was seen is missed', () => {
  const daemon = new TestDaemon(planOf(NIGHTLY), { nowMs: utc('2026-05-09T12:00') })
  const { due, lookAgainMs } = daemon.look()
  expect(due).toEqual([])
  expect(lookAgainMs).toBe(BERLIN_2AM_IN_MAY)
})

test('a plan that has no history yet is taken as seen now', () => {
  const daemon = new TestDaemon(planOf(NIGHTLY), { nowMs: BERLIN_2AM_IN_MAY })
  expect(daemon.look().due).toEqual([])
})

test('a step is due when its trigger fires, and not again for the same firing', () => {
  const daemon = new TestDaemon(planOf(NIGHTLY), { nowMs: utc('2026-05-09T12:00') })
  daemon.nowMs = BERLIN_2AM_IN_MAY
  const [due] = daemon.look().due
  expect(due).toEqual({
    plan: 'home',
    step: 'incremental',
    dueMs: BERLIN_2AM_IN_MAY,
    sinceMs: BERLIN_2AM_IN_MAY,
    waitsFor: undefined,
  })
  expect(daemon.work()).toBe(BERLIN_2AM_IN_MAY + DAY_MS)
  expect(daemon.runs).toHaveLength(1)
})

test('weeks without a daemon are caught up by one run, at once and in the order of the plan', () => {
  const plan = planOf(NIGHTLY, {
    steps: [
      stepOf({ kind: 'full' }, { every: { count: 4, unit: 'week' } }),
      stepOf({ kind: 'incremental' }),
      stepOf({ kind: 'copy', to: 'usb' }),
      stepOf({ kind: 'prune', repository: '/srv/backup' }, { every: { count: 1, unit: 'week' } }),
    ],
  })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T12:00') })
  daemon.live(utc('2026-05-12T12:00'))
  expect(steps(daemon)).toEqual(['full', 'copy', 'prune', 'incremental', 'copy', 'incremental', 'copy'])
  daemon.runs.length = 0
  daemon.nowMs = utc('2026-07-01T15:00')
  const again = daemon.work()
  expect(steps(daemon)).toEqual(['full', 'copy', 'prune'])
  expect(daemon.runs.every(({ dueMs }) => dueMs === utc('2026-07-01T00:00'))).toBe(true)
  expect(again).toBe(utc('2026-07-02T00:00'))
})

test('a full point stands for the incremental one of its night, and a full one that failed does not', () => {
  const plan = planOf(NIGHTLY, {
    steps: [stepOf({ kind: 'full' }, { every: { count: 1, unit: 'week' } }), stepOf({ kind: 'incremental' })],
  })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T12:00') })
  daemon.nowMs = BERLIN_2AM_IN_MAY
  daemon.work(HOUR_MS, (step) => step !== 'full')
  expect(steps(daemon)).toEqual(['full', 'incremental'])
  daemon.nowMs = BERLIN_2AM_IN_MAY + DAY_MS
  daemon.work(HOUR_MS)
  expect(steps(daemon)).toEqual(['full', 'incremental', 'full'])
})

test('a step that was cancelled leaves out what was still to be done for its firing, and nothing of the next one', () => {
  const plan = planOf(NIGHTLY, {
    steps: [
      stepOf({ kind: 'full' }, { every: { count: 1, unit: 'week' } }),
      stepOf({ kind: 'incremental' }),
      stepOf({ kind: 'copy', to: 'usb' }),
      stepOf({ kind: 'verify', repository: '/srv/backup', percent: 1 }, { after: { step: 'copy', delayMs: 0 } }),
    ],
  })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T12:00') })
  daemon.nowMs = BERLIN_2AM_IN_MAY
  daemon.start(daemon.look().due[0]!)
  daemon.cancel('full')
  expect(daemon.work()).toBe(BERLIN_2AM_IN_MAY + DAY_MS)
  expect(steps(daemon)).toEqual(['full'])
  daemon.nowMs = BERLIN_2AM_IN_MAY + DAY_MS
  daemon.work(1)
  expect(steps(daemon)).toEqual(['full', 'full', 'copy', 'verify'])
})

test('while a full point is made, no incremental one is due', () => {
  const plan = planOf(['@hourly'], {
    steps: [stepOf({ kind: 'full' }, { every: { count: 1, unit: 'week' } }), stepOf({ kind: 'incremental' })],
  })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T12:00') })
  daemon.nowMs += HOUR_MS
  daemon.start(daemon.look().due[0]!)
  daemon.nowMs += 5 * HOUR_MS
  expect(daemon.look()).toEqual({ due: [], lookAgainMs: undefined })
})

test('steps wait for the one before them, and for one that runs', () => {
  const plan = planOf(NIGHTLY, {
    steps: [
      stepOf({ kind: 'incremental' }),
      stepOf({ kind: 'copy', to: 'usb' }),
      stepOf({ kind: 'prune', repository: '/srv/backup' }),
    ],
  })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T12:00') })
  daemon.nowMs = BERLIN_2AM_IN_MAY
  const waits = (): unknown[] => daemon.look().due.map(({ step, waitsFor }) => [step, waitsFor])
  expect(waits()).toEqual([
    ['incremental', undefined],
    ['copy', 'incremental'],
    ['prune', 'copy'],
  ])
  daemon.start(daemon.look().due[0]!)
  expect(waits()).toEqual([
    ['copy', 'incremental'],
    ['prune', 'copy'],
  ])
  daemon.end('incremental', false)
  expect(waits()).toEqual([
    ['copy', undefined],
    ['prune', 'copy'],
  ])
})

test('a step that is due all the time does not keep those behind it from their turn', () => {
  const plan = planOf(['@every 10 min'], {
    steps: [stepOf({ kind: 'incremental' }), stepOf({ kind: 'copy', to: 'usb' })],
  })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T12:00') })
  daemon.nowMs += HOUR_MS
  for (let i = 0; i < 20; i++) {
    daemon.start(daemon.look().due[0]!)
    daemon.nowMs += HOUR_MS
    daemon.end(daemon.runs.at(-1).step)
  }
  expect(steps(daemon)).toEqual(Array.from({ length: 10 }, () => ['incremental', 'copy']).flat())
})

test('an interval counts dates: a late run does not push the next one aside', () => {
  const plan = planOf(NIGHTLY, { steps: [stepOf({ kind: 'incremental' }, { every: { count: 2, unit: 'day' } })] })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T12:00') })
  daemon.nowMs = BERLIN_2AM_IN_MAY + 5 * HOUR_MS
  daemon.live(BERLIN_2AM_IN_MAY + 6 * DAY_MS, HOUR_MS)
  expect(daemon.runs.map(({ dueMs }) => (dueMs - BERLIN_2AM_IN_MAY) / DAY_MS)).toEqual([0, 2, 4, 6])
})

test('an interval counts from the last success: what failed is tried at the next firing', () => {
  const plan = planOf(NIGHTLY, { steps: [stepOf({ kind: 'incremental' }, { every: { count: 1, unit: 'week' } })] })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T12:00') })
  for (const [night, succeeds] of [true, false, false, true, true].entries()) {
    daemon.nowMs = BERLIN_2AM_IN_MAY + (night === 0 ? 0 : 6 + night) * DAY_MS
    daemon.work(0, () => succeeds)
  }
  expect(daemon.runs.map(({ dueMs }) => (dueMs - BERLIN_2AM_IN_MAY) / DAY_MS)).toEqual([0, 7, 8, 9])
})

test('a month ends on its last day, in leap years too', () => {
  const plan = planOf(['@at 12:00'], { steps: [stepOf({ kind: 'full' }, { every: { count: 1, unit: 'month' } })] })
  const daemon = new TestDaemon(plan, { nowMs: utc('2028-01-30T12:00') })
  daemon.live(utc('2028-05-01'))
  const dates = daemon.runs.map(({ dueMs }) => new Date(dueMs).toISOString().slice(0, 10))
  expect(dates).toEqual(['2028-01-31', '2028-02-29', '2028-03-29', '2028-04-29'])
})

test('an interval of hours is time that passes', () => {
  const plan = planOf(['@hourly'], { steps: [stepOf({ kind: 'incremental' }, { every: { count: 5, unit: 'hour' } })] })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-03-28T12:00') })
  daemon.live(utc('2026-03-30T12:00'))
  const gaps = daemon.runs.slice(1).map(({ dueMs }, i) => dueMs - daemon.runs[i]!.dueMs)
  expect(new Set(gaps)).toEqual(new Set([5 * HOUR_MS]))
  expect(gaps.length).toBeGreaterThan(7)
})

test('a step outside of its window waits until it opens', () => {
  const window = { fromMinute: 22 * 60, toMinute: 60 }
  const plan = planOf(['@at 12:00'], { steps: [stepOf({ kind: 'incremental' }, { window })] })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T09:00') })
  daemon.nowMs = utc('2026-05-09T10:00')
  expect(daemon.look()).toEqual({ due: [], lookAgainMs: utc('2026-05-09T20:00') })
  daemon.nowMs = utc('2026-05-09T22:59')
  expect(daemon.look().due).toHaveLength(1)
  daemon.nowMs = utc('2026-05-09T23:00')
  expect(daemon.look()).toEqual({ due: [], lookAgainMs: utc('2026-05-10T20:00') })
})

test('a step that follows another is due so long after its success, and not after a failure', () => {
  const after = { step: 'incremental', delayMs: 2 * HOUR_MS }
  const plan = planOf(NIGHTLY, {
    steps: [stepOf({ kind: 'incremental' }), stepOf({ kind: 'copy', to: 'usb' }, { after })],
  })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T12:00') })
  daemon.nowMs = BERLIN_2AM_IN_MAY
  daemon.work(HOUR_MS, () => false)
  expect(daemon.look()).toEqual({ due: [], lookAgainMs: BERLIN_2AM_IN_MAY + DAY_MS })
  daemon.nowMs = BERLIN_2AM_IN_MAY + DAY_MS
  expect(daemon.work(HOUR_MS)).toBe(BERLIN_2AM_IN_MAY + DAY_MS + 3 * HOUR_MS)
  daemon.nowMs = BERLIN_2AM_IN_MAY + DAY_MS + 3 * HOUR_MS
  daemon.work()
  expect(steps(daemon)).toEqual(['incremental', 'incremental', 'copy'])
})

test('a step that follows the incremental one follows the full one that stands for it', () => {
  const after = { step: 'incremental', delayMs: 0 }
  const plan = planOf(NIGHTLY, {
    steps: [
      stepOf({ kind: 'full' }, { every: { count: 1, unit: 'week' } }),
      stepOf({ kind: 'incremental' }),
      stepOf({ kind: 'copy', to: 'usb' }, { after }),
    ],
  })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T12:00') })
  daemon.live(utc('2026-05-11T12:00'), HOUR_MS)
  expect(steps(daemon)).toEqual(['full', 'copy', 'incremental', 'copy'])
})

test('an event makes steps due once, however often it was raised before they began, and again when raised meanwhile', () => {
  const daemon = new TestDaemon(planOf(['@event saved', '@at 2:00']), { nowMs: utc('2026-05-09T12:00') })
  const raise = (name: string): void => void daemon.raised.push({ event: { kind: 'event', name }, atMs: daemon.nowMs })
  daemon.nowMs += 1000
  raise('other')
  expect(daemon.look().due).toEqual([])
  raise('saved')
  daemon.nowMs += 1000
  raise('saved')
  daemon.start(daemon.look().due[0]!)
  expect(daemon.look().due).toEqual([])
  daemon.nowMs += 1000
  raise('saved')
  daemon.end('incremental')
  daemon.work()
  expect(daemon.runs.map(({ dueMs }) => dueMs - daemon.sinceMs)).toEqual([2000, 3000])
})

test('path, volume and boot are events of their own', () => {
  const daemon = new TestDaemon(planOf(['@path /srv/www', '@volume escapepod', '@boot']), { nowMs: 1e12 })
  const events = [
    { kind: 'path', path: '/srv/other' },
    { kind: 'volume', label: 'other' },
    { kind: 'event', name: 'boot' },
    { kind: 'path', path: '/srv/www' },
    { kind: 'volume', label: 'escapepod' },
    { kind: 'boot' },
  ] as const
  for (const event of events) {
    daemon.nowMs += 1000
    daemon.raised.push({ event, atMs: daemon.nowMs })
    daemon.work()
  }
  expect(daemon.runs.map(({ dueMs }) => (dueMs - 1e12) / 1000)).toEqual([4, 5, 6])
})

test('nothing of a paused plan is due; afterwards it is caught up once', () => {
  const daemon = new TestDaemon(planOf(NIGHTLY, { paused: true }), { nowMs: utc('2026-05-09T12:00') })
  daemon.nowMs += 10 * DAY_MS
  expect(daemon.look()).toEqual({ due: [], lookAgainMs: undefined })
  const resumed = new TestDaemon(planOf(NIGHTLY), { nowMs: utc('2026-05-09T12:00') })
  resumed.nowMs += 10 * DAY_MS
  resumed.work()
  expect(resumed.runs).toHaveLength(1)
})

test('a clock that was set back repeats no firing that it comes to again', () => {
  const daemon = new TestDaemon(planOf(NIGHTLY), { nowMs: utc('2026-05-09T12:00') })
  daemon.live(BERLIN_2AM_IN_MAY + HOUR_MS)
  daemon.nowMs -= 3 * HOUR_MS
  daemon.live(BERLIN_2AM_IN_MAY + DAY_MS)
  expect(daemon.runs.map(({ dueMs }) => dueMs - BERLIN_2AM_IN_MAY)).toEqual([0, DAY_MS])
})

test('a clock that was years ahead costs one run, and stops nothing', () => {
  const plan = planOf(NIGHTLY, {
    steps: [stepOf({ kind: 'full' }, { every: { count: 1, unit: 'week' } }), stepOf({ kind: 'incremental' })],
  })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T12:00') })
  daemon.live(utc('2026-05-11T12:00'))
  daemon.nowMs = utc('2036-01-01T12:00')
  daemon.work()
  daemon.runs.length = 0
  daemon.nowMs = utc('2026-05-11T13:00')
  daemon.live(utc('2026-05-14T12:00'))
  expect(steps(daemon)).toEqual(['full', 'incremental', 'incremental', 'incremental'])
})

test('a plan first seen while the clock was years ahead runs once, and then as it should', () => {
  const daemon = new TestDaemon(planOf(NIGHTLY), { nowMs: utc('2036-05-09T12:00') })
  daemon.nowMs = utc('2026-05-09T12:00')
  daemon.live(BERLIN_2AM_IN_MAY + DAY_MS + 500)
  expect(daemon.runs.map(({ dueMs }) => (dueMs - BERLIN_2AM_IN_MAY) / DAY_MS)).toEqual([-1, 0, 1])
})

test('a step whose only success is older than all other history keeps its interval', () => {
  const plan = planOf(NIGHTLY, {
    steps: [stepOf({ kind: 'verify', repository: 'usb', percent: 5 }, { every: { count: 6, unit: 'month' } })],
  })
  const daemon = new TestDaemon(plan, { nowMs: utc('2026-05-09T12:00') })
  const dueMs = utc('2026-01-10T01:00')
  daemon.steps.set('verify', { attemptDueMs: dueMs, active: false, success: { dueMs, endedMs: dueMs } })
  expect(daemon.look()).toEqual({ due: [], lookAgainMs: utc('2026-07-10T00:00') })
})
