import { present } from '../../base/assert.ts'
import { toHex } from '../../base/bytes.ts'
import { type Clock, timespecOfMs } from '../../base/clock.ts'
import { type BlobId, hexId, idBytes, type ObjectId, type PointId, RANDOM_ID_BYTES } from '../../base/ids.ts'
import { blake3 } from '../../crypto/blake3.ts'
import { sha512 } from '../../crypto/sha512.ts'
import { encodePointDetail } from '../../format/point-detail-codec.ts'
import type { PointCounts, PointRecord, TripwireRecord } from '../../format/records.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { BackupOptions } from '../backup-types.ts'
import type { Source } from '../source.ts'
import { SUSPECT_TAG, suspicionsOf } from '../tripwire/suspicion.ts'
import { type Base, type PartBase, sourceKey, writeBases, writeTable } from './bases.ts'
import { checkAfterCommit, checkBeforeCommit } from './commit-check.ts'
import { type OpenedRun, SOURCES_ATTRIBUTE } from './opened-run.ts'
import type { Run } from './run.ts'
import type { BackupContext } from './run-context.ts'
import { NOTHING_HEALED, type StoredObjects } from './run-store.ts'
import { addCounts, noCounts, type PartCounts } from './table-counts.ts'

const TOOL_FEATURES = { read: [], write: [], prune: [] }
const SOURCE_VERSION = 1

export interface Committed {
  readonly record: PointRecord
  readonly counts: PartCounts
  readonly stored: StoredObjects
}

/**
 * Makes a run's point: everything durable, then the record, then the look whether prune took away what it relies on.
 *
 * @throws {RunError} PRUNED_UNDER_RUN: it did; the point is taken back.
 */
export async function commit(
  run: Run,
  context: BackupContext,
  { source, options }: { readonly source: Source; readonly options: BackupOptions },
): Promise<Committed> {
  const opened = await run.opened
  const { repository, parent } = opened
  const detail = await putDetail(run, opened, source)
  const stored = await finishStore(run)
  const counts = [...run.parts.values()].reduce((sum, part) => addCounts(sum, part.counts), noCounts())
  const packs = stored.packs.map(([id]) => id)
  const objects = [...packs, ...stored.indexes].map(idBytes)
  const entries = counts.files + counts.dirs + counts.others
  const tripwire =
    options.undo === undefined ? await lookForTrouble(run, opened, { ...counts, blobsStored: stored.blobs }) : undefined
  const isSuspect = tripwire !== undefined && tripwire.suspicions.length > 0
  const record: PointRecord = {
    point: hexId<PointId>(context.randomness.bytes(RANDOM_ID_BYTES)),
    chain: opened.chain,
    sequence: opened.sequence,
    type: parent === undefined || options.full ? 'full' : 'incremental',
    started: run.started,
    finished: timespecOfMs(Math.max(context.clock.nowMs(), run.startedMs)),
    instance: repository.instance.id,
    run: opened.run,
    parents: parent === undefined ? [] : [{ point: parent.record.point, hash: parent.innerHash }],
    parts: [...run.parts.values()].map(({ name, trees }, i) => ({
      name,
      source: source.kind,
      version: SOURCE_VERSION,
      attributes: new Map(i === 0 ? [[SOURCES_ATTRIBUTE, opened.sourcesAttribute]] : []),
      trees,
    })),
    bytes: counts.bytes,
    bytesStored: stored.bytes,
    packs,
    indexes: stored.indexes,
    objectsHash: sha512(...objects),
    counts: {
      ...withoutBytes(counts),
      bytesRead: run.progress.bytesRead,
      bytesStored: stored.bytes,
      blobsStored: stored.blobs,
    },
    coverage: run.coverage.counts(entries),
    tags: isSuspect ? [...new Set([...options.tags, SUSPECT_TAG])] : options.tags,
    description: options.description,
    tool: context.tool,
    replaces: undefined,
    detail: detail.id,
    features: TOOL_FEATURES,
    ...(tripwire === undefined ? {} : { tripwire }),
    ...(options.undo === undefined ? {} : { undo: options.undo }),
  }
  const made = await putPoint(record, { opened, stored, clock: context.clock })
  const points = await repository.chain()
  points.rememberMade(made)
  keepBases(run, context, { source, opened, record, hash: made.innerHash, detail, stored })
  return { record, counts, stored }
}

/**
 * Puts a point's record: the commit, with a look around before and after. Returns the point that was made.
 *
 * @throws {RunError} PRUNED_UNDER_RUN
 */
export async function putPoint(
  record: PointRecord,
  { opened, stored, clock }: { opened: OpenedRun; stored: StoredObjects; clock: Clock },
): Promise<PointInfo> {
  const { records, instance, realm } = opened.repository
  const common = { realm: realm.realm, record, signer: instance.id, tags: record.tags }
  const planned: PointInfo = { ...common, object: '' as ObjectId, innerHash: new Uint8Array(0) }
  await checkBeforeCommit({ opened, stored, info: planned })
  const { id, inner } = await records.put('points', record, instance)
  const info = { ...common, object: id, innerHash: sha512(inner) }
  await checkAfterCommit({ opened, stored, info }, clock)
  return info
}

/** Compares a run with the points before it; `undefined` when there is nothing to say about it. */
async function lookForTrouble(
  run: Run,
  { repository, chain }: OpenedRun,
  counts: PartCounts & Pick<PointCounts, 'blobsStored'>,
): Promise<TripwireRecord | undefined> {
  const content = (await run.usedStore)?.content.bytes ?? { contentBytes: 0, incompressibleBytes: 0 }
  const points = (await repository.chain()).of(chain)
  const own = points.filter(({ record }) => record.instance === repository.instance.id)
  const suspicions = suspicionsOf(counts, content, own)
  return content.contentBytes === 0 && suspicions.length === 0 ? undefined : { ...content, suspicions }
}

interface Detail {
  readonly id: BlobId
  readonly digest: string
}

/** Stores what the record keeps out of sight; the same as the parent's is not even looked up. */
async function putDetail(run: Run, opened: OpenedRun, source: Source): Promise<Detail> {
  const { instance } = opened.repository
  const { host, user } = instance
  const bytes = encodePointDetail({ host, user, sources: source.labels, omissions: run.coverage.omissions })
  const digest = toHex(blake3(bytes))
  if (opened.isBaseKept && opened.base?.detail[0] === digest) {
    return { digest, id: new Uint8Array(Buffer.from(opened.base.detail[1], 'hex')) as BlobId }
  }
  const store = await run.store()
  return { digest, id: await store.putBlob('detail', bytes) }
}

async function finishStore(run: Run): Promise<StoredObjects> {
  const store = await run.usedStore
  return store === undefined
    ? { packs: [], indexes: [], bytes: 0, blobs: 0, healed: NOTHING_HEALED, lookedUp: [] }
    : store.finish()
}

function keepBases(
  run: Run,
  context: BackupContext,
  made: {
    source: Source
    opened: OpenedRun
    record: PointRecord
    hash: Uint8Array
    detail: Detail
    stored: StoredObjects
  },
): void {
  const { cache } = context
  const { source, opened, record, hash, detail, stored } = made
  if (cache === undefined) return
  const key = sourceKey(source)
  const parts: PartBase[] = []
  for (const { name, scan } of run.parts.values()) {
    if (scan === undefined) continue
    parts.push({
      part: name,
      table: scan.kept ?? writeTable(cache, key, scan.table),
      rules: scan.rules,
      skips: [...scan.skips],
    })
  }
  const { lists } = opened
  // Listings may be late: what the run went by, the first one need not have shown.
  const index = [...new Set([...lists.index, ...stored.lookedUp, ...stored.indexes])]
  const base: Omit<Base, 'role'> = {
    point: record.point,
    hash: toHex(hash),
    parts,
    detail: [detail.digest, toHex(detail.id)],
    lists: { ...lists, index, packs: [...lists.packs, ...stored.packs] },
  }
  const nowMs = context.clock.nowMs()
  writeBases(cache, key, run.bases, { chain: record.chain, isFull: record.type === 'full', base, nowMs })
}

function withoutBytes(counts: PartCounts): Omit<PartCounts, 'bytes'> {
  const { bytes, ...rest } = counts
  present(bytes, 'the bytes of a point')
  return rest
}
