import { expect, test } from 'vitest'

import { LEASE_MS } from '../../../src/service/jobs/leased-run.ts'
import { ranMsOf } from '../../../src/service/jobs/ran-ms.ts'

const NOW_MS = 1_000_000
const WAITS = { startedMs: 100, runStartedMs: undefined, ranMs: 700, lease: undefined }
const RUNS = { ...WAITS, runStartedMs: NOW_MS - 50_000, lease: { worker: 'w', untilMs: NOW_MS - 40_000 + LEASE_MS } }
const CALM = { left: undefined, nowMs: NOW_MS }

test('how long a job ran is what its runs took, without what it waited for them or between them', () => {
  expect(ranMsOf({ ...WAITS, startedMs: undefined, ranMs: 0 }, CALM)).toBeUndefined()
  expect(ranMsOf(WAITS, CALM)).toBe(700)
  expect(ranMsOf(RUNS, CALM)).toBe(50_700)
})

test('a job that nobody runs any more ran up to the last word of its worker', () => {
  expect(ranMsOf(RUNS, { ...CALM, left: 'goes-on' })).toBe(10_700)
  // A clock that was set back takes nothing away.
  expect(ranMsOf(RUNS, { left: 'has-ended', nowMs: 0 })).toBe(700)
})
