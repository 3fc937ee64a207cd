import { assert } from '../base/assert.ts'
import { BLOB_ID_BYTES } from '../base/ids.ts'
import type { IndexColumns, IndexedPack } from '../format/index-file.ts'
import { FRAME_COLUMNS } from '../format/pack.ts'
import type { WrittenPack } from './pack-writer.ts'

/** Returns the index file of packs that one run wrote, all under one writer key. */
export function buildIndex(written: readonly WrittenPack[]): IndexColumns {
  const sealedWriterKey = written[0]?.sealedWriterKey
  assert(sealedWriterKey !== undefined, 'an index file names a pack at least')
  const frames = sum(written, ({ tables }) => tables.frames.length / FRAME_COLUMNS)
  const blobs = sum(written, ({ tables }) => tables.blobLengths.length)
  const columns = {
    framePacks: new Uint32Array(frames),
    frameOffsets: new Uint32Array(frames),
    frameStoredBytes: new Uint32Array(frames),
    frameRawBytes: new Uint32Array(frames),
  }
  const unsorted = {
    ids: new Uint8Array(blobs * BLOB_ID_BYTES),
    frames: new Uint32Array(blobs),
    offsets: new Uint32Array(blobs),
    lengths: new Uint32Array(blobs),
  }
  const packs: IndexedPack[] = []
  let frame = 0
  let blob = 0
  for (const { pack, tables } of written) {
    unsorted.ids.set(tables.blobIds, blob * BLOB_ID_BYTES)
    let packBlob = 0
    for (let at = 0; at < tables.frames.length; at += FRAME_COLUMNS) {
      const [offset = 0, storedBytes = 0, rawBytes = 0, blobCount = 0] = tables.frames.subarray(at, at + FRAME_COLUMNS)
      columns.framePacks[frame] = packs.length
      columns.frameOffsets[frame] = offset
      columns.frameStoredBytes[frame] = storedBytes
      columns.frameRawBytes[frame] = rawBytes
      let start = 0
      for (let i = 0; i < blobCount; i++, packBlob++, blob++) {
        const length = tables.blobLengths[packBlob] ?? 0
        unsorted.frames[blob] = frame
        unsorted.offsets[blob] = start
        unsorted.lengths[blob] = length
        start += length
      }
      frame++
    }
    const { id, kind, salt, bytes, generation, level } = pack
    packs.push({ id, kind, salt, bytes, generation, level, writerKey: 0 })
  }
  return { sealedWriterKeys: [sealedWriterKey], packs, ...columns, ...sortBlobs(unsorted) }
}

interface BlobRows {
  readonly ids: Uint8Array
  readonly frames: Uint32Array
  readonly offsets: Uint32Array
  readonly lengths: Uint32Array
}

type BlobColumns = Pick<IndexColumns, 'blobIds' | 'blobFrames' | 'blobOffsets' | 'blobLengths'>

function sortBlobs(rows: BlobRows): BlobColumns {
  const count = rows.lengths.length
  const ids = Buffer.from(rows.ids.buffer, rows.ids.byteOffset, rows.ids.byteLength)
  // The first six bytes decide nearly always, and a number compares far faster than bytes.
  const heads = Float64Array.from({ length: count }, (_, row) => ids.readUIntBE(row * BLOB_ID_BYTES, 6))
  const idOf = (row: number): Buffer => ids.subarray(row * BLOB_ID_BYTES, (row + 1) * BLOB_ID_BYTES)
  const order = Uint32Array.from({ length: count }, (_, row) => row).sort(
    (a, b) => (heads[a] ?? 0) - (heads[b] ?? 0) || Buffer.compare(idOf(a), idOf(b)),
  )
  // Two threads may have stored one blob at the same moment: an index names it once.
  const unique = order.filter((row, i) => i === 0 || Buffer.compare(idOf(row), idOf(order[i - 1] ?? 0)) !== 0)
  const blobIds = new Uint8Array(unique.length * BLOB_ID_BYTES)
  unique.forEach((row, to) => blobIds.set(idOf(row), to * BLOB_ID_BYTES))
  return {
    blobIds,
    blobFrames: unique.map((row) => rows.frames[row] ?? 0),
    blobOffsets: unique.map((row) => rows.offsets[row] ?? 0),
    blobLengths: unique.map((row) => rows.lengths[row] ?? 0),
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
