import { hexId, idBytes, RANDOM_ID_BYTES, type RunId, shortId } from '../../base/ids.ts'
import { IntegrityError, type TidemarkError } from '../../base/errors.ts'
import { sha512 } from '../../crypto/sha512.ts'
import { encodePointDetail } from '../../format/point-detail-codec.ts'
import { ORIGINAL_BYTES_MAX } from '../../format/point-extensions.ts'
import type { OriginalRecord, PartRecord, PointRecord } from '../../format/records.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import { readPointDetail } from '../../repository/read-point-detail.ts'
import type { Repository } from '../../repository/repository.ts'
import { RunObject } from '../../repository/run-object.ts'
import { PassProgress } from '../backup/pass-progress.ts'
import type { CareContext } from '../care-types.ts'
import type { PointViews } from '../look/point-views.ts'
import { openPointView } from '../point-view.ts'
import { putPoint } from '../run/commit.ts'
import type { OpenedRun } from '../run/opened-run.ts'
import { RunStore } from '../run/run-store.ts'
import { listForRun, storeLists } from '../run/store-lists.ts'
import { ContentCopier } from './content-copier.ts'
import { CopiedBefore } from './copied-before.ts'
import type { CopiedPoint, CopyEvents } from './copy-types.ts'
import { Stopping } from './stopping.ts'
import { TreeCopier } from './tree-copier.ts'

interface PointCopy {
  readonly source: Repository
  readonly point: PointInfo
  readonly views: PointViews
  readonly pointsDone: number
  readonly pointsTotal: number
  readonly events: CopyEvents
  readonly signal: AbortSignal
}

/**
 * Copies one point in a run of its own. What is stored before an interruption is used by the next attempt. Returns nothing when
 * somebody else has copied it meanwhile.
 *
 * @throws {IntegrityError} some of it cannot be read: it is not made, and what was stored is used by the next one.
 */
export async function copyPoint(target: CareContext, copy: PointCopy): Promise<CopiedPoint | undefined> {
  const opened = await openCopyRun(target, copy)
  try {
    const there = await target.repository.chain()
    return there.get(copy.point.record.point) === undefined ? await storePoint(target, copy, opened) : undefined
  } finally {
    await opened.object?.end()
  }
}

async function storePoint(target: CareContext, copy: PointCopy, opened: OpenedRun): Promise<CopiedPoint> {
  const { repository, workers, clock, randomness } = target
  const store = await RunStore.open({ repository, workers, clock, randomness })
  try {
    const progress = progressOf(target, copy, store)
    const parts = await copyParts(target, copy, { opened, store, progress })
    const detail = await store.putBlob('detail', encodePointDetail(await readPointDetail(copy.source, copy.point)))
    const stored = await store.finish()
    const packs = stored.packs.map(([id]) => id)
    const { record } = copy.point
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

/** Announces the run, then lists what is there, points last: in this order, see docs/format.md, "Write order". */
async function openCopyRun(target: CareContext, { point, events }: PointCopy): Promise<OpenedRun> {
  const { repository, clock, scheduler, randomness } = target
  const run = hexId<RunId>(randomness.bytes(RANDOM_ID_BYTES))
  const { records, instance } = repository
  const onProblem = (problem: TidemarkError): void => events.warning?.(problem)
  const object = await RunObject.start({ records, run, instance, clock, scheduler, onProblem })
  try {
    const listed = await listForRun(repository.driver)
    const lists = storeLists(listed)
    await repository.chain({ reload: true, listed })
    const { chain, sequence } = point.record
    const base = { parent: undefined, base: undefined, isBaseKept: false, sourcesAttribute: '' }
    return { repository, run, object, chain, sequence, lists, listed, ...base }
  } catch (error) {
    await object.end()
    throw error
  }
}

function progressOf({ clock }: CareContext, copy: PointCopy, store: RunStore): PassProgress {
  const { point, pointsDone, pointsTotal, events } = copy
  const progress: PassProgress = new PassProgress(
    {
      progress: () => {
        const { filesDone, bytesRead } = progress
        events.copying?.({ point, pointsDone, pointsTotal, filesDone, bytesRead, bytesStored: store.stored.bytes })
      },
    },
    clock,
    () => store.stored.bytes,
  )
  return progress
}

async function copyParts(
  { repository }: CareContext,
  { source, point, views, signal }: PointCopy,
  to: { readonly opened: OpenedRun; readonly store: RunStore; readonly progress: PassProgress },
): Promise<PartRecord[]> {
  const { opened, store, progress } = to
  const twin = await copiedBefore(repository, source, point)
  const stopping = new Stopping(signal)
  const parts: PartRecord[] = []
  for (const part of point.record.parts) {
    const view = await views.openPart(point, part)
    const before = twin === undefined ? undefined : await partBefore(twin, part.name, { opened, store, views })
    const contents = new ContentCopier(view, store, { progress, stopping })
    const copier = new TreeCopier(view, store, { contents, before, stopping })
    parts.push({ ...part, trees: await copier.directory(view.root, before?.root) })
  }
  return parts
}

/** Opens a part of a point that was copied before, if it had one of that name. */
async function partBefore(
  twin: { readonly original: PointInfo; readonly copy: PointInfo },
  name: string,
  by: { readonly opened: OpenedRun; readonly store: RunStore; readonly views: PointViews },
): Promise<CopiedBefore | undefined> {
  const { opened, store, views } = by
  const [old, copied] = [twin.original, twin.copy].map(({ record }) => record.parts.find((part) => part.name === name))
  if (old === undefined || copied === undefined) return undefined
  const original = await views.openPart(twin.original, old)
  const copy = openPointView(await store.blobs(), [copied])
  return new CopiedBefore({ original, copy, index: await store.index(), lists: opened.lists })
}

/** Returns the last point of the chain before this one that both repositories have. */
async function copiedBefore(
  target: Repository,
  source: Repository,
  { record }: PointInfo,
): Promise<{ readonly original: PointInfo; readonly copy: PointInfo } | undefined> {
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
