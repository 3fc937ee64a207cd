import { expect, test } from 'vitest'

import { type ByteString, byteString, byteStringOf } from '../../../src/base/byte-string.ts'
import { healthOf, type RepositoryHealth } from '../../../src/service/application/health.ts'
import { formOf, mistakesByField, writtenOf } from '../../../src/service/application/plan-form.ts'
import { RateMeter } from '../../../src/service/application/rate-meter.ts'
import type { JobData, PlanForm, PointData } from '../../../src/service/application/shown.ts'
import { shownBytes, shownText } from '../../../src/service/application/shown-text.ts'
import { decodeHandedSecret, encodeHandedSecret } from '../../../src/service/handed-secret.ts'
import type { JobId } from '../../../src/service/jobs/job.ts'
import { decodeSelection, encodeSelection } from '../../../src/service/restore-selection.ts'

test('shown text moves no cursor, turns no direction and has an end', () => {
  expect(shownBytes(byteStringOf('naïve 日本.txt'))).toBe('naïve 日本.txt')
  expect(shownBytes(byteString(Buffer.from('a\u001b]0;title\u0007\r\nb\u009b2J')))).toBe(
    'a\\x1b]0;title\\x07\\x0d\\x0ab\\x9b2J',
  )
  expect(shownBytes(byteStringOf('invoice\u202egpj.exe\u2066\ufeff'))).toBe('invoice\\u202egpj.exe\\u2066\\ufeff')
  expect(shownBytes(byteString(Uint8Array.of(0x66, 0xff)))).toBe('f\\xff')
  expect(shownText('x'.repeat(100_000))).toHaveLength(4096)
  expect(shownText('lone \ud800')).toBe('lone \ufffd')
})

const DAY_MS = 86_400_000
const NOW_MS = 1_800_000_000_000

function repository(
  changes: Partial<RepositoryHealth> & { readonly points?: readonly PointData[] } = {},
): RepositoryHealth {
  return {
    data: {
      ...{ name: 'home', url: '/r', driver: 'local', isDefault: true, sharesDisk: false },
      state: { kind: 'open', pointCount: 1 },
    },
    points: [{ finishedMs: NOW_MS - DAY_MS, suspect: [] as readonly string[] } as PointData],
    alarms: [],
    checkedMs: NOW_MS - DAY_MS,
    ...changes,
  }
}

test('health is green only when all was verified, and otherwise says what is worst and where it is mended', () => {
  const of = (...all: readonly RepositoryHealth[]): string => {
    const { color, fix } = healthOf(all, { jobs: [], knownLess: new Set(['known']), nowMs: NOW_MS })
    return `${color} ${fix ?? ''}`
  }
  const point = { finishedMs: NOW_MS - DAY_MS, suspect: ['too few files'] as readonly string[] } as PointData
  const { data } = repository()
  expect(of(repository())).toBe('green ')
  expect(of()).toBe('amber drivers')
  expect(of(repository({ checkedMs: undefined }))).toBe('amber jobs')
  expect(of(repository({ checkedMs: NOW_MS - 40 * DAY_MS }))).toBe('amber jobs')
  expect(of(repository({ points: [] }))).toBe('amber points')
  expect(of(repository({ points: [{ ...point, suspect: [], finishedMs: NOW_MS - 8 * DAY_MS }] }))).toBe('amber plans')
  expect(of(repository({ data: { ...data, sharesDisk: true } }))).toBe('amber drivers')
  expect(of(repository({ data: { ...data, state: { kind: 'locked' } } }))).toBe('amber unlock')
  expect(of(repository(), repository({ points: [point] }))).toBe('red points')
  expect(of(repository({ alarms: ['the head went back'] }))).toBe('red points')
  const holding = (id: string, files: number): PointData => ({ ...point, suspect: [], id, files, dirs: 10, chain: 'c' })
  const before = [holding('a', 1000), holding('b', 990), holding('c', 1010)]
  expect(of(repository({ points: [...before, holding('d', 960)] }))).toBe('green ')
  expect(of(repository({ points: [...before, holding('d', 900)] }))).toBe('amber points')
  expect(of(repository({ points: [...before, holding('known', 900)] }))).toBe('green ')
  // Another chain is another set of folders.
  expect(of(repository({ points: [...before, { ...holding('d', 9), chain: 'other' }] }))).toBe('green ')
  const job = {
    kind: 'backup',
    repository: 'home',
    state: 'errored',
    endedMs: NOW_MS - 1000,
    outcome: 'no room',
  } as JobData
  expect(healthOf([repository()], { jobs: [job], knownLess: new Set(), nowMs: NOW_MS })).toMatchObject({
    color: 'red',
    fix: 'jobs',
  })
  const later: JobData = { ...job, state: 'done', endedMs: NOW_MS }
  expect(healthOf([repository()], { jobs: [later, job], knownLess: new Set(), nowMs: NOW_MS })).toMatchObject({
    color: 'green',
  })
})

test('health says how long ago all was verified, and how many points came since', () => {
  const of = (points: readonly Partial<PointData>[], checkedMs: number): string => {
    const known = repository({ points: points.map((each) => ({ suspect: [], ...each })) as PointData[], checkedMs })
    return healthOf([known], { jobs: [], knownLess: new Set(), nowMs: NOW_MS }).message
  }
  const checkedMs = NOW_MS - DAY_MS
  const verified = { finishedMs: checkedMs - 1 }
  expect(of([verified], checkedMs)).toBe('all is well, verified 1 d 00 h ago')
  expect(of([verified, { finishedMs: checkedMs + 1 }, { finishedMs: NOW_MS }], checkedMs)).toBe(
    'all is well, verified 1 d 00 h ago; 2 points came since',
  )
})

const FORM: PlanForm = {
  ...{ name: 'nightly', sources: ['/home/ann'], excludes: [], repository: 'home', trigger: '@daily; @boot' },
  ...{ fullEvery: '4 weeks', copyTo: '', verifyPercent: '5%' },
  keep: { last: '', daily: '7', weekly: '', monthly: '12', yearly: '' },
}

test('a plan as a form says it comes back as the same form, with a prune for what it forgets', () => {
  const written = writtenOf(FORM, {})
  expect(written).toEqual({
    ...{ sources: ['/home/ann'], repository: 'home', trigger: ['@daily', '@boot'] },
    steps: [
      { full: '4 weeks' },
      'incremental',
      { verify: '5%' },
      { forget: { 'keep-daily': '7', 'keep-monthly': '12' } },
      { prune: '1 week' },
    ],
  })
  expect(formOf('nightly', written)).toEqual(FORM)
})

test('what a form does not show of a plan stays as it was', () => {
  const before = {
    ...{ sources: ['/srv'], trigger: '@hourly', hooks: { before: 'sync' }, 'exclude-caches': true },
    steps: [
      { incremental: '1 day', between: '1am and 5am' },
      { copy: 'away', after: 'incremental + 1 hour' },
      { forget: { 'keep-daily': 3, 'keep-tag': 'gold' } },
    ],
  }
  const form = { ...formOf('other', before), copyTo: 'elsewhere', keep: { ...FORM.keep, daily: '5', monthly: '' } }
  expect(writtenOf(form, before)).toEqual({
    ...before,
    steps: [
      { incremental: '1 day', between: '1am and 5am' },
      { copy: 'elsewhere', after: 'incremental + 1 hour' },
      { forget: { 'keep-tag': 'gold', 'keep-daily': '5' } },
    ],
  })
  const mistakes = [
    { path: ['other', 'steps', '1', 'copy'], what: 'no such repository' },
    { path: ['other', 'trigger'], what: 'no trigger' },
  ]
  expect(mistakesByField(mistakes, before)).toEqual({ copyTo: 'no such repository', trigger: 'no trigger' })
})

test('a rate is of the last seconds, and begins anew with a step that counts anew', () => {
  const meter = new RateMeter()
  const job = 1 as JobId
  const at = (atMs: number, bytesDone: number): number => {
    return meter.of(job, {
      ...{ step: 'backup', bytesTotal: undefined, itemsDone: 0 },
      ...{ itemsTotal: undefined, path: undefined },
      atMs,
      bytesDone,
    })
  }
  expect(at(0, 0)).toBe(0)
  expect(at(1000, 1000)).toBe(1000)
  expect([2000, 3000, 4000].map((ms) => at(ms, 1000))).toEqual([500, 1000 / 3, 0])
  expect(at(5000, 10)).toBe(0)
})

test('a secret comes out of a pipe as it was put in, and nothing else passes for one', () => {
  const secret = { kind: 'password', bytes: new Uint8Array(Buffer.from('two\nlines\u0000')) } as const
  expect(decodeHandedSecret(encodeHandedSecret(secret))).toEqual(secret)
  for (const text of ['', 'password', 'password\n', 'nothing\nx', '\nx']) {
    expect(() => decodeHandedSecret(Buffer.from(text))).toThrow(/no secret/)
  }
})

test('a selection is read as it was written, names of any bytes among it', () => {
  const selection = {
    selections: [
      { path: byteString(Uint8Array.of(0x2f, 0xff, 0x0a)), overwrite: 'always' as const },
      { path: '/' as ByteString, overwrite: 'never' as const },
    ],
    without: [byteStringOf('/ä')],
  }
  expect(decodeSelection(encodeSelection(selection))).toEqual(selection)
})
