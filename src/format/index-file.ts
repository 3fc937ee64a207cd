import type { ObjectId } from '../base/ids.ts'
import type { PackKind } from './pack.ts'

export interface IndexedPack {
  readonly id: ObjectId
  readonly kind: PackKind
  readonly salt: Uint8Array
  /** Size of the whole object in bytes. */
  readonly bytes: number
  /** Which entry of `sealedWriterKeys` its key derives from. */
  readonly writerKey: number
  readonly generation: number
  /** As its footer says. */
  readonly level: number
}

/**
 * An index file's content, column-wise. Row i of a frame or blob column belongs to frame or blob i.
 *
 * Blobs are sorted by id; `frame*` columns by pack, then offset, and they have every frame of a pack, padding included:
 * a frame's number is its place among the frames of its pack.
 */
export interface IndexColumns {
  readonly sealedWriterKeys: readonly Uint8Array[]
  readonly packs: readonly IndexedPack[]
  readonly framePacks: Uint32Array
  readonly frameOffsets: Uint32Array
  readonly frameStoredBytes: Uint32Array
  readonly frameRawBytes: Uint32Array
  /** 32 bytes a blob. */
  readonly blobIds: Uint8Array
  readonly blobFrames: Uint32Array
  readonly blobOffsets: Uint32Array
  readonly blobLengths: Uint32Array
}
