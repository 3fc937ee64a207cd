import { describe, expect, test } from 'vitest'

import {
  checkCancelled,
  checkResumed,
  logLine,
  missedOf,
  placesOf,
  sayNoJobs,
  standingOf,
  stateOf,
  tookOf,
} from '../../src/cli/control-format.ts'
import type { JobDetailDocument, JobDocument } from '../../src/service/control/documents.ts'

const QUEUED: JobDocument = {
  ...{ id: 17, command: 'backup', plan: 'home', step: 'incremental', repository: '/srv/a', to: null },
  ...{ state: 'queued', interrupted: false, ranMs: null },
  ...{
    goesOn: false,
    waitsFor: 'turn',
    waitsForUnlock: null,
    waitsForJob: null,
    added: '2026-01-01T00:00:00Z',
    due: '2026-01-01T00:00:00Z',
    started: null,
  },
  ...{ finished: null, runs: 0, failures: 0, cancelRequested: false, exitCode: null, error: null, progress: null },
}
const STARTED = '2026-01-01T00:05:00Z'
const FINISHED = '2026-01-01T00:09:00Z'

test('a job takes the time that it ran, and none while it waits', () => {
  expect(tookOf(QUEUED)).toBe('')
  expect(tookOf({ ...QUEUED, started: STARTED, failures: 1, ranMs: 5000 })).toBe('')
  expect(tookOf({ ...QUEUED, state: 'running', started: STARTED, ranMs: 300_000 })).toBe('5 min 00 s')
  expect(tookOf({ ...QUEUED, state: 'done', started: STARTED, finished: FINISHED, ranMs: 60_000 })).toBe('1 min 00 s')
})

test('what a list says of a job fits one line, and what is long is cut', () => {
  const message = `the command "${'x'.repeat(300)}\nsecond line" (before) ended with exit code 1`
  const errored: JobDocument = { ...QUEUED, state: 'errored', error: { code: 'HOOK_FAILED', message, hint: null } }
  expect(standingOf(errored)).toMatch(/^the command "x+…$/)
  expect(standingOf(errored)).toHaveLength(60)
  // It ended as it was told to.
  expect(standingOf({ ...errored, state: 'cancelled' })).toBe('')
})

test('a job whose daemon has ended is not shown as one that goes on', () => {
  const progress = { time: STARTED, step: 'backup', bytesDone: 5, bytesTotal: null, itemsDone: 0, itemsTotal: null }
  const running: JobDocument = { ...QUEUED, state: 'running', started: STARTED, progress: { ...progress, path: null } }
  expect(standingOf(running)).toBe('backup, 5 B')
  const left = { ...running, interrupted: true }
  expect([stateOf(left), standingOf(left)]).toEqual(['interrupted', 'what ran it is gone, and its command has ended'])
  expect(standingOf({ ...left, goesOn: true })).toBe('what ran it is gone; its command goes on')
})

test('a job that waits says what for, and until when', () => {
  expect(standingOf(QUEUED)).toBe('waits for its turn')
  expect(standingOf({ ...QUEUED, waitsFor: 'daemon' })).toBe('waits for a daemon')
  expect(standingOf({ ...QUEUED, waitsFor: 'job', waitsForJob: 12 })).toBe('waits for job 12')
  const locked: JobDocument = { ...QUEUED, waitsFor: 'unlock', waitsForUnlock: 'disk\u001b' }
  expect(standingOf(locked)).toBe('waits for `tidemark unlock disk\\x1b`')
  const error = { code: 'NO_REPOSITORY', message: 'there is no repository at /mnt', hint: null }
  const again: JobDocument = { ...QUEUED, waitsFor: 'time', failures: 1, error, due: '2026-01-01T00:04:00Z' }
  expect(standingOf(again)).toMatch(/^next try at .*:04:00: there is no repository at \/mnt$/)
})

test('a copy is shown with both repositories', () => {
  expect(placesOf(QUEUED)).toBe('/srv/a')
  expect(placesOf({ repository: '/srv/a', to: 'cloud\u001b' })).toBe('/srv/a to cloud\\x1b')
})

test('a log is read in words, and holds nothing that a terminal obeys', () => {
  const line = {
    run: 1,
    line: 1,
    time: STARTED,
    from: 'out',
    text: '{"type":"trouble","path":"/a\\u001b[2J"}',
  } as const
  expect(logLine(line).slice('2026-01-01 00:05:00 '.length)).toBe('out    trouble: path /a\\x1b[2J')
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
