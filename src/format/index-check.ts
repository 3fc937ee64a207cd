import { BLOB_ID_BYTES } from '../base/ids.ts'
import { BLOB_BYTES_MAX, INDEX_BLOBS_MAX, PACK_BYTES_MAX } from '../base/limits.ts'
import type { IndexColumns } from './index-file.ts'
import {
  FRAME_TAG_BYTES,
  PACK_HEADER_BYTES,
  PACK_SALT_BYTES,
  PACK_TRAILER_BYTES,
  SEALED_WRITER_KEY_BYTES,
} from './pack.ts'
import { frameSizeProblem } from './pack-tables.ts'

/** What ends every pack at the least: a footer frame's codec byte and tag, and the trailer. */
const PACK_END_BYTES_MIN = 1 + FRAME_TAG_BYTES + PACK_TRAILER_BYTES

/** Returns the first contradiction in an index, or `undefined` when every reference in it can be followed. */
export function indexProblem(columns: IndexColumns): string | undefined {
  return packsProblem(columns) ?? framesProblem(columns) ?? blobsProblem(columns)
}

function packsProblem({ packs, sealedWriterKeys }: IndexColumns): string | undefined {
  if (sealedWriterKeys.some((key) => key.byteLength !== SEALED_WRITER_KEY_BYTES)) {
    return 'a sealed writer key has a wrong length'
  }
  const seen = new Set<string>()
  for (const { id, salt, bytes, writerKey, generation } of packs) {
    if (seen.has(id)) return `pack ${id} is there twice`
    seen.add(id)
    if (salt.byteLength !== PACK_SALT_BYTES) return "a pack's salt has a wrong length"
    if (bytes < PACK_HEADER_BYTES + PACK_END_BYTES_MIN || bytes > PACK_BYTES_MAX) return `a pack has ${bytes} bytes`
    if (writerKey >= sealedWriterKeys.length) return 'a pack refers to a writer key that is not there'
    if (generation === 0) return 'a pack is of key generation 0'
  }
  return undefined
}

function framesProblem(columns: IndexColumns): string | undefined {
  const { packs, framePacks, frameOffsets, frameStoredBytes, frameRawBytes } = columns
  const count = framePacks.length
  if (frameOffsets.length !== count || frameStoredBytes.length !== count || frameRawBytes.length !== count) {
    return 'its columns of frames differ in length'
  }
  let current = -1
  let end = 0
  let packEnd = 0
  for (let i = 0; i < count; i++) {
    const pack = framePacks[i] ?? 0
    if (pack < current) return 'its frames are not in the order of their packs'
    if (pack !== current) {
      const packBytes = packs[pack]?.bytes
      if (packBytes === undefined) return 'a frame refers to a pack that is not there'
      current = pack
      end = PACK_HEADER_BYTES
      packEnd = packBytes - PACK_END_BYTES_MIN
    }
    const offset = frameOffsets[i] ?? 0
    const storedBytes = frameStoredBytes[i] ?? 0
    const problem = frameSizeProblem({ storedBytes, rawBytes: frameRawBytes[i] ?? 0 })
    if (problem !== undefined) return problem
    // A frame's number is its place in its pack: with one left out, later ones would be opened under a wrong number.
    if (offset !== end) return 'the frames of a pack do not lie one after the other'
    end = offset + storedBytes
    if (end > packEnd) return 'a frame reaches beyond the end of its pack'
  }
  return undefined
}

function blobsProblem(columns: IndexColumns): string | undefined {
  const { blobIds, blobFrames, blobOffsets, blobLengths, frameRawBytes } = columns
  const count = blobFrames.length
  if (count > INDEX_BLOBS_MAX) return `it has ${count} blobs`
  if (blobIds.byteLength !== count * BLOB_ID_BYTES || blobOffsets.length !== count || blobLengths.length !== count) {
    return 'its columns of blobs differ in length'
  }
  for (let i = 0; i < count; i++) {
    const rawBytes = frameRawBytes[blobFrames[i] ?? 0]
    if (rawBytes === undefined) return 'a blob refers to a frame that is not there'
    const length = blobLengths[i] ?? 0
    if (length === 0 || length > BLOB_BYTES_MAX) return `a blob has ${length} bytes`
    if ((blobOffsets[i] ?? 0) + length > rawBytes) return 'a blob reaches beyond the end of its frame'
    if (i > 0 && !ascends(blobIds, i * BLOB_ID_BYTES)) return 'its blobs are not in ascending order of their ids'
  }
  return undefined
}

/** Tells whether the id at `at` comes after the id before it. */
function ascends(ids: Uint8Array, at: number): boolean {
  for (let i = at; i < at + BLOB_ID_BYTES; i++) {
    const difference = (ids[i] ?? 0) - (ids[i - BLOB_ID_BYTES] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}
