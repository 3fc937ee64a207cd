import type { BitSet } from '../../base/bit-set.ts'
import { display } from '../../base/byte-string.ts'
import { IntegrityError } from '../../base/errors.ts'
import { type BlobId, type ObjectId, type PointId, shortId } from '../../base/ids.ts'
import { formatCount, numberOf } from '../../base/number-of.ts'
import { U32List } from '../../base/u32-list.ts'
import type { DeadRecord, LostRecord, MarkRecord } from '../../format/records.ts'
import { type KnownRecord, loadRecords } from '../../repository/known-records.ts'
import type { PointChain } from '../../repository/point-chain.ts'
import { compareWithinChain, type PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { findAffected } from '../check/affected.ts'
import { reach, type ReachProblem } from '../reach/reach.ts'
import { type NeededCopies, neededCopies, presence } from './needed-copies.ts'
import { pruneRules } from './prune-rules.ts'

/** All that decides what may be deleted in one realm, as the store was at one moment. */
export interface RealmView {
  readonly points: readonly PointInfo[]
  readonly index: RepositoryIndex
  /** Every pack that the store lists, of whatever realm, and its size. */
  readonly present: ReadonlyMap<ObjectId, number>
  readonly marks: ReadonlyMap<ObjectId, MarkRecord>
  readonly dead: ReadonlyMap<ObjectId, DeadRecord>
  readonly lost: ReadonlyMap<ObjectId, LostRecord>
  /** Entries of the index that a point needs. */
  readonly needed: BitSet
  /** Of those, what the newest point of each chain needs beyond the ones before it, in the order of its paths. */
  readonly newest: readonly Uint32Array[]
  readonly copies: NeededCopies
}

export interface LookOptions {
  /** In the realm that is looked at. */
  readonly repository: Repository
  /** The same in the realm that it was opened in: it knows all points, and remembers heads. */
  readonly main: Repository
  /** Told how many trees and lists were read. */
  readonly progress: (blobsRead: number) => void
  readonly signal: AbortSignal
  /** Points that count as forgotten. */
  readonly without?: ReadonlySet<PointInfo['record']['point']>
}

/**
 * Looks at a realm. With `before`, and when nothing has changed since but what is marked or dead, what was found out then
 * still holds: objects do not change. The index of `before` is then the index of the new view, too.
 *
 * @throws {IntegrityError} of whatever cannot be believed: a listing that is short, a point, index, tree or list that
 * cannot be read, a needed blob of which the store has no copy, a point with features that this version does not know.
 * @throws {StorageError} of the driver.
 */
export async function lookAtRealm(options: LookOptions, before?: RealmView): Promise<RealmView> {
  const { repository, main, signal } = options
  const chain = await main.chain({ reload: true, signal })
  requireBelievable(chain)
  const realm = repository.realm.realm
  const points = chain.records.filter(
    (point) => point.realm === realm && options.without?.has(point.record.point) !== true,
  )
  for (const point of points) requireFeatures(point)
  // Packs last: one that an index names was put before that index.
  const index = await repository.wholeIndex(signal)
  try {
    const present = await listPacks(repository, signal)
    const [marks, dead, lost] = [
      await recordsOf('marks', options),
      await recordsOf('dead', options),
      await recordsOf('lost', options),
    ]
    const lists = { points, index, present, marks, dead, lost }
    if (before !== undefined && isSame(before, lists)) {
      index[Symbol.dispose]()
      return { ...before, marks, dead }
    }
    const { needed, newest } = await findNeeded(lists, options)
    const copies = neededCopies(index, present, needed)
    if (copies.missing > 0) throw absent(copies.missing, await countDamaged(lists, options))
    return { ...lists, needed, newest, copies }
  } catch (error) {
    index[Symbol.dispose]()
    throw error
  }
}

type Lists = Omit<RealmView, 'needed' | 'newest' | 'copies'>

/** What is marked or dead since makes no difference when it held nothing indispensable, and so no canonical copy. */
function isSame(before: RealmView, now: Lists): boolean {
  const objects = (points: readonly PointInfo[]): ReadonlySet<string> => new Set(points.map(({ object }) => object))
  const marked = new Set([...before.marks.values(), ...before.dead.values()].flatMap(({ packs }) => packs))
  const { packs: table } = before.index
  const wasNeeded = (pack: ObjectId): boolean => {
    const row = table.rowOf(pack)
    return row !== undefined && (before.copies.packBlobs[row] ?? 0) > 0
  }
  return (
    areSame(objects(before.points), objects(now.points)) &&
    areSame(new Set(before.index.indexIds), new Set(now.index.indexIds)) &&
    areSame(new Set(before.lost.keys()), new Set(now.lost.keys())) &&
    before.present.size === now.present.size &&
    [...now.present].every(([id, bytes]) => before.present.get(id) === bytes) &&
    [...now.marks.values(), ...now.dead.values()].every(({ packs }) => {
      return packs.every((pack) => marked.has(pack) || !wasNeeded(pack))
    })
  )
}

function areSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((id) => b.has(id))
}

async function findNeeded(
  { index, points }: Lists,
  options: LookOptions,
): Promise<Pick<RealmView, 'needed' | 'newest'>> {
  const { repository, progress, signal } = options
  const problems: ReachProblem[] = []
  const onProblem = (problem: ReachProblem): number => problems.push(problem)
  const blobs = repository.blobsIn(index)
  const newest = new Map(newestOfChains(points).map((point) => [point, new U32List()]))
  const onNeeded = (entry: number, point: PointInfo): void => {
    newest.get(point)?.push(entry)
  }
  const ordered = [...newest.keys(), ...points.filter((point) => !newest.has(point))]
  const needed = await reach({ index, blobs, points: ordered, onProblem, onNeeded, progress, signal })
  const problem = pruneRules.whatStops(problems)
  if (problem !== undefined) throw unreadable(problem, problems.length)
  return { needed, newest: Array.from(newest.values(), ({ numbers }) => numbers) }
}

function newestOfChains(points: readonly PointInfo[]): PointInfo[] {
  const chains = Map.groupBy(points, ({ record }) => record.chain)
  return Array.from(chains.values(), (chain) => chain.toSorted(compareWithinChain).at(-1)).filter(
    (point) => point !== undefined,
  )
}

async function listPacks({ driver }: Repository, signal: AbortSignal): Promise<Map<ObjectId, number>> {
  const present = new Map<ObjectId, number>()
  for await (const { name, bytes } of driver.list('packs', signal)) present.set(name.id, bytes)
  return present
}

async function recordsOf<Kind extends 'marks' | 'dead' | 'lost'>(
  kind: Kind,
  { repository, main, signal }: LookOptions,
): Promise<Map<ObjectId, KnownRecord<Kind>['record']>> {
  const loaded = await loadRecords(kind, {
    records: main.records,
    cache: main.cache,
    onProblem: (problem) => {
      throw problem
    },
    signal,
  })
  const own = loaded.filter(({ realm }) => realm === repository.realm.realm)
  return new Map(own.map(({ object, record }) => [object, record]))
}

function requireBelievable({ alarms }: PointChain): void {
  const problem = pruneRules.listingProblem(alarms)
  if (problem === undefined) return
  throw new IntegrityError('RECORD_MISSING', `nothing is pruned while points cannot be believed: ${problem.message}`, {
    context: problem.context,
    cause: problem,
    hint: 'Run `tidemark check`. What such a point needs, nobody knows.',
  })
}

function requireFeatures({ record }: PointInfo): void {
  const [unknown] = [...record.features.prune, ...record.features.read]
  if (unknown === undefined) return
  throw new IntegrityError('UNSUPPORTED_FEATURE', `point ${shortId(record.point)} needs the feature ${unknown}`, {
    context: { point: record.point, feature: unknown },
    hint: 'A later version of Tidemark made it: update this one before you prune.',
  })
}

function unreadable({ point, path, error }: ReachProblem, count: number): IntegrityError {
  const { point: id } = point.record
  const more = count > 1 ? `, and ${count - 1} more like it` : ''
  const message = `nothing is pruned while ${display(path)} of point ${shortId(id)} cannot be read: ${error.message}${more}`
  return new IntegrityError(error.code, message, {
    context: { ...error.context, point: id, path: display(path) },
    cause: error,
    hint: 'Run `tidemark check --repair`, or forget the points that it names.',
  })
}

/** Returns how many points need a blob of which the store has no copy, as far as their trees can be read. */
async function countDamaged({ index, points, present }: Lists, { repository, signal }: LookOptions): Promise<number> {
  const { blobs } = index
  const isThere = presence(index, present)
  const isSound = (id: BlobId): boolean => {
    const entry = blobs.find(id)
    const first = entry < 0 ? undefined : blobs.location(entry)
    if (first === undefined) return false
    if (isThere(blobs.frames.get(first.frame).pack)) return true
    return index.otherPlaces(id).some(({ frameLocation }) => isThere(frameLocation.pack))
  }
  const damaged = new Set<PointId>()
  for await (const { point } of findAffected({ blobs: repository.blobsIn(index), points, isSound, signal })) {
    damaged.add(point.record.point)
  }
  return damaged.size
}

function absent(blobs: number, points: number): IntegrityError {
  const needed = numberOf(blobs, 'blob')
  // Trees may still be kept on this machine, and are read all the same.
  const by = points === 0 ? 'points need' : points === 1 ? 'one point needs' : `${formatCount(points)} points need`
  return new IntegrityError(
    'BLOB_MISSING',
    `nothing is pruned while the store lists no pack with ${needed} that ${by}`,
    {
      context: { blobs, points },
      hint:
        'If the store was just changed, try again later. Else `tidemark check` names the points: `check --repair --heal-from …` ' +
        'brings back what is still elsewhere, and `tidemark forget` lets points go that stay damaged (`tidemark points --tag damaged`).',
    },
  )
}
