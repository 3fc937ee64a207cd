import type { BitSet } from '../../base/bit-set.ts'
import type { ObjectId } from '../../base/ids.ts'
import type { BlobLocation } from '../../repository/blob-index.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { pruneRules } from './prune-rules.ts'

/** What packs must keep: by pack row, how many blobs; by frame, how many bytes of its payload. */
export interface NeededCopies {
  readonly packBlobs: Uint32Array
  readonly frameBytes: Uint32Array
  /** Needed blobs of which the store has no copy. */
  readonly missing: number
}

/** One place of a blob; the array that holds several is used again for the next blob. */
type OnBlob = (entry: number, places: readonly BlobLocation[]) => void

/** Calls back with every needed blob and all places where the index says that it lies. */
export function forEachNeeded(index: RepositoryIndex, needed: BitSet, onBlob: OnBlob): void {
  const { blobs, copies } = index
  const rows = Uint32Array.from({ length: copies.count }, (_, row) => row)
  rows.sort((a, b) => copies.entryAt(a) - copies.entryAt(b))
  let next = 0
  const places: BlobLocation[] = []
  for (let entry = 0; entry < needed.size; entry++) {
    while (next < rows.length && copies.entryAt(rows[next] ?? 0) < entry) next++
    if (!needed.has(entry)) continue
    places.length = 0
    const location = blobs.location(entry)
    if (location !== undefined) places.push(location)
    for (; next < rows.length && copies.entryAt(rows[next] ?? 0) === entry; next++)
      places.push(copies.at(rows[next] ?? 0))
    onBlob(entry, places)
  }
}

/** Returns those of a blob's places that must stay, of those that are there. */
export function indispensable(
  index: RepositoryIndex,
  isPresent: (row: number) => boolean,
  places: readonly BlobLocation[],
): readonly BlobLocation[] {
  const { frames } = index.blobs
  const packOf = ({ frame }: BlobLocation): number => frames.get(frame).pack
  const there = places.filter((place) => isPresent(packOf(place)))
  if (there.length <= 1) return there
  const canonical = there.reduce((first, other) => {
    return pruneRules.comesBefore(index.packs, packOf(other), packOf(first)) ? other : first
  })
  const isDoubtful = frames.isDoubtful(canonical.frame)
  return pruneRules.canStandIn({ isDoubtful }) ? [canonical] : there
}

/** Finds out what each pack and frame must keep. Memory: four bytes a frame. */
export function neededCopies(
  index: RepositoryIndex,
  present: ReadonlyMap<ObjectId, number>,
  needed: BitSet,
): NeededCopies {
  const { blobs } = index
  const isThere = presence(index, present)
  const packBlobs = new Uint32Array(index.packs.size)
  const frameBytes = new Uint32Array(blobs.frameCount)
  let missing = 0
  forEachNeeded(index, needed, (_, places) => {
    const kept = indispensable(index, isThere, places)
    if (kept.length === 0) missing++
    for (const { frame, length } of kept) {
      const { pack } = blobs.frames.get(frame)
      packBlobs[pack] = (packBlobs[pack] ?? 0) + 1
      frameBytes[frame] = (frameBytes[frame] ?? 0) + length
    }
  })
  return { packBlobs, frameBytes, missing }
}

/** Returns which rows of the pack table are in the store. */
export function presence(index: RepositoryIndex, present: ReadonlyMap<ObjectId, number>): (row: number) => boolean {
  const { packs } = index
  const there = Uint8Array.from({ length: packs.size }, (_, row) => {
    const pack = packs.row(row)
    return pruneRules.isPresent(pack, present.get(pack.id)) ? 1 : 0
  })
  return (row) => there[row] === 1
}
