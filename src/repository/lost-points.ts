import { present } from '../base/assert.ts'
import { IntegrityError } from '../base/errors.ts'
import { formatUtc } from '../base/format.ts'
import { numberOf } from '../base/number-of.ts'
import { type ChainId, type ObjectId, type PointId, type RealmId, shortId } from '../base/ids.ts'
import type { PointRecord } from '../format/records.ts'
import type { KnownRecord } from './known-records.ts'
import type { PointInfo } from './point-info.ts'
import type { Removed } from './point-records.ts'
import type { SeenPoints } from './seen-points.ts'

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
  /** The record as this machine verified it before. */
  readonly known?: KnownRecord<'points'>
  /** A point that names it as its parent. */
  readonly follower?: PointId
  /** Its number in the chain, where this machine saw it. */
  readonly sequence?: number
  /** Where its record was, as far as that is known. */
  readonly realm?: RealmId
  /** First and last number before that of the follower that no point of the chain has; what of them was not forgotten is lost, too. */
  readonly numbersGone?: readonly [first: number, last: number]
}

export interface Losses {
  readonly lost: readonly LostPoint[]
  /** Of which nobody knows which points they were. */
  readonly unreadable: readonly UnreadableRecord[]
}

export interface LossesInput {
  readonly points: readonly PointInfo[]
  readonly removed: Removed
  /** What this machine saw before, of the realms that can be read. */
  readonly seen: SeenPoints
  readonly unreadable: readonly UnreadableRecord[]
  /** Returns what earlier processes of this machine verified, by object; asked when something is amiss. */
  readonly known: () => ReadonlyMap<ObjectId, KnownRecord<'points'>>
}

/** Finds out which points are missing: by records that went bad, by parents that others name, and by what was seen before. */
export function findLosses({ points, removed, seen, unreadable, known: readKnown }: LossesInput): Losses {
  const there = new Set(points.map(({ record }) => record.point))
  const lost = new Map<PointId, LostPoint>()
  const isMissing = (point: PointId): boolean => !there.has(point) && !removed.has(point)
  const add = (found: LostPoint): void => {
    if (!isMissing(found.point)) return
    lost.set(found.point, { ...found, ...lost.get(found.point) })
  }
  for (const { record } of points) {
    for (const { point, hash } of record.parents.filter((parent) => isMissing(parent.point))) {
      const numbersGone = seen.has(point) ? undefined : numbersBefore(record, points)
      const gone = numbersGone === undefined ? {} : { numbersGone }
      add({ point, chain: record.chain, hash, follower: record.point, ...gone })
    }
  }
  for (const found of seen.values()) add(found)
  if (unreadable.length === 0 && lost.size === 0) return { lost: [], unreadable: [] }
  const unknown: UnreadableRecord[] = []
  const known = readKnown()
  for (const bad of unreadable) {
    const found = known.get(bad.object)
    if (found === undefined) unknown.push(bad)
    else add({ ...nameOf(found), unreadable: bad })
  }
  for (const record of known.values()) {
    const found = lost.get(record.record.point)
    if (found !== undefined) lost.set(found.point, { ...found, known: record })
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

/** Returns the numbers between a point's and the highest below it that is there, unless it is one number: the parent's. */
function numbersBefore({ chain, sequence }: PointRecord, points: readonly PointInfo[]): [number, number] | undefined {
  const below = points.filter(({ record }) => record.chain === chain && record.sequence < sequence)
  const first = below.reduce((highest, { record }) => Math.max(highest, record.sequence), 0) + 1
  return first < sequence - 1 ? [first, sequence - 1] : undefined
}

function nameOf({ record, innerHash }: KnownRecord<'points'>): Pick<LostPoint, 'point' | 'chain' | 'hash'> {
  return { point: record.point, chain: record.chain, hash: innerHash }
}

/** Returns one alarm for each loss; the points of a chain that are gone without a trace in the store share one. */
export function lossAlarms({ lost, unreadable }: Losses): IntegrityError[] {
  const isAnyMissing = lost.some((found) => found.unreadable === undefined)
  const { gone = [], others = [] } = Object.groupBy(lost, (found) => (isRolledBack(found) ? 'gone' : 'others'))
  return [
    ...unreadable.map((bad) => unknownAlarm(bad, isAnyMissing)),
    ...others.map(lossAlarm),
    ...[...Map.groupBy(gone, ({ chain }) => chain).values()].map(rollbackAlarm),
  ]
}

/** Nothing in the store tells of it, only this machine does. */
function isRolledBack({ unreadable, follower }: LostPoint): boolean {
  return unreadable === undefined && follower === undefined
}

/** Points that an alarm names; of more, the newest. */
const NAMED_MAX = 20

function rollbackAlarm(gone: readonly LostPoint[]): IntegrityError {
  const numbered = gone.map((found) => ({ ...found, sequence: present(found.sequence, 'what was seen has a number') }))
  const inOrder = numbered.sort((a, b) => a.sequence - b.sequence)
  const { point, chain, sequence } = present(inOrder.at(-1), 'what is gone')
  const context = { point, chain, sequence, points: gone.length }
  const named = inOrder.slice(-NAMED_MAX)
  const ids = named.map((found) => shortId(found.point)).join(' ')
  const names = named.map((found) => `${nameWithTime(found)}, number ${found.sequence}`).join('; ')
  const before = gone.length - named.length
  const more = before > 0 ? `${numberOf(before, 'more point')} before; ` : ''
  const message =
    gone.length === 1
      ? `point ${names} of chain ${shortId(chain)}, is gone, and nobody removed it`
      : `${numberOf(gone.length, 'point')} of chain ${shortId(chain)} are gone, and nobody removed them: ${more}${names}`
  return new IntegrityError('ROLLED_BACK', message, {
    context,
    hint: `${FIND_OUT} ${wayOut(ids, gone.length)} ${ACCEPT}`,
  })
}

function lossAlarm(found: LostPoint): IntegrityError {
  const { point, chain, unreadable, follower, sequence, numbersGone } = found
  const context = { point, chain, ...(sequence === undefined ? {} : { sequence }) }
  const name = nameWithTime(found)
  if (unreadable !== undefined) {
    const { problem, object } = unreadable
    const message = `${problem.message}; it was point ${name}`
    return new IntegrityError(problem.code, message, {
      context: { ...problem.context, ...context, object: `points/${object}` },
      cause: problem,
      hint: isUnsignedOnly(unreadable)
        ? INSTANCE_HINT
        : `${found.known === undefined ? '' : KNOWN_HINT}${wayOut(shortId(point))}`,
    })
  }
  const message = `point ${name}, which point ${shortId(present(follower, 'who names it'))} follows, is gone, and nobody removed it`
  const others = numbersGone === undefined ? '' : `; ${numbersText(numbersGone)}`
  return new IntegrityError('RECORD_MISSING', `${message}${others}`, {
    context,
    hint: `Find out who can write to this store. ${wayOut(shortId(point))}`,
  })
}

function nameWithTime({ point, known }: LostPoint): string {
  return known === undefined ? shortId(point) : `${shortId(point)} of ${formatUtc(known.record.started)}`
}

/** Says which numbers of a chain are not there: what of them nobody forgot goes with the point that is lost. */
export function numbersText([first, last]: readonly [first: number, last: number]): string {
  return `numbers ${first} to ${last} of its chain are not there: those that nobody forgot are lost with it`
}

/** The record is there and well: what is missing is the record of the instance that signed it. */
export function isUnsignedOnly({ problem }: UnreadableRecord): boolean {
  return problem.code === 'BAD_SIGNATURE' && problem.context['instance'] !== undefined
}

const INSTANCE_HINT =
  'Only the record of the instance is lost, and nothing of the point: the next backup of that machine puts it again, and so does ' +
  '`tidemark check --repair` there; with `--heal-from` it is taken from a copy of the repository.'

const KNOWN_HINT = 'On the machine that made it, `tidemark check --repair` writes it again. '

/** Where no point is known to be missing, it may have been one that was brought back: nobody can tell, so a person has to decide. */
function unknownAlarm(bad: UnreadableRecord, isAnyMissing: boolean): IntegrityError {
  const { object, problem } = bad
  return new IntegrityError(problem.code, problem.message, {
    context: { ...problem.context, object: `points/${object}` },
    cause: problem,
    hint: unknownWayOut(bad, isAnyMissing),
  })
}

const NONE_IS_MISSING =
  'No point is known to be missing: it was one that was brought back since, or the newest of a chain, which others may know.'

function unknownWayOut(bad: UnreadableRecord, isAnyMissing: boolean): string {
  if (isUnsignedOnly(bad)) return INSTANCE_HINT
  const way = wayOut(`points/${bad.object.slice(0, 8)}`)
  return isAnyMissing ? way : `${NONE_IS_MISSING} ${way}`
}

function wayOut(names: string, count = 1): string {
  return (
    `\`tidemark check --repair --heal-from\` brings ${count === 1 ? 'it' : 'them'} back from a copy of the repository; ` +
    `\`tidemark forget ${names}\` accepts for good that ${count === 1 ? 'it is' : 'they are'} lost.`
  )
}

const FIND_OUT = 'The store shows an older state, or lost records: find out why before you prune.'
const ACCEPT =
  'If an older copy was put back on purpose, `tidemark cache clear --accept-rollback` makes this machine go on from it.'

export const ROLLBACK_HINT = `The store shows an older state: find out why before you prune. ${ACCEPT}`
