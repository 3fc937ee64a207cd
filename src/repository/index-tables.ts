import { IntegrityError } from '../base/errors.ts'
import type { ObjectId } from '../base/ids.ts'
import type { IndexColumns, IndexedPack } from '../format/index-file.ts'
import { PACK_HEADER_BYTES } from '../format/pack.ts'
import { assert, present } from '../base/assert.ts'
import { packPath } from '../storage/driver.ts'
import type { BlobIndex, BlobLocation } from './blob-index.ts'
import { CopyTable } from './copy-table.ts'
import { PackTable } from './pack-table.ts'

/** The least that an index file spends on a blob: a bound on how many it can hold. */
const INDEX_BYTES_PER_BLOB = 44

/** Returns how many blobs index files of `bytes` bytes in all hold at most. */
export function blobsAtMost(bytes: number): number {
  return Math.ceil(bytes / INDEX_BYTES_PER_BLOB)
}

/** Everything that index files say, merged. Belongs to one thread but for `blobs`. */
export class IndexTables {
  readonly blobs: BlobIndex
  readonly packs: PackTable
  readonly copies: CopyTable
  /** Index files whose content is in here. */
  readonly indexIds: ObjectId[]

  constructor(parts: { blobs: BlobIndex; packs?: PackTable; copies?: CopyTable; indexIds?: readonly ObjectId[] }) {
    this.blobs = parts.blobs
    this.packs = parts.packs ?? new PackTable()
    this.copies = parts.copies ?? new CopyTable()
    this.indexIds = [...(parts.indexIds ?? [])]
  }

  /**
   * Takes in one index file whole, or nothing of it. Of several copies of a blob, the first by level and pack id wins.
   *
   * @throws {IntegrityError} MALFORMED: an earlier file says otherwise of a pack.
   */
  add(index: ObjectId, columns: IndexColumns): void {
    const ranges = frameRanges(columns)
    this.#checkKnown(index, columns.packs, ranges)
    const { framePacks, blobFrames, blobIds, blobOffsets, blobLengths } = columns
    // What to add to a frame's row in the file to have its number here, by pack; packs known before are passed over.
    const shifts = new Int32Array(columns.packs.length)
    const isNew = new Uint8Array(columns.packs.length)
    columns.packs.forEach((pack, i) => {
      const known = this.packs.rowOf(pack.id)
      if (known !== undefined) return this.packs.addName(known, index)
      isNew[i] = 1
      const { first, count } = present(ranges[i], 'the range of a pack')
      shifts[i] = this.#addPack(index, { columns, pack, first, count }) - first
    })
    // There is room already, unless the store lied about the size of its files.
    this.blobs.ensure({ blobs: blobFrames.length, frames: 0 })
    for (let blob = 0; blob < blobFrames.length; blob++) {
      const frame = blobFrames[blob] ?? 0
      const pack = framePacks[frame] ?? 0
      if (isNew[pack] === 0) continue
      const offset = blobOffsets[blob] ?? 0
      const length = blobLengths[blob] ?? 0
      this.addBlob({ ids: blobIds, at: blob * 32 }, { frame: frame + (shifts[pack] ?? 0), offset, length })
    }
    this.indexIds.push(index)
  }

  /** Takes in one blob whose frame is in the table. */
  addBlob(id: { readonly ids: Uint8Array; readonly at: number }, location: BlobLocation): number {
    const claimed = this.blobs.claim(id.ids, id.at)
    if (claimed >= 0) {
      this.blobs.locate(claimed, location)
      return claimed
    }
    const entry = -1 - claimed
    const known = present(this.blobs.location(entry), 'the location of a blob that was merged')
    const wins = this.comesBefore(location.frame, known.frame)
    if (wins) this.blobs.locate(entry, location)
    this.copies.push({ entry, ...(wins ? known : location) })
    return entry
  }

  /** Tells whether a copy in `frame` comes before one in `other`. */
  comesBefore(frame: number, other: number): boolean {
    const { frames } = this.blobs
    return this.packs.comesBefore(frames.get(frame).pack, frames.get(other).pack)
  }

  #addPack(index: ObjectId, from: { columns: IndexColumns; pack: IndexedPack; first: number; count: number }): number {
    const { columns, pack, first, count } = from
    this.blobs.ensure({ blobs: 0, frames: count })
    const { writerKey, id, kind, salt, bytes, generation, level } = pack
    const sealedWriterKey = present(columns.sealedWriterKeys[writerKey], "a pack's writer key")
    const firstFrame = this.blobs.frameCount
    const fields = { id, kind, salt, bytes, generation, level, firstFrame, frames: count }
    const row = this.packs.add({ ...fields, sealedWriterKey, namedBy: [index] })
    for (let i = first; i < first + count; i++) {
      this.blobs.frames.set(this.blobs.takeFrames(), {
        pack: row,
        offset: columns.frameOffsets[i] ?? 0,
        storedBytes: columns.frameStoredBytes[i] ?? 0,
        rawBytes: columns.frameRawBytes[i] ?? 0,
      })
    }
    return firstFrame
  }

  #checkKnown(index: ObjectId, packs: readonly IndexedPack[], ranges: readonly FrameRange[]): void {
    packs.forEach((pack, i) => {
      const row = this.packs.rowOf(pack.id)
      if (row === undefined) return
      const known = this.packs.row(row)
      if (known.bytes !== pack.bytes || known.level !== pack.level || known.frames !== ranges[i]?.count) {
        throw malformedIndex(index, `it contradicts another index about ${packPath(pack.id)}`)
      }
    })
  }
}

interface FrameRange {
  readonly first: number
  readonly count: number
}

/**
 * Returns which frame rows of an index file belong to each of its packs.
 *
 * A frame's number is its place among the frames of its pack, so all of them are there, one after the other from the
 * pack's header on, which the decoder has checked: with some left out, later frames would be decrypted under a wrong
 * number.
 */
function frameRanges({ framePacks, frameOffsets, packs }: IndexColumns): FrameRange[] {
  let row = 0
  const ranges = packs.map((_, pack) => {
    const first = row
    while (row < framePacks.length && framePacks[row] === pack) row++
    assert(row === first || frameOffsets[first] === PACK_HEADER_BYTES, "a pack's first frame follows its header")
    return { first, count: row - first }
  })
  assert(row === framePacks.length, 'the frames of an index are in the order of their packs')
  return ranges
}

function malformedIndex(index: ObjectId, problem: string): IntegrityError {
  return new IntegrityError('MALFORMED', `index/${index} is malformed: ${problem}`, {
    context: { object: `index/${index}` },
    hint: 'Run `tidemark check --repair` to make it again from the packs.',
  })
}
