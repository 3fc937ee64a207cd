import { timespecOfMs } from '../../base/clock.ts'
import { IntegrityError, KeyError, UsageError } from '../../base/errors.ts'
import { type PointId, shortId } from '../../base/ids.ts'
import { runAll } from '../../base/run-all.ts'
import type { PointChain } from '../../repository/point-chain.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import { signTombstone } from '../../repository/signing.ts'
import type {
  CareContext,
  CareEvents,
  ForgetOptions,
  ForgetReport,
  ForgetRequest,
  PointVerdict,
  RetentionPolicy,
} from '../care-types.ts'
import { freeableBytes } from '../prune/freeable.ts'
import type { RepackLimits } from '../prune/pack-space.ts'
import { calendarOf } from './calendar.ts'
import { hasWithin, isOfRule, judgeChain, judgeUndoPoints, keepsAnything } from './policy.ts'
import { protectedPoints } from './protected-points.ts'
import { requireOwner } from './require-owner.ts'

/** What makes removing a record safe, each by its name. */
export const forgetRules = {
  /** The owner's word that a point was removed on purpose is durable before its record goes. */
  async putTombstone({ repository, clock }: CareContext, { record, innerHash, realm }: PointInfo): Promise<void> {
    const tombstone = { target: 'point', id: record.point, hash: innerHash, made: timespecOfMs(clock.nowMs()) } as const
    const signed = signTombstone(repository.keyRing, repository.id, tombstone)
    // In the point's own realm: who holds that one alone must not take the point for missing.
    await repository.recordsIn(realm).put('tombstones', signed, repository.instance)
  },
}

/**
 * Removes points: those that are named, or those that a policy does not keep. Their blobs stay until a prune.
 *
 * Children of a removed point stay as they are: its tombstone takes its place in the chain.
 * @throws {UsageError} BAD_ARGUMENT: a policy that keeps nothing, or that others could push points out of; a protected point. UNKNOWN_POINT:
 * the point is gone.
 * @throws {KeyError} KEY_NOT_FULL: only the owner's key removes points, and asks what a policy would remove.
 * @throws {StorageError} of the driver; points that were removed by then stay removed.
 */
export async function forget(
  context: CareContext,
  request: ForgetRequest,
  options: ForgetOptions,
  events: CareEvents,
  signal: AbortSignal,
): Promise<ForgetReport> {
  const { repository } = context
  requireOwner(repository.keyRing)
  const chain = await repository.chain({ reload: true, signal })
  const verdicts = 'points' in request ? verdictsOnChosen(chain, request.points) : judge(context, chain, request)
  if ('policy' in request) warnOfUnusedTags(request.policy, verdicts, events)
  const forgotten = verdicts.filter(({ keep }) => !keep).map(({ point }) => point)
  if (!options.dryRun) await remove(context, recordsOf(chain, forgotten), events, signal)
  const limits = options.estimate
  const freeable = limits === false ? undefined : await estimate(context, { forgotten, limits }, events, signal)
  const leftOut = 'points' in request ? 0 : chain.points.length - verdicts.length
  return { verdicts, leftOut, freeable, graceSeconds: repository.config.graceSeconds }
}

/** A tag that no point has is mistyped as likely as not, and the points that it was to keep go. */
function warnOfUnusedTags({ tags = [] }: RetentionPolicy, verdicts: readonly PointVerdict[], events: CareEvents): void {
  for (const tag of tags) {
    if (!verdicts.some(({ point }) => point.tags.includes(tag))) events.warning?.(unusedTag(tag))
  }
}

/** What keeps a prune from looking keeps no point from being forgotten. */
async function estimate(
  context: CareContext,
  { forgotten, limits }: { readonly forgotten: readonly PointInfo[]; readonly limits: RepackLimits },
  events: CareEvents,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const without = new Set(forgotten.map(({ record }) => record.point))
    return await freeableBytes(context, { without, limits }, signal)
  } catch (error) {
    if (!(error instanceof IntegrityError || error instanceof KeyError)) throw error
    events.warning?.(error)
    return undefined
  }
}

function verdictsOnChosen(chain: PointChain, chosen: readonly PointInfo[]): PointVerdict[] {
  const unique = new Map(chosen.map((point) => [point.record.point, point]))
  return Array.from(unique.values(), (point) => {
    const { point: id } = point.record
    if (chain.get(id) === undefined) throw unknownPoint(id)
    if (protectedPoints(groupOf(chain, point)).has(id)) throw protectedPoint(id)
    return { point, keep: false, reasons: [] }
  })
}

/** Says what a policy makes of the points of a chain, and removes nothing. @throws {UsageError} as `forget`. */
export function judge(
  { repository, clock }: Pick<CareContext, 'repository' | 'clock'>,
  chain: PointChain,
  request: Extract<ForgetRequest, { policy: RetentionPolicy }>,
): PointVerdict[] {
  const { policy, timeZone, allInstances } = request
  if (!keepsAnything(policy)) throw keepsNothing()
  const own = repository.instance.id
  const judged = chain.points.filter(({ record }) => allInstances || record.instance === own)
  // Whoever holds a backup-only key can make points at will, under its own instance.
  const stranger = hasWithin(policy) ? undefined : judged.find((point) => isBackupOnly(chain, point))
  if (stranger !== undefined) throw needsWithin(chain, stranger)
  const options = { policy, calendar: calendarOf(timeZone), nowMs: clock.nowMs() }
  const groups = Map.groupBy(judged, groupKey)
  const verdicts = [...groups.values()].flatMap((points) => {
    const isUndo = points.some(({ record }) => record.undo !== undefined)
    return isUndo ? judgeUndoPoints(points, options.nowMs) : judgeChain(points, options)
  })
  if (keepsNothingOf(verdicts)) throw keepsNothing(policy.tags)
  return verdicts
}

/** Whether points would go though no rule applies to any: as with a tag that no point has. */
function keepsNothingOf(verdicts: readonly PointVerdict[]): boolean {
  const judged = verdicts.filter(({ point }) => point.record.undo === undefined)
  return judged.some(({ keep }) => !keep) && !judged.some(({ reasons }) => reasons.some(isOfRule))
}

/** Points that one instance made in one chain: what another writes into a chain that is not its own counts apart. */
function groupKey({ record }: PointInfo): string {
  return `${record.chain} ${record.instance}`
}

function groupOf(chain: PointChain, point: PointInfo): PointInfo[] {
  return chain.of(point.record.chain).filter((other) => groupKey(other) === groupKey(point))
}

/** Without the owner's certificate, an instance was made by a machine that lacks the owner's key. */
function isBackupOnly(chain: PointChain, { record }: PointInfo): boolean {
  return (chain.instances.get(record.instance)?.certificate.byteLength ?? 0) === 0
}

/** All records of points: of one that stayed, the point would come back. */
function recordsOf(chain: PointChain, points: readonly PointInfo[]): readonly PointInfo[] {
  const ids = new Set(points.map(({ record }) => record.point))
  return chain.records.filter(({ record }) => ids.has(record.point))
}

async function remove(
  context: CareContext,
  points: readonly PointInfo[],
  events: CareEvents,
  signal: AbortSignal,
): Promise<void> {
  const { repository } = context
  const { driver } = repository
  let done = 0
  const tasks = points.map((point) => async (): Promise<void> => {
    signal.throwIfAborted()
    await forgetRules.putTombstone(context, point)
    await driver.remove({ kind: 'points', id: point.object }, signal)
    events.progress?.({ step: 'forget', done: ++done, total: points.length })
  })
  await runAll(tasks, driver.capabilities.concurrency)
  await repository.chain({ reload: true, signal })
}

function keepsNothing(tags: readonly string[] = []): UsageError {
  const because = tags.length === 0 ? '' : `: no point is tagged ${tags.join(' or ')}`
  return new UsageError('BAD_ARGUMENT', `the policy would keep nothing${because}`, {
    hint: 'Say what to keep, such as --keep-daily 7 --keep-weekly 5 --keep-monthly 12.',
  })
}

function needsWithin(chain: PointChain, { record }: PointInfo): UsageError {
  const name = chain.instances.get(record.instance)?.name ?? record.instance
  return new UsageError('BAD_ARGUMENT', `${name} has a backup-only key: its points need --keep-within`, {
    context: { instance: record.instance },
    hint: 'Who steals that machine could make points until the real ones are pushed out: keep all of some time, such as --keep-within 30d.',
  })
}

function unusedTag(tag: string): UsageError {
  return new UsageError('BAD_ARGUMENT', `no point is tagged ${tag}: --keep-tag ${tag} keeps nothing`, {
    context: { tag },
    hint: '`tidemark points` shows the tags that there are.',
  })
}

function unknownPoint(point: PointId): UsageError {
  return new UsageError('UNKNOWN_POINT', `point ${shortId(point)} is not in the repository any more`, {
    context: { point },
  })
}

function protectedPoint(point: PointId): UsageError {
  return new UsageError('BAD_ARGUMENT', `point ${shortId(point)} is the last one before a suspect point`, {
    context: { point },
    hint: 'Look at the suspect point first, and say `tidemark points acknowledge`: the one before it may be all that is left.',
  })
}
