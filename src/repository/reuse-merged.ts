import { present } from '../base/assert.ts'
import type { ObjectId } from '../base/ids.ts'
import { generationLayout } from './blob-generation.ts'
import { BlobIndex, type BlobLocation } from './blob-index.ts'
import { FrameTable } from './frame-table.ts'
import { IndexTables } from './index-tables.ts'
import type { MergedFile } from './merged-file.ts'

export interface ReuseOptions {
  /** Index files that are in the store now. */
  readonly listed: ReadonlySet<ObjectId>
  /** Blobs, at most, that will be added to what is returned. */
  readonly newBlobs: number
}

const ID_BYTES = 16
const LOCATION_WORDS = 3
/** More than what rounding to blocks of entries takes. */
const SLACK_ENTRIES = 1024
/** What is moved gets room for an eighth more, so that many runs pass until the next move. */
const ROOM_TO_GROW = 8

/**
 * Returns tables of one generation with all that a kept merged index took from files still listed, and with room for
 * more; `undefined` when a part of it is missing.
 *
 * Mostly its memory is read straight in. When files are gone, or the room is too small, entries are moved over piece by
 * piece, so that there is never a second copy of the whole.
 */
export function reuseMerged(file: MergedFile, options: ReuseOptions): IndexTables | undefined {
  const { entries, slots, indexIds } = file.head
  const isWhole = indexIds.every((id) => options.listed.has(id))
  const fits = options.newBlobs === 0 || entries + options.newBlobs + SLACK_ENTRIES <= generationLayout(slots).capacity
  return isWhole && fits ? file.load() : moveOver(file, options)
}

function moveOver(file: MergedFile, { listed, newBlobs }: ReuseOptions): IndexTables | undefined {
  const segments = file.readFrames()
  const copies = file.readCopies()
  if (segments === undefined || copies === undefined) return undefined
  const frames = new FrameTable(segments)
  const tables = new IndexTables({
    blobs: BlobIndex.create(Math.ceil(file.head.entries * (1 + 1 / ROOM_TO_GROW)) + newBlobs + SLACK_ENTRIES),
    indexIds: file.head.indexIds.filter((id) => listed.has(id)),
  })
  const shifts = movePacks(file, { listed, frames, tables })
  const moved = (location: BlobLocation): BlobLocation | undefined => {
    const shift = shifts[frames.get(location.frame).pack]
    return shift === undefined ? undefined : { ...location, frame: location.frame + shift }
  }
  const copiesOf = new Map<number, BlobLocation[]>()
  for (let row = 0; row < copies.count; row++) {
    const { entry, ...location } = copies.at(row)
    copiesOf.set(entry, [...(copiesOf.get(entry) ?? []), location])
  }
  for (let piece = 0; piece < file.entryPieces; piece++) {
    const columns = file.readEntries(piece)
    if (columns === undefined) return undefined
    const { first, ids, locations } = columns
    for (let i = 0; i * ID_BYTES < ids.byteLength; i++) {
      const [frame = 0, offset = 0, length = 0] = locations.subarray(i * LOCATION_WORDS, (i + 1) * LOCATION_WORDS)
      // No blob is empty: this entry was never taken.
      if (length === 0) continue
      for (const location of [{ frame, offset, length }, ...(copiesOf.get(first + i) ?? [])]) {
        const to = moved(location)
        if (to !== undefined) tables.addBlob({ ids, at: i * ID_BYTES }, to)
      }
    }
  }
  return tables
}

/** Moves the packs that a listed file names, and their frames; returns by how much their frames' numbers change. */
function movePacks(
  file: MergedFile,
  { listed, frames, tables }: { listed: ReadonlySet<ObjectId>; frames: FrameTable; tables: IndexTables },
): (number | undefined)[] {
  const { packs } = file.head
  return Array.from({ length: packs.size }, (_, row) => {
    const namedBy = packs.namedBy(row).filter((id) => listed.has(id))
    if (namedBy.length === 0) return undefined
    const { writerKey, firstFrame = 0, frames: count = 0, ...fields } = packs.row(row)
    const { sealed } = present(packs.writerKeys[writerKey], "a pack's writer key")
    tables.blobs.ensure({ blobs: 0, frames: count })
    const first = tables.blobs.frameCount
    const pack = tables.packs.add({ ...fields, firstFrame: first, frames: count, sealedWriterKey: sealed, namedBy })
    for (let frame = firstFrame; frame < firstFrame + count; frame++) {
      tables.blobs.frames.set(tables.blobs.takeFrames(), { ...frames.get(frame), pack })
    }
    return first - firstFrame
  })
}
