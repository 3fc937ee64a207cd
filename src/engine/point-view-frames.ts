import type { BlobId } from '../base/ids.ts'
import type { FileEntry, TreeEntry } from '../format/tree.ts'
import type { BlobIndexHandle } from '../repository/blob-index.ts'
import type { FileContent, FileLayout, PointBlobs } from './point-view-layout.ts'

export type { FileEntry, TreeEntry }

/** What other threads need to find and open frames by themselves. Goes through `postMessage`. */
export interface FramesHandle {
  /** Counts the indexes that were loaded: numbers of frames and packs mean something else in each. */
  readonly epoch: number
  readonly index: BlobIndexHandle
  /** Rows of packs. */
  readonly packs: number
  /** 16 bytes. */
  readonly repositoryIdBytes: Uint8Array
}

/** What opens the frames of a pack. */
export interface PackAccess {
  readonly row: number
  readonly id: string
  /** 32 bytes; the receiver wipes it. */
  readonly key: Uint8Array
  /** Number of its frame 0 in the frame table. */
  readonly firstFrame: number
  /** The file that has its bytes, where it lies on this machine. */
  readonly file: string | undefined
}

export interface FetchOptions {
  readonly signal: AbortSignal
  /** Told of each frame's ciphertext: none where the store has it no more, or not all of it. */
  readonly onFrame: (frame: number, sealed: Uint8Array) => void
}

/** Points and their bytes, as a mount reads them: for as long as it stands, whatever comes and goes meanwhile. */
export interface PointFrames extends Disposable {
  /** What views of points stand on. When the index lacks a blob, it is loaded again once, as the store is now. */
  readonly blobs: PointBlobs
  /** Of the index that is loaded now. */
  readonly handle: FramesHandle
  /** Returns the key of data blobs' ids, 32 bytes; the caller wipes it. */
  dataIdKey(): Uint8Array
  /**
   * Yields a directory in the order of its names, as many entries at a time as one tree blob has.
   *
   * @throws {IntegrityError} BLOB_MISSING, AUTH_FAILED, ID_MISMATCH, MALFORMED
   */
  directory(trees: Uint8Array): AsyncIterable<readonly TreeEntry[]>
  /** Returns where the bytes of a file are. */
  layout(file: FileContent): Promise<FileLayout>
  /**
   * Returns access to a pack and to others that its run wrote, which will be wanted soon; or `undefined` when `epoch` is
   * over.
   */
  packs(epoch: number, row: number): Promise<readonly PackAccess[] | undefined>
  /**
   * Fetches the ciphertext of frames, neighbours in one request, as many requests at once as the store serves well. The
   * bytes are the receiver's until it returns. Frames of another epoch are passed over.
   *
   * @throws {StorageError} of the store.
   */
  fetch(epoch: number, frames: readonly number[], options: FetchOptions): Promise<void>
  /** Returns a data blob by way of whichever copy is sound, loading the index again if there is a newer one. */
  readBlob(id: BlobId, signal: AbortSignal): Promise<Uint8Array>
}
