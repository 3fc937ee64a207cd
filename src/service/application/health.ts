import { formatDuration } from '../../base/format.ts'
import { formatCount, numberOf } from '../../base/number-of.ts'
import { COVERAGE_POINTS, usualIfLess } from '../notifications/conditions.ts'
import type { HealthData, HealthFinding, JobData, PointData, RepositoryData } from './shown.ts'

const DAY_MS = 86_400_000
/** What began so lately has no duration worth saying. */
const JUST_NOW_MS = 60_000
/** Whoever has not backed up for so long has forgotten it. */
const POINT_AGE_MS_MAX = 7 * DAY_MS
/** What nobody read for so long may be damaged by now. */
const CHECK_AGE_MS_MAX = 35 * DAY_MS
/** So many points say what is usual, at least: somebody who tidies up after his first backup is not warned. */
const USUAL_POINTS_MIN = 3
/** A failure that is older is no news, and something later has gone well or told the same. */
const FAILURE_AGE_MS_MAX = DAY_MS

/** What is known of one repository. */
export interface RepositoryHealth {
  readonly data: RepositoryData
  /** Of an open one: its backups, in the order of their making. */
  readonly points: readonly PointData[]
  /** What is suspicious about its records. */
  readonly alarms: readonly string[]
  /** When the last check that found nothing wrong began. */
  readonly checkedMs: number | undefined
}

export interface HealthSurroundings {
  /** What is wrong with plans. */
  readonly plans: readonly HealthFinding[]
  readonly jobs: readonly JobData[]
  /** Points of which somebody has said that they rightly hold less than those before them. */
  readonly knownLess: ReadonlySet<string>
  readonly nowMs: number
}

/** Returns everything in one line: what is worst, or that all was verified. */
export function healthOf(
  repositories: readonly RepositoryHealth[],
  { plans, jobs, knownLess, nowMs }: HealthSurroundings,
): HealthData {
  if (repositories.length === 0) {
    const message = 'nothing is backed up yet: there is no repository'
    return { color: 'amber', message, fix: 'drivers', repository: undefined, others: [] }
  }
  const waiting = waitingJobs(jobs)
  const isTold = ({ fix, repository }: HealthFinding): boolean =>
    fix === 'unlock' && waiting.some((each) => each.repository === repository)
  const findings = [
    ...plans,
    ...failedJobs(jobs, nowMs),
    ...waiting,
    ...repositories
      .flatMap((each) => [...holdingLess(each, knownLess), ...findingsOf(each, nowMs)])
      .filter((each) => !isTold(each)),
    // What may be lost one day weighs less than what does not happen now.
    ...repositories.flatMap(copyMissing),
  ]
  const [worst, ...others] = findings.toSorted((a, b) => weightOf(b) - weightOf(a))
  if (worst === undefined) {
    return { color: 'green', message: wellVerified(repositories, nowMs), fix: undefined, repository: undefined, others }
  }
  return { ...worst, others }
}

/** Nothing is backed up into what is locked, whatever else is wrong with it. */
function weightOf({ color, fix }: HealthFinding): number {
  return color === 'red' ? 2 : fix === 'unlock' ? 1 : 0
}

/** Jobs that a password is missing for. */
function waitingJobs(jobs: readonly JobData[]): HealthFinding[] {
  const names = jobs.flatMap(({ wait }) => (wait?.for === 'unlock' ? (wait.repository ?? []) : []))
  return [...Map.groupBy(names, (name) => name)].map(([repository, { length }]) => {
    const message = `${numberOf(length, 'job')} ${length === 1 ? 'waits' : 'wait'} until ${repository} is unlocked`
    return { color: 'amber', message, fix: 'unlock', repository }
  })
}

function copyMissing({ data: { name, state, sharesDisk } }: RepositoryHealth): HealthFinding[] {
  if (state.kind !== 'open' || sharesDisk !== true) return []
  const message = `${name} lies on the disk of what it keeps: a copy elsewhere is missing`
  return [{ color: 'amber', message, fix: 'drivers', repository: name }]
}

function wellVerified(repositories: readonly RepositoryHealth[], nowMs: number): string {
  const oldest = Math.min(...repositories.map(({ checkedMs }) => checkedMs ?? 0))
  const newer = repositories.flatMap(({ points, checkedMs = 0 }) =>
    points.filter((each) => each.finishedMs > checkedMs),
  )
  const verified = `all is well, verified ${formatDuration(Math.max(0, nowMs - oldest))} ago`
  return newer.length === 0 ? verified : `${verified}; ${numberOf(newer.length, 'point')} came since`
}

/** A command that failed, unless the same went well since. */
function failedJobs(jobs: readonly JobData[], nowMs: number): HealthFinding[] {
  const seen = new Set<string>()
  return jobs.flatMap((job) => {
    const key = `${job.kind} ${job.repository} ${job.plan ?? ''}`
    const isNews = job.endedMs !== undefined && nowMs - job.endedMs < FAILURE_AGE_MS_MAX && !seen.has(key)
    if (job.state === 'done' || job.state === 'errored') seen.add(key)
    if (!isNews || job.state !== 'errored') return []
    const message = `${job.kind} failed: ${job.outcome ?? 'see its log'}`
    return [{ color: 'red', message, fix: 'jobs', repository: job.repository } as const]
  })
}

/** The last point of each chain, where it holds clearly fewer entries than the ones before it: a disk may be missing. */
function holdingLess({ data, points }: RepositoryHealth, known: ReadonlySet<string>): HealthFinding[] {
  return [...Map.groupBy(points, ({ chain }) => chain).values()].flatMap((chain) => {
    const counts = chain.map(({ files, dirs }) => files + dirs)
    const last = chain.at(-1)
    const entries = counts.at(-1) ?? 0
    const before = counts.slice(-1 - COVERAGE_POINTS, -1)
    const usual = before.length < USUAL_POINTS_MIN ? undefined : usualIfLess(entries, before)
    if (last === undefined || usual === undefined || known.has(last.id)) return []
    const message =
      `the last point of ${data.name} holds ${numberOf(entries, 'entry', 'entries')} ` +
      `where there usually are ${formatCount(usual)}`
    return [{ color: 'amber', message, fix: 'points', repository: data.name } as const]
  })
}

function findingsOf({ data, points, alarms, checkedMs }: RepositoryHealth, nowMs: number): HealthFinding[] {
  const { name, state } = data
  const finding = (color: 'amber' | 'red', message: string, fix: HealthFinding['fix']): HealthFinding => {
    return { color, message, fix, repository: name }
  }
  const amber = (message: string, fix: HealthFinding['fix']): HealthFinding => finding('amber', message, fix)
  if (state.kind === 'unreachable') {
    const sinceMs = nowMs - state.sinceMs
    const how = sinceMs < JUST_NOW_MS ? 'cannot be reached' : `has not been reached for ${formatDuration(sinceMs)}`
    return [amber(`${name} ${how}: ${state.message}`, 'drivers')]
  }
  if (state.kind === 'opening') return [amber(`${name} is being opened`, undefined)]
  if (state.kind === 'locked') return [amber(`${name} is locked`, 'unlock')]
  const findings: HealthFinding[] = []
  const [alarm] = alarms
  if (alarm !== undefined) findings.push(finding('red', `${name}: ${alarm}`, 'points'))
  const suspect = points.findLast((point) => point.suspect.length > 0)
  if (suspect !== undefined) {
    const message = `a point of ${name} is suspect: ${suspect.suspect.join('; ')}`
    findings.push(finding('red', message, 'points'))
  }
  const last = points.at(-1)
  if (last === undefined) findings.push(amber(`${name} has no point yet`, 'plans'))
  else if (nowMs - last.finishedMs > POINT_AGE_MS_MAX) {
    findings.push(amber(`the last point of ${name} is ${formatDuration(nowMs - last.finishedMs)} old`, 'plans'))
  }
  if (last !== undefined && (checkedMs === undefined || nowMs - checkedMs > CHECK_AGE_MS_MAX)) {
    findings.push(amber(`${name} was not verified lately`, 'check'))
  }
  return findings
}
