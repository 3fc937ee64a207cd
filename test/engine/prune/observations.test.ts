import { afterAll, expect, test } from 'vitest'
import type { InstanceId, ObjectId, RealmId, RunId } from '../../../src/base/ids.ts'
import { readObservations, writeObservations } from '../../../src/engine/prune/observation-file.ts'
import { Observations } from '../../../src/engine/prune/observations.ts'
import type { RunRecord } from '../../../src/format/records.ts'
import { closeSharedPool, EngineFixture } from '../../support/engine-fixture.ts'

afterAll(closeSharedPool)

const GRACE = 1000
const mark = 'aa'.repeat(32) as ObjectId
const dead = 'dd'.repeat(32) as ObjectId
const at = (nowMs: number): { nowMs: number; graceMs: number } => ({ nowMs, graceMs: GRACE })

function run(number: number, counter = 0): RunRecord {
  const id = `${number}`.padStart(32, '0') as RunId
  return { run: id, instance: 'ee'.repeat(16) as InstanceId, counter, started: { seconds: 0, nanoseconds: 0 } }
}

/** Looks at the runs at several times, having seen the mark at 0. */
function watched(looks: readonly (readonly [number, readonly RunRecord[]])[]): Observations {
  const seen = new Observations(undefined, 0)
  seen.sawMark(mark, 0)
  for (const [nowMs, runs] of looks) seen.lookAtRuns(runs, at(nowMs))
  return seen
}

test('a mark is due a grace after it was seen, with a look half a grace before', () => {
  expect(watched([]).isDue(mark, at(5000))).toBe(false)
  expect(watched([[400, []]]).isDue(mark, at(1000))).toBe(false)
  expect(watched([[500, []]]).isDue(mark, at(999))).toBe(false)
  expect(watched([[500, []]]).isDue(mark, at(1000))).toBe(true)
  expect(watched([[900, []]]).isDue(mark, at(1300))).toBe(false)
  expect(watched([[900, []]]).isDue(mark, at(1400))).toBe(true)
  expect(new Observations(undefined, 0).isDue(mark, at(5000))).toBe(false)
})

test.each([
  [
    'seen before the mark and after it',
    [
      [0, [run(1)]],
      [500, [run(1, 1)]],
      [1000, []],
    ],
    1999,
    2000,
  ],
  [
    'seen once, in the first half of the grace',
    [
      [100, [run(1)]],
      [500, []],
      [1000, []],
    ],
    1499,
    1500,
  ],
  [
    'seen first at the first look after half a grace',
    [
      [600, [run(1)]],
      [1000, []],
    ],
    1999,
    2000,
  ],
] as const)('a run %s is waited for, and a grace more after its end was seen', (_, looks, before, after) => {
  const seen = watched(looks)
  expect(seen.isDue(mark, at(before))).toBe(false)
  expect(seen.isDue(mark, at(after))).toBe(true)
})

test('a run that was not there at a look half a grace after the mark has seen the mark', () => {
  expect(
    watched([
      [500, []],
      [600, [run(1)]],
      [1000, [run(1, 1)]],
    ]).isDue(mark, at(1000)),
  ).toBe(true)
})

test('a counter that stands still for a grace is an end, until it moves again', () => {
  const looks: [number, RunRecord[]][] = [
    [0, [run(1)]],
    [600, [run(1)]],
    [1000, [run(1)]],
  ]
  expect(watched(looks).awaitedBy({ firstMs: 0, lookedLaterMs: 600 }, at(1999)).length).toBe(1)
  expect(watched(looks).isDue(mark, at(2000))).toBe(true)
  looks.push([1500, [run(1, 1)]])
  expect(watched(looks).isDue(mark, at(9000))).toBe(false)
})

test('of two records of one run, the higher counter counts', () => {
  const seen = watched([
    [0, [run(1, 1), run(1, 0)]],
    [600, [run(1, 2), run(1, 1)]],
    [1100, [run(1, 2)]],
  ])
  expect(seen.runs.get(run(1).run)).toMatchObject({ counter: 2, counterMs: 600, endedMs: undefined })
})

test('a run that shows again after it was not listed lives', () => {
  const seen = watched([
    [0, [run(1)]],
    [300, []],
    [500, [run(1, 1)]],
  ])
  expect(seen.runs.get(run(1).run)?.endedMs).toBeUndefined()
})

test('what was seen is kept for the next invocation, and a clock that was set back makes nothing older', async () => {
  const f = await EngineFixture.create()
  const cache = f.openCache()
  expect(readObservations(cache)).toBeUndefined()
  const seen = watched([
    [0, [run(1)]],
    [700, [run(2)]],
  ])
  seen.sawDead(dead, 800)
  seen.unindexed.set(mark, { realm: '0c'.repeat(12) as RealmId, firstMs: 750 })
  seen.lookAtIndexes(new Set([mark, dead]), new Set([dead]), 760)
  writeObservations(cache, seen)
  const kept = new Observations(readObservations(cache), 5000)
  expect(kept).toEqual(seen)
  const back = new Observations(readObservations(cache), 100)
  expect(back.marks.get(mark)).toEqual({ firstMs: 0, lookedLaterMs: 100 })
  expect(back.dead.get(dead)).toBe(100)
  expect(back.lastLookMs).toBe(100)
  expect(back.runs.get(run(1).run)).toMatchObject({ counterMs: 0, endedMs: 100 })
})
