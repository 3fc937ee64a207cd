import { fromHex } from '../../base/bytes.ts'
import { IntegrityError } from '../../base/errors.ts'
import { encodePointDetail } from '../../format/point-detail-codec.ts'
import { compareCreated, type PointInfo } from '../../repository/point-info.ts'
import { readPointDetail } from '../../repository/read-point-detail.ts'
import type { Repository } from '../../repository/repository.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import type { CareContext } from '../care-types.ts'
import { PointViews } from '../look/point-views.ts'
import { reach, type ReachProblem } from '../reach/reach.ts'
import { type HealedBlobs, NOTHING_HEALED, RunStore } from '../run/run-store.ts'
import { copyParts, type PointTwin, progressOf } from './copy-parts.ts'
import { openCopyRun } from './copy-run.ts'
import type { CopyEvents } from './copy-types.ts'

export interface TargetHealing {
  readonly source: Repository
  readonly dryRun: boolean
  readonly events: CopyEvents
  readonly signal: AbortSignal
}

export interface HealedTarget {
  readonly healed: HealedBlobs
  /** Blobs that points there need and that are lost even now. */
  readonly lostBlobs: number
}

/** Blobs that points need and that the store lacks, as far as trees can be read. */
interface Lacking {
  readonly blobs: number
  /** Of those given, the first one that needs each of them. */
  readonly points: readonly PointInfo[]
}

const UNHARMED: HealedTarget = { healed: NOTHING_HEALED, lostBlobs: 0 }

/**
 * Stores again what points need that were copied before and that is lost where they were copied to: what a check called lost, and
 * what lies in packs that are missing or cut off. Where nothing is lost, only lists and the index are read.
 *
 * @throws {StorageError} of the drivers. @throws the signal's reason; what is durable is kept.
 */
export async function healTarget(target: CareContext, healing: TargetHealing): Promise<HealedTarget> {
  const { repository } = target
  const { source, dryRun, signal } = healing
  using index = await repository.indexForRun()
  if (index.lost === undefined) return UNHARMED
  const [there, here] = await Promise.all([repository.chain(), source.chain()])
  const points = there.points.filter(({ realm }) => realm === repository.realm.realm).sort(compareCreated)
  const twins = new Map<PointInfo, PointTwin>()
  for (const copy of points) {
    const original = here.get(copy.record.point)
    if (original !== undefined) twins.set(copy, { original, copy })
  }
  if (dryRun) return { ...UNHARMED, lostBlobs: (await lacking(repository, index, { points, signal })).blobs }
  let healed = NOTHING_HEALED
  // What a point could not be given back, because it is damaged here as well, another one may be that needs it, too.
  for (;;) {
    using now = await repository.indexForRun()
    const harmed = (await lacking(repository, now, { points: [...twins.keys()], signal })).points
    const toHeal = harmed.flatMap((copy) => twins.get(copy) ?? [])
    if (toHeal.length === 0) break
    const more = await healPoints(target, toHeal, healing)
    healed = { blobs: healed.blobs + more.blobs, bytes: healed.bytes + more.bytes }
    for (const copy of harmed) twins.delete(copy)
  }
  using after = await repository.indexForRun()
  return { healed, lostBlobs: (await lacking(repository, after, { points, signal })).blobs }
}

/** Copies points once more onto themselves: what is sound there is left as it is, and what is not is stored again. */
async function healPoints(
  target: CareContext,
  twins: readonly PointTwin[],
  { source, events, signal }: TargetHealing,
): Promise<HealedBlobs> {
  const { repository, workers, clock, randomness } = target
  const { object, lists } = await openCopyRun(target, events)
  try {
    const store = new RunStore({ repository, workers, clock, randomness })
    try {
      const views = new PointViews(source)
      for (const [pointsDone, twin] of twins.entries()) {
        const point = twin.original
        const copy = { source, point, views, pointsDone, pointsTotal: twins.length, events, signal }
        try {
          await copyParts(copy, twin, { lists, store, progress: progressOf(target, copy, store) })
          await store.putBlob('detail', encodePointDetail(await readPointDetail(source, point)))
        } catch (error) {
          signal.throwIfAborted()
          // It is damaged here as well: what is left is told in the end.
          if (!(error instanceof IntegrityError)) throw error
        }
      }
      return (await store.finish()).healed
    } finally {
      await store.close()
    }
  } finally {
    await object.end()
  }
}

async function lacking(
  repository: Repository,
  index: RepositoryIndex,
  { points, signal }: { readonly points: readonly PointInfo[]; readonly signal: AbortSignal },
): Promise<Lacking> {
  const { lost } = index
  if (lost === undefined || points.length === 0) return { blobs: 0, points: [] }
  let blobs = 0
  const harmed = new Set<PointInfo>()
  const onNeeded = (entry: number, point: PointInfo): void => {
    if (!lost.has(entry)) return
    blobs++
    harmed.add(point)
  }
  const onProblem = ({ point, error }: ReachProblem): void => {
    harmed.add(point)
    const { blob } = error.context
    const id = typeof blob === 'string' ? fromHex(blob) : undefined
    const entry = id === undefined ? -1 : index.blobs.find(id)
    // One that is known to be lost was counted when it was needed.
    if (entry < 0 || !lost.has(entry)) blobs++
  }
  await reach({ index, blobs: repository.blobsIn(index), points, onNeeded, onProblem, signal })
  return { blobs, points: [...harmed] }
}
