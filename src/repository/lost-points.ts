import { present } from '../base/assert.ts'
import { IntegrityError } from '../base/errors.ts'
import { formatUtc } from '../base/format.ts'
import { type ChainId, type ObjectId, type PointId, shortId } from '../base/ids.ts'
import type { PointRecord } from '../format/records.ts'
import type { ChainHead } from './chain-heads.ts'
import type { KnownRecord } from './known-records.ts'
import type { PointInfo } from './point-info.ts'
import type { Removed } from './point-records.ts'

/** A record of a point that is there and cannot be opened. */
export interface UnreadableRecord {
  readonly object: ObjectId
  readonly problem: IntegrityError
}

/** A point that is known to have been there, was not removed on purpose, and cannot be had any more. */
export interface LostPoint {
  readonly point: PointId
  readonly chain: ChainId
  /** SHA-512 of its record's inner bytes. */
  readonly hash: Uint8Array
  /** What is left of its record, if anything is. */
  readonly unreadable?: UnreadableRecord
  /** The record as this machine saw it before. */
  readonly seen?: PointRecord
  /** A point that names it as its parent. */
  readonly follower?: PointId
  /** Its number, where it was the newest of its chain that this machine knew. */
  readonly headSequence?: number
}

export interface Losses {
  readonly lost: readonly LostPoint[]
  /** Of which nobody knows which points they were. */
  readonly unreadable: readonly UnreadableRecord[]
}

export interface LossesInput {
  readonly points: readonly PointInfo[]
  readonly removed: Removed
  readonly heads: ReadonlyMap<ChainId, ChainHead>
  readonly unreadable: readonly UnreadableRecord[]
  /** Returns what earlier processes of this machine verified, by object; asked when something is amiss. */
  readonly seen: () => ReadonlyMap<ObjectId, KnownRecord<'points'>>
}

/** Finds out which points are missing: by records that went bad, by parents that others name, and by remembered heads. */
export function findLosses({ points, removed, heads, unreadable, seen }: LossesInput): Losses {
  const there = new Set(points.map(({ record }) => record.point))
  const lost = new Map<PointId, LostPoint>()
  const add = (found: LostPoint): void => {
    if (there.has(found.point) || removed.has(found.point)) return
    lost.set(found.point, { ...found, ...lost.get(found.point) })
  }
  for (const { record } of points) {
    for (const { point, hash } of record.parents) add({ point, chain: record.chain, hash, follower: record.point })
  }
  for (const [chain, { point, hash, sequence }] of heads) add({ point, chain, hash, headSequence: sequence })
  if (unreadable.length === 0 && lost.size === 0) return { lost: [], unreadable: [] }
  const unknown: UnreadableRecord[] = []
  const known = seen()
  for (const bad of unreadable) {
    const found = known.get(bad.object)
    if (found === undefined) unknown.push(bad)
    else add({ ...nameOf(found), unreadable: bad })
  }
  for (const { record } of known.values()) {
    const found = lost.get(record.point)
    if (found !== undefined) lost.set(record.point, { ...found, seen: record })
  }
  return paired([...lost.values()], unknown)
}

/** The one record that cannot be read is that of the one point that is missing. */
function paired(lost: readonly LostPoint[], unknown: readonly UnreadableRecord[]): Losses {
  const [gone, ...others] = lost.filter((found) => found.unreadable === undefined)
  const [unreadable, ...more] = unknown
  if (gone === undefined || unreadable === undefined || others.length > 0 || more.length > 0) {
    return { lost, unreadable: unknown }
  }
  return { lost: lost.map((found) => (found === gone ? { ...gone, unreadable } : found)), unreadable: [] }
}

function nameOf({ record, innerHash }: KnownRecord<'points'>): Pick<LostPoint, 'point' | 'chain' | 'hash'> {
  return { point: record.point, chain: record.chain, hash: innerHash }
}

/** Returns one alarm for each loss. */
export function lossAlarms({ lost, unreadable }: Losses): IntegrityError[] {
  const isAnyMissing = lost.some((found) => found.unreadable === undefined)
  return [...unreadable.map((bad) => unknownAlarm(bad, isAnyMissing)), ...lost.map(lossAlarm)]
}

function lossAlarm(found: LostPoint): IntegrityError {
  const { point, chain, unreadable, follower, headSequence } = found
  const context = { point, chain, ...(headSequence === undefined ? {} : { sequence: headSequence }) }
  const name = found.seen === undefined ? shortId(point) : `${shortId(point)} of ${formatUtc(found.seen.started)}`
  if (unreadable !== undefined) {
    const { problem, object } = unreadable
    const message = `${problem.message}; it was point ${name}`
    return new IntegrityError(problem.code, message, {
      context: { ...context, object: `points/${object}` },
      cause: problem,
      hint: wayOut(shortId(point)),
    })
  }
  if (headSequence !== undefined) {
    const message = `point ${name}, number ${headSequence} of chain ${shortId(chain)}, is gone, and nobody removed it`
    return new IntegrityError('ROLLED_BACK', message, { context, hint: ROLLBACK_HINT })
  }
  const message = `point ${name}, which point ${shortId(present(follower, 'who names it'))} follows, is gone, and nobody removed it`
  return new IntegrityError('RECORD_MISSING', message, {
    context,
    hint: `Find out who can write to this store. ${wayOut(shortId(point))}`,
  })
}

/** Where no point is known to be missing, it may have been one that was brought back: nobody can tell, so a person has to decide. */
function unknownAlarm({ object, problem }: UnreadableRecord, isAnyMissing: boolean): IntegrityError {
  const name = `points/${object.slice(0, 8)}`
  return new IntegrityError(problem.code, problem.message, {
    context: { ...problem.context, object: `points/${object}` },
    cause: problem,
    hint: isAnyMissing ? wayOut(name) : `${NONE_IS_MISSING} ${wayOut(name)}`,
  })
}

const NONE_IS_MISSING =
  'No point is known to be missing: it was one that was brought back since, or the newest of a chain, which others may know.'

function wayOut(name: string): string {
  return (
    '`tidemark check --repair --heal-from` brings it back from a copy of the repository; ' +
    `\`tidemark forget ${name}\` accepts for good that it is lost.`
  )
}

export const ROLLBACK_HINT =
  'The store shows an older state: find out why before you prune. If an older copy was put back on purpose, ' +
  '`tidemark cache clear --accept-rollback` makes this machine go on from it.'
