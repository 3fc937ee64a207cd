import { expect, test } from 'vitest'

import { healthOf, type RepositoryHealth } from '../../../src/service/application/health.ts'
import { planFindings, type PlanHealth } from '../../../src/service/application/plan-health.ts'
import type { HealthData, JobData, PointData, RepositoryData } from '../../../src/service/application/shown.ts'
import type { Plan } from '../../../src/service/plans/plan.ts'

const DAY_MS = 86_400_000
const NOW_MS = 1_800_000_000_000

function repository(
  changes: Partial<RepositoryHealth> & { readonly points?: readonly PointData[] } = {},
): RepositoryHealth {
  return {
    data: {
      ...{ name: 'home', url: '/r', driver: 'local', isDefault: true, sharesDisk: false, lastTest: undefined },
      state: { kind: 'open', pointCount: 1 },
    },
    points: [{ finishedMs: NOW_MS - DAY_MS, suspect: [] as readonly string[] } as PointData],
    alarms: [],
    checkedMs: NOW_MS - DAY_MS,
    ...changes,
  }
}

function withData(changes: Partial<RepositoryData>): RepositoryHealth {
  const known = repository()
  return { ...known, data: { ...known.data, ...changes } }
}

function pointOf(changes: Partial<PointData>): PointData {
  return { id: 'p', finishedMs: NOW_MS - DAY_MS, suspect: [] as readonly string[], ...changes } as PointData
}

test('health is green only when all was verified, and otherwise says what is worst and where it is mended', () => {
  const of = (...all: readonly RepositoryHealth[]): string => {
    const { color, fix } = healthOf(all, { plans: [], jobs: [], knownLess: new Set(['known']), nowMs: NOW_MS })
    return `${color} ${fix ?? ''}`
  }
  const point = { finishedMs: NOW_MS - DAY_MS, suspect: ['too few files'] as readonly string[] } as PointData
  const { data } = repository()
  expect(of(repository())).toBe('green ')
  expect(of()).toBe('amber drivers')
  expect(of(repository({ checkedMs: undefined }))).toBe('amber check')
  expect(of(repository({ checkedMs: NOW_MS - 40 * DAY_MS }))).toBe('amber check')
  expect(of(repository({ points: [] }))).toBe('amber plans')
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
  expect(healthOf([repository()], { plans: [], jobs: [job], knownLess: new Set(), nowMs: NOW_MS })).toMatchObject({
    color: 'red',
    fix: 'jobs',
  })
  const later: JobData = { ...job, state: 'done', endedMs: NOW_MS }
  expect(
    healthOf([repository()], { plans: [], jobs: [later, job], knownLess: new Set(), nowMs: NOW_MS }),
  ).toMatchObject({
    color: 'green',
  })
})

test('health says how long ago all was verified, and how many points came since', () => {
  const of = (points: readonly Partial<PointData>[], checkedMs: number): string => {
    const known = repository({ points: points.map((each) => ({ suspect: [], ...each })) as PointData[], checkedMs })
    return healthOf([known], { plans: [], jobs: [], knownLess: new Set(), nowMs: NOW_MS }).message
  }
  const checkedMs = NOW_MS - DAY_MS
  const verified = { finishedMs: checkedMs - 1 }
  expect(of([verified], checkedMs)).toBe('all is well, verified 1 d 00 h ago')
  expect(of([verified, { finishedMs: checkedMs + 1 }, { finishedMs: NOW_MS }], checkedMs)).toBe(
    'all is well, verified 1 d 00 h ago; 2 points came since',
  )
})

test('all that is to be mended is told: failures first, then what a password is missing for, a copy elsewhere last', () => {
  const wait = { for: 'unlock', repository: 'nas', job: undefined, untilMs: undefined } as const
  const job = { kind: 'backup', repository: 'nas', state: 'queued', wait } as JobData
  const failed = { kind: 'check', repository: 'home', state: 'errored', endedMs: NOW_MS, outcome: 'no room' } as JobData
  const nas = withData({ name: 'nas', state: { kind: 'locked' } })
  const all = [withData({ sharesDisk: true }), repository({ checkedMs: undefined }), nas]
  const health = healthOf(all, { plans: [], jobs: [job, failed, job], knownLess: new Set(), nowMs: NOW_MS })
  expect([health, ...health.others].map(({ message, fix }) => `${fix ?? ''}: ${message}`)).toEqual([
    'jobs: check failed: no room',
    'unlock: 2 jobs wait until nas is unlocked',
    'check: home was not verified lately',
    'drivers: home lies on the disk of what it keeps: a copy elsewhere is missing',
  ])
})

/** What may be wrong, what is said of it, and what mends it. */
const CAUSES: readonly [string, RepositoryHealth, RegExp, HealthData['fix']][] = [
  ['unverified', repository({ checkedMs: undefined }), /^home was not verified lately$/, 'check'],
  ['verified long ago', repository({ checkedMs: NOW_MS - 36 * DAY_MS }), /not verified lately/, 'check'],
  [
    'no point for long',
    repository({ points: [pointOf({ finishedMs: NOW_MS - 9 * DAY_MS })] }),
    /9 d 00 h old/,
    'plans',
  ],
  ['on the same disk', withData({ sharesDisk: true }), /on the disk of what it keeps/, 'drivers'],
  ['suspect', repository({ points: [pointOf({ suspect: ['all is noise'] })] }), /suspect: all is noise/, 'points'],
  [
    'unreachable',
    withData({ state: { kind: 'unreachable', sinceMs: NOW_MS - DAY_MS, message: 'no route', hint: undefined } }),
    /^home has not been reached for 1 d 00 h: no route$/,
    'drivers',
  ],
  [
    'unreachable by now',
    withData({ state: { kind: 'unreachable', sinceMs: NOW_MS - 100, message: 'no route', hint: undefined } }),
    /^home cannot be reached: no route$/,
    'drivers',
  ],
  ['locked', withData({ state: { kind: 'locked' } }), /^home is locked$/, 'unlock'],
  [
    'covering less',
    repository({ points: [1000, 1000, 1000, 500].map((files) => pointOf({ files, dirs: 0, chain: 'c' })) }),
    /holds 500 entries where there usually are 1,000/,
    'points',
  ],
]

test.each(CAUSES)('a repository that is %s is told with what mends it', (_, known, message, fix) => {
  const health = healthOf([known], { plans: [], jobs: [], knownLess: new Set(), nowMs: NOW_MS })
  expect(health).toMatchObject({ fix, repository: 'home' })
  expect(health.message).toMatch(message)
  expect(health.color).not.toBe('green')
})

test('a plan whose folder is gone, or that breaks its promises, is told before all else', () => {
  const plan = {
    ...{ name: 'nightly', repository: 'home', paused: false },
    promise: { recoveryMs: 3_600_000, noSuccessMs: 2 * DAY_MS },
  } as Plan
  const of = (known: Partial<PlanHealth>): readonly string[] => {
    const whole = { plan, gone: [], lastPointMs: NOW_MS, wouldTakeMs: undefined, ...known }
    return planFindings(whole, NOW_MS).map(({ color, message, fix }) => `${color} ${fix ?? ''}: ${message}`)
  }
  expect(of({})).toEqual([])
  expect(of({ gone: ['/mnt/photos', '/mnt/music'] })).toEqual([
    'red plans: /mnt/photos (and 1 other) is gone, which the plan "nightly" keeps',
  ])
  expect(of({ lastPointMs: NOW_MS - 3 * DAY_MS })).toEqual([
    'red plans: the plan "nightly" promises a point each 2 d 00 h, and the last is 3 d 00 h old',
  ])
  expect(of({ wouldTakeMs: 2 * 3_600_000 })).toHaveLength(1)
  expect(of({ lastPointMs: undefined })).toEqual([])
  expect(of({ plan: { ...plan, paused: true }, gone: ['/mnt'] })).toEqual([])
  const [finding] = planFindings({ plan, gone: ['/mnt'], lastPointMs: undefined, wouldTakeMs: undefined }, NOW_MS)
  const rest = { jobs: [], knownLess: new Set<string>(), nowMs: NOW_MS }
  const locked = withData({ state: { kind: 'locked' } })
  expect(healthOf([locked], { ...rest, plans: [finding!] })).toMatchObject({ color: 'red', fix: 'plans' })
})
