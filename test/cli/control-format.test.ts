import { describe, expect, test } from 'vitest'

import {
  checkCancelled,
  checkResumed,
  missedOf,
  sayNoJobs,
  standingOf,
  stateOf,
  tookOf,
} from '../../src/cli/control-format.ts'
import type { JobDetailDocument, JobDocument } from '../../src/service/control/documents.ts'

const QUEUED: JobDocument = {
  ...{ id: 17, command: 'backup', plan: 'home', step: 'incremental', repository: '/srv/a', state: 'queued' },
  ...{ waitsForUnlock: null, added: '2026-01-01T00:00:00Z', due: '2026-01-01T00:00:00Z', started: null },
  ...{ finished: null, runs: 0, failures: 0, cancelRequested: false, exitCode: null, error: null, progress: null },
}
const NOW_MS = Date.parse('2026-01-01T00:10:00Z')
const STARTED = '2026-01-01T00:05:00Z'

test('a job takes time while it runs, up to its end, and none while it waits', () => {
  expect(tookOf(QUEUED, NOW_MS)).toBe('')
  expect(tookOf({ ...QUEUED, started: STARTED, failures: 1 }, NOW_MS)).toBe('')
  expect(tookOf({ ...QUEUED, state: 'running', started: STARTED }, NOW_MS)).toBe('5 min 00 s')
  const done: JobDocument = { ...QUEUED, state: 'done', started: STARTED, finished: '2026-01-01T00:06:00Z' }
  expect(tookOf(done, NOW_MS)).toBe('1 min 00 s')
})

test('a job that did not do all that it should is not shown as done', () => {
  const done: JobDetailDocument = { ...QUEUED, state: 'done', exitCode: 3, words: [], summary: null, history: [] }
  expect(stateOf(done)).toBe('done in part')
  expect(standingOf(done)).toBe('see `tidemark job show 17`')
  expect(missedOf(done)).toBe('its log says what')
  expect(missedOf({ ...done, summary: { troubles: { missing: 1, 'io-error': 2000, other: 3 } } })).toBe(
    '1 named to be backed up and not there; 2,000 not readable: the disk or file system failed; 3 other',
  )
  const whole = { ...done, exitCode: 0, summary: { troubles: { missing: 1 } } }
  expect([stateOf(whole), standingOf(whole), missedOf(whole)]).toEqual(['done', '', ''])
})

describe('what cannot be done to a job is refused', () => {
  test.each(['done', 'errored'] as const)('one that is %s is not cancelled', (state) => {
    expect(() => checkCancelled({ ...QUEUED, state })).toThrow(`job 17 has ended (${state})`)
  })

  test.each(['done', 'running'] as const)('one that is %s is not resumed', (state) => {
    expect(() => checkResumed({ ...QUEUED, state })).toThrow('job 17')
  })

  test('all else is done', () => {
    checkCancelled({ ...QUEUED, state: 'cancelled' })
    checkCancelled({ ...QUEUED, state: 'running', cancelRequested: true })
    checkResumed(QUEUED)
  })
})

test('a list without jobs says whether there are none at all, and of which plans there could be', () => {
  const plans = [{ name: 'home' }]
  expect(sayNoJobs({}, [])).toBe('There are no jobs.')
  expect(sayNoJobs({ state: 'errored' }, [])).toBe('There is no such job.')
  expect(sayNoJobs({ plan: 'home' }, plans)).toBe('There is no such job.')
  expect(() => sayNoJobs({ plan: 'hone' }, plans)).toThrow('there is no plan "hone"')
})
