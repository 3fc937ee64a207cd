import { isNotFound } from '../../base/errors.ts'
import type { InstanceId, ObjectId } from '../../base/ids.ts'
import type { Repository } from '../../repository/repository.ts'
import type { Observations } from './observations.ts'
import { realmOfPack } from './pack-header-realm.ts'
import { type GraceTime, pruneRules } from './prune-rules.ts'
import type { RealmView } from './realm-view.ts'

export interface UnneededOptions {
  readonly repository: Repository
  readonly view: RealmView
  readonly seen: Observations
  readonly time: GraceTime
  /** Nothing else runs: no run is about to commit or index anything. */
  readonly exclusive: boolean
  readonly signal: AbortSignal
}

/** Packs that may be marked, and that may be deleted once they were marked for long enough, with their sizes. */
export async function unneededPacks(options: UnneededOptions): Promise<Map<ObjectId, number>> {
  const { view } = options
  const { index, present, copies } = view
  const found = new Map<ObjectId, number>()
  const guarded = await guardedIndexes(options)
  const ofPoints = new Set(view.points.flatMap(({ record }) => record.packs))
  for (const [id, bytes] of present) {
    const row = index.packs.rowOf(id)
    if (row === undefined) {
      if (await isLeftOver(id, options)) found.set(id, bytes)
      continue
    }
    if ((copies.packBlobs[row] ?? 0) > 0) continue
    const names = index.packs.namedBy(row)
    const isGuarded = names.length > 0 && names.every((name) => guarded.has(name)) && !ofPoints.has(id)
    if (!isGuarded) found.set(id, bytes)
  }
  return found
}

/** Returns the index files that name packs which a run may be about to commit. */
export async function guardedIndexes({
  repository,
  view,
  seen,
  time,
  exclusive,
}: UnneededOptions): Promise<ReadonlySet<ObjectId>> {
  const guarded = new Set<ObjectId>()
  const runs = [...seen.runs.values()].filter((run) => !pruneRules.isOver(run, time))
  if (exclusive || runs.length === 0) return guarded
  const own = new Set(Array.from({ length: view.index.packs.size }, (_, row) => view.index.packs.namedBy(row)).flat())
  for (const [id, index] of seen.unsettled) {
    if (!own.has(id)) continue
    const signer = index.signer ?? (await signerOf(repository, id))
    // Somebody merged it: its packs are in another file now.
    if (signer === undefined) continue
    seen.unsettled.set(id, { ...index, signer })
    const isRelevant = runs.some((run) => run.instance === signer && pruneRules.mayStillCommit(run, index, time))
    if (isRelevant) guarded.add(id)
  }
  return guarded
}

async function signerOf({ records }: Repository, index: ObjectId): Promise<InstanceId | undefined> {
  try {
    return (await records.get('index', index)).signer
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Tells whether a pack that no index names is this realm's, and no run's that may still name it. */
async function isLeftOver(id: ObjectId, options: UnneededOptions): Promise<boolean> {
  const { repository, seen, time, exclusive, signal } = options
  let known = seen.unindexed.get(id)
  if (known === undefined) {
    const realm = await realmOfPack(repository.driver, id, signal)
    if (realm === undefined) return false
    known = { realm, firstMs: time.nowMs }
    seen.unindexed.set(id, known)
  }
  if (known.realm !== repository.realm.realm) return false
  const anyRunLives = [...seen.runs.values()].some((run) => !pruneRules.isOver(run, time))
  return exclusive || !pruneRules.mayStillBeIndexed(known.firstMs, anyRunLives, time)
}
