import { expect, test } from 'vitest'

import { missedPromises } from '../../../src/service/daemon/missed-promises.ts'

const DAY_MS = 86_400_000
const PROMISE = { recoveryMs: 1000, noSuccessMs: 3 * DAY_MS }
const KEPT = { sinceMs: 0, lastPointMs: 10 * DAY_MS, wouldTakeMs: 1000, nowMs: 13 * DAY_MS }

test('a promise that is kept to the last moment is not missed, and one that was not given neither', () => {
  expect(missedPromises({ paused: false, promise: PROMISE }, KEPT)).toEqual([])
  const none = { recoveryMs: undefined, noSuccessMs: undefined }
  expect(missedPromises({ paused: false, promise: none }, { ...KEPT, nowMs: 99 * DAY_MS })).toEqual([])
})

test('one that is missed is told with what is so instead', () => {
  expect(
    missedPromises({ paused: false, promise: PROMISE }, { ...KEPT, wouldTakeMs: 1001, nowMs: 14 * DAY_MS }),
  ).toEqual([
    { promise: 'recovery', promisedMs: 1000, actualMs: 1001 },
    { promise: 'no-success-since', promisedMs: 3 * DAY_MS, actualMs: 4 * DAY_MS },
  ])
})

test('a new plan is late once its time has passed, and one that is paused promises no points', () => {
  const fresh = { sinceMs: 12 * DAY_MS, lastPointMs: undefined, wouldTakeMs: undefined }
  const of = (paused: boolean, nowMs: number) =>
    missedPromises({ paused, promise: PROMISE }, { ...fresh, nowMs }).map(({ promise }) => promise)
  expect(of(false, 15 * DAY_MS)).toEqual([])
  expect(of(false, 15 * DAY_MS + 1)).toEqual(['no-success-since'])
  expect(of(true, 99 * DAY_MS)).toEqual([])
})
