import { IntegrityError, type TidemarkError } from '../base/errors.ts'
import { type ChainId, type InstanceId, type ObjectId, type PointId, type RepositoryId, shortId } from '../base/ids.ts'
import type { InstanceRecord, TombstoneRecord } from '../format/records.ts'
import { type Listed, listInTurn } from '../storage/list-in-turn.ts'
import type { KeyRing } from './key-ring.ts'
import { keepRecord, keptRecords, type KnownRecord, type KnownRecordsOptions, loadRecords } from './known-records.ts'
import type { LocalCache } from './local-cache.ts'
import { findLosses, lossAlarms, type Losses, type UnreadableRecord } from './lost-points.ts'
import { compareWithinChain, notesByPoint, type PointInfo, tagsAfter } from './point-info.ts'
import type { RecordStore } from './record-store.ts'
import { readSeenPoints, type SeenPoint, type SeenPoints, updateSeenPoints } from './seen-points.ts'
import { missingTombstones, removalsGone } from './seen-tombstones.ts'
import { isOwnersTombstone } from './signing.ts'
import { isRemoved, onePerPoint, type Removed } from './point-records.ts'
import { linkAlarms, replacedPoints, replacedAlarm } from './verify-chain.ts'

/** Kinds of which points and what is known of them are made. */
export const POINT_KINDS = ['instances', 'notes', 'points', 'tombstones'] as const
export type PointKind = (typeof POINT_KINDS)[number]

export interface PointChainOptions {
  readonly repository: RepositoryId
  readonly records: RecordStore
  readonly ring: KeyRing
  /** What the store was seen to list; it is listed now where this is absent. */
  readonly listed?: Listed<PointKind> | undefined
  readonly cache?: LocalCache | undefined
  /** Fetches and verifies every record again, whatever is kept of it. */
  readonly forCheck?: boolean
  readonly signal?: AbortSignal | undefined
}

/** A chain as it is listed. */
export interface ChainInfo {
  readonly chain: ChainId
  /** In the order of their making; at least one. */
  readonly points: readonly PointInfo[]
  readonly latest: PointInfo
}

/** All Restoring Points of a repository, linked and verified, as they are at one moment. */
export class PointChain {
  /** Sorted by chain, then by sequence. */
  readonly points: readonly PointInfo[]
  /** The same with what other records there are of copied points: whatever one needs, all of them need. */
  readonly records: readonly PointInfo[]
  /** Everything suspicious: records that cannot be opened, broken links, heads that went back. Nothing stops for it. */
  readonly alarms: readonly TidemarkError[]
  /** Points that are missing, and records that cannot be opened; each has an alarm. */
  readonly losses: Losses
  readonly instances: ReadonlyMap<InstanceId, InstanceRecord>
  /** Points that the owner removed on purpose. */
  readonly removed: Removed
  readonly #byId: ReadonlyMap<PointId, PointInfo>
  readonly #byChain = new Map<ChainId, ChainInfo>()
  /** What was remembered before the store was looked at, of the realms that can be read. */
  readonly #seen: SeenPoints
  readonly #cache: LocalCache | undefined

  private constructor(parts: {
    points: readonly PointInfo[]
    records: readonly PointInfo[]
    alarms: readonly TidemarkError[]
    losses: Losses
    instances: ReadonlyMap<InstanceId, InstanceRecord>
    removed: Removed
    seen: SeenPoints
    cache: LocalCache | undefined
  }) {
    this.points = parts.points
    this.records = parts.records
    this.alarms = parts.alarms
    this.losses = parts.losses
    this.instances = parts.instances
    this.removed = parts.removed
    this.#seen = parts.seen
    this.#cache = parts.cache
    this.#byId = new Map(parts.points.map((point) => [point.record.point, point]))
    for (const [chain, points] of Map.groupBy(parts.points, (point) => point.record.chain)) {
      const latest = points.at(-1)
      if (latest !== undefined) this.#byChain.set(chain, { chain, points, latest })
    }
  }

  /**
   * Loads every point; what an earlier process verified is not fetched again.
   *
   * A point is remembered once it is seen, until its tombstone is seen: one that is gone without is an alarm, whatever comes after it.
   * @throws {StorageError} the store does not answer.
   * @throws {IntegrityError} UNSUPPORTED_VERSION
   */
  static async load(options: PointChainOptions): Promise<PointChain> {
    const { records, cache, signal } = options
    const alarms: TidemarkError[] = []
    const unreadable: UnreadableRecord[] = []
    const onProblem = (problem: TidemarkError): number => alarms.push(problem)
    const onPoint = (problem: IntegrityError, object: ObjectId): number => unreadable.push({ object, problem })
    const kept = options.forCheck === true ? undefined : cache
    const loading: KnownRecordsOptions = { records, cache: kept, onProblem, signal }
    // Before the store is listed: what another process of this machine remembers meanwhile may have been put after that.
    const remembered = cache === undefined ? new Map<PointId, SeenPoint>() : readSeenPoints(cache)
    const listed = options.listed ?? (await listInTurn(records.driver, [POINT_KINDS], signal))
    // Whose keys verify the others.
    const instances = await loadRecords('instances', { ...loading, listed: listed.instances })
    records.learn(instances)
    const [known, notes, tombstones] = await Promise.all([
      loadRecords('points', { ...loading, listed: listed.points, onProblem: onPoint }),
      loadRecords('notes', { ...loading, listed: listed.notes }),
      loadRecords('tombstones', { ...loading, listed: listed.tombstones }),
    ])
    const removed = removedPoints(tombstones, options, onProblem)
    if (cache !== undefined) {
      const there = new Set(listed.tombstones.map(({ name }) => name.id))
      const believed = tombstones.filter(({ record }) => removed.get(record.id as PointId)?.includes(record) === true)
      const missing = missingTombstones(cache, there, believed)
      // Another process of this machine may have seen what was put after this listing was made.
      const fresh = missing.length === 0 ? there : new Set(await records.list('tombstones'))
      const gone = missing.filter((id) => !fresh.has(id)).length
      if (gone > 0) alarms.push(removalsGone(gone))
    }
    // A forgotten point whose record is not removed yet, or that a store shows again, is forgotten all the same.
    const stored = infosOf(known, notes).filter(({ record, innerHash }) => !isRemoved(removed, record.point, innerHash))
    const byInstance = new Map(instances.map(({ record }) => [record.instance, record]))
    const points = onePerPoint(stored, byInstance)
    const realms = new Set(options.ring.realms())
    const seen = new Map([...remembered].filter(([, { realm }]) => realm === undefined || realms.has(realm)))
    const replaced = replacedPoints(seen, { records: stored, removed })
    const readKnown = (): Map<ObjectId, KnownRecord<'points'>> => {
      return cache === undefined ? new Map<ObjectId, KnownRecord<'points'>>() : keptRecords('points', cache)
    }
    const losses = findLosses({ points, removed, seen, unreadable, known: readKnown })
    alarms.push(...lossAlarms(losses), ...linkAlarms({ points, records: stored, removed }))
    alarms.push(...replaced.map(replacedAlarm))
    const chain = new PointChain({
      points,
      records: stored,
      alarms,
      losses,
      instances: byInstance,
      removed,
      seen,
      cache,
    })
    chain.#remember(replaced)
    return chain
  }

  /** Every chain that has points, in the order of their ids. */
  chains(): ChainInfo[] {
    return [...this.#byChain.values()]
  }

  /** Returns the points of a chain, oldest first. */
  of(chain: ChainId): readonly PointInfo[] {
    return this.#byChain.get(chain)?.points ?? []
  }

  get(point: PointId): PointInfo | undefined {
    return this.#byId.get(point)
  }

  /** Returns the newest point of a chain. */
  latest(chain: ChainId): PointInfo | undefined {
    return this.#byChain.get(chain)?.latest
  }

  /** Returns the highest number of a chain that is known, be its point there or only remembered; 0 where none is. */
  lastSequence(chain: ChainId): number {
    const remembered = [...this.#seen.values()].filter((seen) => seen.chain === chain)
    const sequences = remembered.map(({ sequence }) => sequence)
    return sequences.reduce((a, b) => Math.max(a, b), this.latest(chain)?.record.sequence ?? 0)
  }

  /** Remembers a point that this machine just made: a store that hides it from now on is found out. */
  rememberMade(made: PointInfo): void {
    if (this.#cache === undefined) return
    keepRecord('points', made, this.#cache)
    updateSeenPoints(this.#cache, (seen) => seen.set(made.record.point, seenPointOf(made)))
  }

  /** What is not there is remembered as it was; so is what nobody can tell of, since it is of another realm or was put meanwhile. */
  #remember(replaced: readonly SeenPoint[]): void {
    if (this.#cache === undefined) return
    updateSeenPoints(this.#cache, (seen) => {
      for (const point of this.removed.keys()) seen.delete(point)
      for (const point of this.points) seen.set(point.record.point, seenPointOf(point))
      for (const point of replaced) seen.set(point.point, point)
    })
  }
}

function seenPointOf({ record: { chain, sequence, point }, innerHash: hash, realm }: PointInfo): SeenPoint {
  return { chain, sequence, point, hash, realm }
}

/** Sorts points and applies notes. One record that was stored twice is one point. */
function infosOf(known: readonly KnownRecord<'points'>[], notes: readonly KnownRecord<'notes'>[]): PointInfo[] {
  const notesOf = notesByPoint(notes)
  const unique = new Map(known.map((point) => [Buffer.from(point.innerHash).toString('latin1'), point]))
  const points = Array.from(unique.values(), ({ object, realm, signer, innerHash, record }): PointInfo => {
    return { object, realm, signer, innerHash, record, tags: tagsAfter(record, notesOf.get(record.point) ?? []) }
  })
  return points.sort((a, b) => {
    if (a.record.chain !== b.record.chain) return a.record.chain < b.record.chain ? -1 : 1
    return compareWithinChain(a, b)
  })
}

function removedPoints(
  tombstones: readonly KnownRecord<'tombstones'>[],
  { ring, repository }: PointChainOptions,
  onProblem: (problem: TidemarkError) => void,
): Removed {
  const removed = new Map<PointId, TombstoneRecord[]>()
  for (const { object, record } of tombstones) {
    if (record.target !== 'point') continue
    if (isOwnersTombstone(ring, repository, record)) {
      const point = record.id as PointId
      removed.set(point, [...(removed.get(point) ?? []), record])
    } else {
      onProblem(
        new IntegrityError('BAD_SIGNATURE', `tombstones/${object} is not signed by the owner of this repository`, {
          context: { object: `tombstones/${object}` },
          hint: 'Somebody else wrote it; it removes nothing.',
        }),
      )
    }
  }
  return removed
}

/** Returns the name of the instance that made a point, or the start of its id. */
export function instanceName(points: PointChain, { record }: PointInfo): string {
  return points.instances.get(record.instance)?.name ?? shortId(record.instance)
}
