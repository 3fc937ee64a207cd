import type { ObjectId } from '../base/ids.ts'
import { BLOB_ID_BYTES } from '../base/ids.ts'
import type { Driver } from '../storage/driver.ts'
import type { IndexTables } from './index-tables.ts'

/** What no new point may rely on, though it can be read while it is there. */
export interface Doubts {
  /** Marked, dead or lost. */
  readonly packs: ReadonlySet<ObjectId>
  /** Lost: 32-byte ids, one after the other. */
  readonly blobs: readonly Uint8Array[]
}

/**
 * Marks the frames that doubts name, and lets sound copies take their blobs' places.
 *
 * A pack in doubt says nothing against the same blobs in other packs. A blob that is itself called lost is in doubt
 * wherever it lies: which of its copies was rotten is not known, and storing it once more is the safe mistake.
 */
export function applyDoubts(tables: IndexTables, doubts: Doubts): void {
  const { blobs, packs, copies } = tables
  for (const id of doubts.packs) {
    const row = packs.rowOf(id)
    if (row !== undefined) doubtPack(tables, row)
  }
  for (const ids of doubts.blobs) {
    for (let at = 0; at + BLOB_ID_BYTES <= ids.byteLength; at += BLOB_ID_BYTES) {
      const entry = blobs.find(ids, at)
      if (entry < 0) continue
      for (const { frame } of [blobs.location(entry), ...copies.of(entry)].filter((place) => place !== undefined)) {
        blobs.frames.markDoubtful(frame)
        packs.doubt(blobs.frames.get(frame).pack)
      }
    }
  }
  preferSound(tables)
}

/** Lists the packs in the store, names and sizes only, and marks those that the index names and the store lacks. */
export async function doubtAbsentPacks(tables: IndexTables, driver: Driver, signal?: AbortSignal): Promise<void> {
  const { packs } = tables
  const isThere = new Uint8Array(packs.size)
  for await (const { name, bytes } of driver.list('packs', signal)) {
    const row = packs.rowOf(name.id)
    if (row !== undefined && packs.row(row).bytes === bytes) isThere[row] = 1
  }
  for (let row = 0; row < isThere.length; row++) if (isThere[row] === 0) doubtPack(tables, row)
  preferSound(tables)
}

function doubtPack({ blobs, packs }: IndexTables, row: number): void {
  const { firstFrame = 0, frames = 0 } = packs.row(row)
  packs.doubt(row)
  for (let frame = firstFrame; frame < firstFrame + frames; frame++) blobs.frames.markDoubtful(frame)
}

/** Swaps blobs in doubtful frames with copies in others; of several, the first by level and pack id. */
function preferSound(tables: IndexTables): void {
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
