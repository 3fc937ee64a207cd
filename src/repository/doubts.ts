import type { ObjectId } from '../base/ids.ts'
import { BLOB_ID_BYTES } from '../base/ids.ts'
import type { ObjectInfo } from '../storage/driver.ts'
import type { IndexTables } from './index-tables.ts'

/** What no new point may rely on, though it can be read while it is there. */
export interface Doubts {
  /** Marked, dead or lost, and all that is in them. */
  readonly packs: ReadonlySet<ObjectId>
  readonly lost: readonly LostCopies[]
}

/** Blobs that cannot be read out of these packs; copies in other packs are as good as ever. */
export interface LostCopies {
  readonly packs: readonly ObjectId[]
  /** 32-byte ids, one after the other. */
  readonly blobs: Uint8Array
}

/** Marks the frames that doubts name, and lets sound copies take their blobs' places. */
export function applyDoubts(tables: IndexTables, doubts: Doubts): void {
  const { packs } = tables
  for (const id of doubts.packs) {
    const row = packs.rowOf(id)
    if (row !== undefined) doubtPack(tables, row)
  }
  for (const lost of doubts.lost) doubtCopies(tables, lost)
  preferSound(tables)
}

/** Marks the frames that hold `lost.blobs` in `lost.packs`. */
function doubtCopies(tables: IndexTables, lost: LostCopies): void {
  const { blobs, packs, copies } = tables
  const rows = new Set(lost.packs.map((id) => packs.rowOf(id)))
  const doubtIn = (frame: number): void => {
    if (rows.has(blobs.frames.get(frame).pack)) doubtFrame(tables, frame)
  }
  const entries = new Set<number>()
  for (let at = 0; at < lost.blobs.byteLength; at += BLOB_ID_BYTES) {
    const entry = blobs.find(lost.blobs, at)
    const location = entry < 0 ? undefined : blobs.location(entry)
    if (location === undefined) continue
    entries.add(entry)
    doubtIn(location.frame)
  }
  for (let row = 0; row < copies.count; row++) {
    const { entry, frame } = copies.at(row)
    if (entries.has(entry)) doubtIn(frame)
  }
}

/** Marks the packs that the index names and that are not among those `listed`, with their sizes. */
export function doubtAbsentPacks(tables: IndexTables, listed: readonly ObjectInfo[]): void {
  const { packs } = tables
  const isThere = new Uint8Array(packs.size)
  for (const { name, bytes } of listed) {
    const row = packs.rowOf(name.id)
    if (row !== undefined && packs.row(row).bytes === bytes) isThere[row] = 1
  }
  for (let row = 0; row < isThere.length; row++) if (isThere[row] === 0) doubtPack(tables, row)
  preferSound(tables)
}

/** Marks the packs that none of the index files `there` names. */
export function doubtUnnamedPacks(tables: IndexTables, there: ReadonlySet<ObjectId>): void {
  const { packs } = tables
  for (let row = 0; row < packs.size; row++) if (!packs.namedBy(row).some((id) => there.has(id))) doubtPack(tables, row)
  preferSound(tables)
}

/** Marks one frame; `preferSound` is the caller's to call once all are marked. */
export function doubtFrame({ blobs, packs }: IndexTables, frame: number): void {
  blobs.frames.markDoubtful(frame)
  packs.doubt(blobs.frames.get(frame).pack)
}

/** Marks all frames of a pack; `preferSound` is the caller's to call once all are marked. */
export function doubtPack({ blobs, packs }: IndexTables, row: number): void {
  const { firstFrame = 0, frames = 0 } = packs.row(row)
  packs.doubt(row)
  for (let frame = firstFrame; frame < firstFrame + frames; frame++) blobs.frames.markDoubtful(frame)
}

/** Swaps blobs in doubtful frames with copies in others; of several, the first by level and pack id. */
export function preferSound(tables: IndexTables): void {
  const { blobs, copies } = tables
  for (let row = 0; row < copies.count; row++) {
    const { entry, ...copy } = copies.at(row)
    const current = blobs.location(entry)
    if (current === undefined || blobs.frames.isDoubtful(copy.frame)) continue
    const isBetter = blobs.frames.isDoubtful(current.frame) || tables.comesBefore(copy.frame, current.frame)
    if (!isBetter) continue
    blobs.locate(entry, copy)
    copies.set(row, { entry, ...current })
  }
}
