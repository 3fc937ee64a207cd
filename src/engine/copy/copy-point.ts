import { hexId, idBytes, RANDOM_ID_BYTES, type RunId } from '../../base/ids.ts'
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
import { PointViews } from '../look/point-views.ts'
import { putPoint } from '../run/commit.ts'
import type { OpenedRun } from '../run/opened-run.ts'
import { RunStore } from '../run/run-store.ts'
import { listForRun, storeLists } from '../run/store-lists.ts'
import { ContentCopier } from './content-copier.ts'
import type { CopiedPoint, CopyEvents } from './copy-types.ts'
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

/** Copies one point in a run of its own. What is stored before an interruption is used by the next attempt. */
export async function copyPoint(target: CareContext, copy: PointCopy): Promise<CopiedPoint> {
  const { repository, workers, clock, randomness } = target
  const opened = await openCopyRun(target, copy)
  const store = await RunStore.open({ repository, workers, clock, randomness })
  try {
    const progress = progressOf(target, copy, store)
    const parts = await copyParts(target, copy, { store, progress })
    const detail = await store.putBlob('detail', encodePointDetail(await readPointDetail(copy.source, copy.point)))
    const stored = await store.finish()
    const { record } = copy.point
    const made: PointRecord = {
      ...record,
      run: opened.run,
      parents: await parentsThere(target.repository, copy.point),
      parts,
      bytesStored: stored.bytes,
      packs: stored.packs,
      indexes: stored.indexes,
      objectsHash: sha512(...[...stored.packs, ...stored.indexes].map(idBytes)),
      tags: copy.point.tags,
      detail,
      original: await originalOf(copy.source, copy.point),
    }
    const info = await putPoint(made, { opened, stored, clock })
    const points = await repository.chain({ reload: true })
    points.rememberMade(info)
    return { point: copy.point, bytesRead: progress.bytesRead, bytesStored: stored.bytes }
  } catch (error) {
    // What was stored is entered into an index file, where the next attempt finds it.
    if (copy.signal.aborted) await store.finish().catch(() => undefined)
    throw error
  } finally {
    await store.close()
    await opened.object?.end()
  }
}

/** Announces the run, then lists what is there: in this order, see docs/format.md, "Write order". */
async function openCopyRun(target: CareContext, { point, events }: PointCopy): Promise<OpenedRun> {
  const { repository, clock, scheduler, randomness } = target
  const run = hexId<RunId>(randomness.bytes(RANDOM_ID_BYTES))
  const { records, instance } = repository
  const onProblem = (problem: TidemarkError): void => events.warning?.(problem)
  const object = await RunObject.start({ records, run, instance, clock, scheduler, onProblem })
  try {
    const listed = await listForRun(repository.driver)
    const lists = storeLists(listed)
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
  target: CareContext,
  { source, point, views, signal }: PointCopy,
  to: { readonly store: RunStore; readonly progress: PassProgress },
): Promise<PartRecord[]> {
  const twin = await copiedBefore(target.repository, source, point)
  const copies = new PointViews(target.repository)
  const parts: PartRecord[] = []
  for (const part of point.record.parts) {
    const view = await views.openPart(point, part)
    const named = ({ name }: PartRecord): boolean => name === part.name
    const [old, copy] = [twin?.original.record.parts.find(named), twin?.copy.record.parts.find(named)]
    const before =
      twin === undefined || old === undefined || copy === undefined
        ? undefined
        : { original: await views.openPart(twin.original, old), copy: await copies.openPart(twin.copy, copy) }
    const contents = new ContentCopier(view, to.store, { progress: to.progress, signal })
    const copier = new TreeCopier(view, to.store, { contents, before })
    const roots = before === undefined ? undefined : { original: before.original.root, copy: before.copy.root }
    parts.push({ ...part, trees: await copier.directory(view.root, roots) })
  }
  return parts
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
    throw new IntegrityError('MALFORMED', `the record of point ${point.record.point} cannot be carried along`, {
      context: { point: point.record.point, bytes: inner.byteLength },
      hint: 'Run `tidemark check` in the repository that it lies in.',
    })
  }
  return { repository: source.id, inner, publicKey }
}
