import { BitSet } from '../base/bit-set.ts'
import type { ObjectId } from '../base/ids.ts'
import { BLOB_ID_BYTES } from '../base/ids.ts'
import type { ObjectInfo } from '../storage/driver.ts'
import type { IndexTables } from './index-tables.ts'

/** What no new point may rely on, though it can be read while it is there. */
export interface Doubts {
  /** Marked or dead: a prune found that no point needs what is in them. */
  readonly unneeded: ReadonlySet<ObjectId>
  readonly lost: readonly LostCopies[]
}

/** Blobs that cannot be read out of these packs; copies in other packs are as good as ever. */
export interface LostCopies {
  readonly packs: readonly ObjectId[]
  /** 32-byte ids, one after the other; none means all that is in the packs. */
  readonly blobs: Uint8Array
}

/** Marks the frames that hold what is lost, and lets sound copies take their blobs' places. */
export function doubtLost(tables: IndexTables, { lost }: Doubts): void {
  for (const copies of lost) {
    if (copies.blobs.byteLength > 0) doubtCopies(tables, copies)
    else doubtPacks(tables, copies.packs)
  }
  preferSound(tables)
}

/** Marks the packs that prunes named, and lets sound copies take their blobs' places. */
export function doubtUnneeded(tables: IndexTables, { unneeded }: Doubts): void {
  doubtPacks(tables, unneeded)
  preferSound(tables)
}

function doubtPacks(tables: IndexTables, ids: Iterable<ObjectId>): void {
  for (const id of ids) {
    const row = tables.packs.rowOf(id)
    if (row !== undefined) doubtPack(tables, row)
  }
}

/** Returns the entries of which no place is sound, leaving out those in packs that prunes named; `undefined`: there are none. */
export function doubtfulEntries({ blobs, packs }: IndexTables, { unneeded }: Doubts): BitSet | undefined {
  const isDoubted = new Uint8Array(packs.size)
  for (let row = 0; row < packs.size; row++) {
    const { id, firstFrame = 0, frames = 0 } = packs.row(row)
    if (unneeded.has(id)) continue
    for (let frame = firstFrame; frame < firstFrame + frames; frame++) {
      if (blobs.frames.isDoubtful(frame)) isDoubted[row] = 1
    }
  }
  if (!isDoubted.includes(1)) return undefined
  const found = new BitSet(blobs.entryBound)
  for (let entry = 0; entry < blobs.entryBound; entry++) {
    const location = blobs.location(entry)
    if (location === undefined || !blobs.frames.isDoubtful(location.frame)) continue
    if (isDoubted[blobs.frames.get(location.frame).pack] === 1) found.add(entry)
  }
  return found
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
