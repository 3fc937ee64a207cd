import { expect, test } from 'vitest'

import { type ByteString, byteString, byteStringOf } from '../../../src/base/byte-string.ts'
import { healthOf, type RepositoryHealth } from '../../../src/service/application/health.ts'
import { RateMeter } from '../../../src/service/application/rate-meter.ts'
import type { JobData, PointData } from '../../../src/service/application/shown.ts'
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
