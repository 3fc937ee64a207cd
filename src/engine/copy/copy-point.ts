import { idBytes, shortId } from '../../base/ids.ts'
import { IntegrityError } from '../../base/errors.ts'
import { sha512 } from '../../crypto/sha512.ts'
import { encodePointDetail } from '../../format/point-detail-codec.ts'
import { ORIGINAL_BYTES_MAX } from '../../format/point-extensions.ts'
import type { OriginalRecord, PointRecord } from '../../format/records.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import { readPointDetail } from '../../repository/read-point-detail.ts'
import type { Repository } from '../../repository/repository.ts'
import type { CareContext } from '../care-types.ts'
import { putPoint } from '../run/commit.ts'
import type { OpenedRun } from '../run/opened-run.ts'
import { RunStore } from '../run/run-store.ts'
import { copyParts, type PointCopy, type PointTwin, progressOf } from './copy-parts.ts'
import { type CopyRun, openCopyRun } from './copy-run.ts'
import type { CopiedPoint } from './copy-types.ts'

/**
 * Copies one point in a run of its own. What is stored before an interruption is used by the next attempt. Returns nothing when
 * somebody else has copied it meanwhile.
 *
 * @throws {IntegrityError} some of it cannot be read: it is not made, and what was stored is used by the next one.
 */
export async function copyPoint(target: CareContext, copy: PointCopy): Promise<CopiedPoint | undefined> {
  const run = await openCopyRun(target, copy.events)
  try {
    const there = await target.repository.chain()
    return there.get(copy.point.record.point) === undefined ? await storePoint(target, copy, run) : undefined
  } finally {
    await run.object.end()
  }
}

async function storePoint(target: CareContext, copy: PointCopy, copyRun: CopyRun): Promise<CopiedPoint> {
  const { repository, workers, clock, randomness } = target
  const store = new RunStore({ repository, workers, clock, randomness })
  try {
    const progress = progressOf(target, copy, store)
    const twin = await copiedBefore(repository, copy.source, copy.point)
    const parts = await copyParts(copy, twin, { lists: copyRun.lists, store, progress })
    const detail = await store.putBlob('detail', encodePointDetail(await readPointDetail(copy.source, copy.point)))
    const stored = await store.finish()
    const packs = stored.packs.map(([id]) => id)
    const { record } = copy.point
    const { chain, sequence } = record
    const base = { parent: undefined, base: undefined, isBaseKept: false, sourcesAttribute: '' }
    const opened: OpenedRun = { repository, chain, sequence, ...copyRun, ...base }
    const made: PointRecord = {
      ...record,
      run: opened.run,
      parents: await parentsThere(target.repository, copy.point),
      parts,
      bytesStored: stored.bytes,
      packs,
      indexes: stored.indexes,
      objectsHash: sha512(...[...packs, ...stored.indexes].map(idBytes)),
      tags: copy.point.tags,
      detail,
      original: await originalOf(copy.source, copy.point),
    }
    const info = await putPoint(made, { opened, stored, clock })
    const points = await repository.chain({ reload: true })
    points.rememberMade(info)
    return { point: copy.point, bytesRead: progress.bytesRead, bytesStored: stored.bytes }
  } catch (error) {
    // What was stored is entered into an index file, where the next attempt finds it, and the next point, too.
    if (copy.signal.aborted || error instanceof IntegrityError) await store.finish().catch(() => undefined)
    throw error
  } finally {
    await store.close()
  }
}

/** Returns the last point of the chain before this one that both repositories have. */
async function copiedBefore(
  target: Repository,
  source: Repository,
  { record }: PointInfo,
): Promise<PointTwin | undefined> {
  const [there, here] = await Promise.all([source.chain(), target.chain()])
  for (const original of there.of(record.chain).toReversed()) {
    if (original.record.sequence >= record.sequence) continue
    const copy = here.get(original.record.point)
    if (copy?.realm === target.realm.realm) return { original, copy }
  }
  return undefined
}

/** The copies of the point's parents, as far as they are there. */
async function parentsThere(target: Repository, { record }: PointInfo): Promise<PointRecord['parents']> {
  const here = await target.chain()
  return record.parents.flatMap(({ point }) => {
    const copy = here.get(point)
    return copy === undefined ? [] : [{ point, hash: copy.innerHash }]
  })
}

/** The record as its instance signed it; of a copy, the first one. */
async function originalOf(source: Repository, point: PointInfo): Promise<OriginalRecord> {
  if (point.record.original !== undefined) return point.record.original
  const { inner, signer } = await source.records.get('points', point.object)
  const publicKey = await source.records.publicKeyOf(signer)
  if (publicKey === undefined || inner.byteLength > ORIGINAL_BYTES_MAX) {
    throw new IntegrityError(
      'MALFORMED',
      `the record of point ${shortId(point.record.point)} cannot be carried along`,
      {
        context: { point: point.record.point, bytes: inner.byteLength },
        hint: 'Run `tidemark check` in the repository that it lies in.',
      },
    )
  }
  return { repository: source.id, inner, publicKey }
}
