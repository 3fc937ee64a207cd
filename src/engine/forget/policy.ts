import { msOfTimespec } from '../../base/clock.ts'
import type { PointId } from '../../base/ids.ts'
import { compareWithinChain, type PointInfo } from '../../repository/point-info.ts'
import type { KeepReason, PointVerdict, RetentionPolicy } from '../care-types.ts'
import { type Calendar, periodsOf } from './calendar.ts'
import { isSuspect } from '../tripwire/suspicion.ts'
import { protectedPoints } from './protected-points.ts'

export interface JudgeOptions {
  readonly policy: RetentionPolicy
  readonly calendar: Calendar
  /** This machine's clock. */
  readonly nowMs: number
}

/** So long a person is thought to take to regret a restore. */
const UNDO_KEPT_MS = 30 * 24 * 3_600_000
const PERIODS = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const

/** Tells whether a policy has a rule that keeps something. */
export function keepsAnything(policy: RetentionPolicy): boolean {
  const { last = 0, tags = [] } = policy
  return last > 0 || tags.length > 0 || hasWithin(policy) || PERIODS.some((period) => (policy[period] ?? 0) > 0)
}

/** Tells whether a policy keeps points by their age alone, however many there are. */
export function hasWithin({ within }: RetentionPolicy): boolean {
  return within !== undefined && Object.values(within).some((amount) => amount > 0)
}

/** Tells whether a point is kept for something that the policy asks for. */
export function isOfRule(reason: KeepReason): boolean {
  return reason === 'last' || reason === 'within' || reason === 'tag' || PERIODS.some((period) => period === reason)
}

/**
 * Says of each point of one instance and chain whether a policy keeps it, and why; the newest first.
 *
 * The rules mean what they mean in restic: of each of the last n hours, days, … that have a point, the newest point is
 * kept, and where there are fewer, the oldest point as well. Points dated in the future are kept without counting: a
 * wrong clock, or somebody who forges one, must not push the others out.
 */
export function judgeChain(chain: readonly PointInfo[], options: JudgeOptions): PointVerdict[] {
  const { nowMs } = options
  const sorted = chain.toSorted(compareWithinChain)
  const newest = sorted.at(-1)
  const guarded = protectedPoints(sorted)
  const byTime = sorted.toReversed().toSorted((a, b) => startedMs(b) - startedMs(a))
  const byRules = reasonsByRules(
    byTime.filter((point) => startedMs(point) <= nowMs),
    options,
  )
  return byTime.map((point) => {
    const { point: id } = point.record
    const reasons = [...(byRules.get(id) ?? [])]
    if (point === newest) reasons.push('newest')
    if (startedMs(point) > nowMs) reasons.push('future')
    // Without the suspect point nobody would know why the one before it is kept.
    if (guarded.has(id) || isSuspect(point)) reasons.push('suspect')
    return { point, keep: reasons.length > 0, reasons }
  })
}

/** Says of each point that was made before a restore whether it is kept: for 30 days, whatever the policy; the newest first. */
export function judgeUndoPoints(points: readonly PointInfo[], nowMs: number): PointVerdict[] {
  return points.toReversed().map((point) => {
    const keep = startedMs(point) > nowMs - UNDO_KEPT_MS
    return { point, keep, reasons: keep ? ['undo'] : [] }
  })
}

/** @param points the newest first. */
function reasonsByRules(
  points: readonly PointInfo[],
  { policy, calendar }: JudgeOptions,
): ReadonlyMap<PointId, readonly KeepReason[]> {
  const [first] = points
  const cutMs =
    first === undefined || policy.within === undefined ? Infinity : calendar.before(startedMs(first), policy.within)
  const left = new Map(PERIODS.map((period) => [period, policy[period] ?? 0]))
  const lastOf = new Map<string, string>()
  const all = new Map<PointId, readonly KeepReason[]>()
  points.forEach((point, i) => {
    const reasons: KeepReason[] = []
    let isOnlyOldest = false
    if (i < (policy.last ?? 0)) reasons.push('last')
    const periods = periodsOf(calendar.at(startedMs(point)))
    for (const period of PERIODS) {
      const count = left.get(period) ?? 0
      const isOldest = i === points.length - 1
      const isNewestOfPeriod = periods[period] !== lastOf.get(period)
      if (count <= 0 || !(isNewestOfPeriod || isOldest)) continue
      lastOf.set(period, periods[period])
      left.set(period, count - 1)
      reasons.push(period)
      isOnlyOldest ||= !isNewestOfPeriod
    }
    if (isOnlyOldest) reasons.push('oldest')
    if (startedMs(point) > cutMs) reasons.push('within')
    if (policy.tags?.some((tag) => point.tags.includes(tag)) === true) reasons.push('tag')
    all.set(point.record.point, reasons)
  })
  return all
}

function startedMs({ record }: PointInfo): number {
  return msOfTimespec(record.started)
}
