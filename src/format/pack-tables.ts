import { BLOB_ID_BYTES } from '../base/ids.ts'
import { BLOB_BYTES_MAX, FRAME_BYTES_MAX, PACK_BLOBS_MAX, PACK_BYTES_MAX } from '../base/limits.ts'
import { FRAME_CODEC_BYTES, PACK_FRAMES_MAX } from './frame.ts'
import type { PackKind, PackTables } from './pack.ts'
import { BLOB_TYPE_NUMBERS, blobTypeOf, FRAME_COLUMNS, FRAME_TAG_BYTES, PACK_HEADER_BYTES } from './pack.ts'

/** Bytes of a frame's ciphertext with tag: a payload that compression would lengthen is stored. */
const FRAME_STORED_BYTES_MAX = FRAME_BYTES_MAX + FRAME_CODEC_BYTES + FRAME_TAG_BYTES
const FRAME_STORED_BYTES_MIN = FRAME_CODEC_BYTES + FRAME_TAG_BYTES

/** Returns what a frame's size says against it, or `undefined`: both the footer and the index are held to it. */
export function frameSizeProblem(frame: { storedBytes: number; rawBytes: number }): string | undefined {
  if (frame.storedBytes < FRAME_STORED_BYTES_MIN || frame.storedBytes > FRAME_STORED_BYTES_MAX) {
    return `a frame has ${frame.storedBytes} stored bytes`
  }
  if (frame.rawBytes > FRAME_BYTES_MAX) return `a frame has ${frame.rawBytes} raw bytes`
  return undefined
}

export interface CheckedTables {
  readonly tables: PackTables
  readonly kind: PackKind
  /** Where the footer frame starts; `undefined` while that is not known. */
  readonly framesEnd: number | undefined
}

/** Returns the first contradiction in a pack's tables, or `undefined` when they can be believed. */
export function packTablesProblem({ tables, kind, framesEnd }: CheckedTables): string | undefined {
  const { frames, blobIds, blobTypes, blobLengths } = tables
  const blobCount = blobLengths.length
  if (blobCount > PACK_BLOBS_MAX) return `it has ${blobCount} blobs`
  if (blobIds.byteLength !== blobCount * BLOB_ID_BYTES || blobTypes.length !== blobCount) {
    return 'its columns of blobs differ in length'
  }
  if (frames.length % FRAME_COLUMNS !== 0 || frames.length > PACK_FRAMES_MAX * FRAME_COLUMNS) {
    return 'its table of frames has a wrong length'
  }
  let end = PACK_HEADER_BYTES
  let blob = 0
  for (let row = 0; row < frames.length; row += FRAME_COLUMNS) {
    const [offset = 0, storedBytes = 0, rawBytes = 0, frameBlobs = 0] = frames.subarray(row, row + FRAME_COLUMNS)
    // A frame's number is its row: with a frame left out, every later one would be opened under a wrong number.
    if (offset !== end) return 'its frames do not lie one after the other'
    end = offset + storedBytes
    if (end > (framesEnd ?? PACK_BYTES_MAX)) return 'a frame reaches beyond the end'
    const problem = frameSizeProblem({ storedBytes, rawBytes })
    if (problem !== undefined) return problem
    if (frameBlobs > blobCount - blob) return 'its frames name more blobs than it has'
    let payload = 0
    for (const blobsEnd = blob + frameBlobs; blob < blobsEnd; blob++) {
      const length = blobLengths[blob] ?? 0
      if (length === 0 || length > BLOB_BYTES_MAX) return `a blob has ${length} bytes`
      payload += length
    }
    if (payload !== rawBytes) return 'the blobs of a frame do not fill it'
  }
  if (framesEnd !== undefined && end !== framesEnd) return 'its frames do not reach its footer'
  if (blob !== blobCount) return 'some blobs belong to no frame'
  for (const type of blobTypes) {
    if (blobTypeOf(type) === undefined) return 'a blob is of an unknown type'
    if ((type === BLOB_TYPE_NUMBERS.data) !== (kind === 'data')) return 'data and tree blobs share it'
  }
  return undefined
}
