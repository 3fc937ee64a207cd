import { BLOB_ID_BYTES } from '../base/ids.ts'
import { KeyedHasher } from '../crypto/blake3.ts'
import { BlobIndex, type BlobLocation } from '../repository/blob-index.ts'
import { decodeFrame } from '../repository/frame-codec.ts'
import type { FrameLocation } from '../repository/frame-table.ts'
import { PackFileReader } from './pack-file-reader.ts'
import type { FramesHandle } from './point-view-frames.ts'

export type { BlobLocation }

const FILES_OPEN_MAX = 16

/** What a thread knows of a pack. */
export interface DecoderPack {
  readonly id: string
  /** 32 bytes, not kept. */
  readonly key: Uint8Array
  readonly firstFrame: number
}

/** Finds, decodes and verifies blobs on any thread, without the repository: from its index in shared memory. */
export class FrameDecoder implements Disposable {
  readonly epoch: number
  readonly #index: BlobIndex
  readonly #repositoryIdBytes: Uint8Array
  readonly #hasher: KeyedHasher
  readonly #digest = new Uint8Array(BLOB_ID_BYTES)
  readonly #files = new PackFileReader({ openMax: FILES_OPEN_MAX })

  /** Copies what it needs of `dataIdKey`, 32 bytes. */
  constructor(handle: FramesHandle, dataIdKey: Uint8Array) {
    this.epoch = handle.epoch
    this.#index = BlobIndex.attach(handle.index)
    this.#repositoryIdBytes = handle.repositoryIdBytes
    this.#hasher = new KeyedHasher(dataIdKey)
  }

  /** Returns the entry of the index for the blob whose id starts at `offset` of `id`, or -1. */
  find(id: Uint8Array, offset: number): number {
    return this.#index.find(id, offset)
  }

  /** Returns where the blob of an entry lies. */
  location(entry: number): BlobLocation | undefined {
    return this.#index.location(entry)
  }

  get frames(): number {
    return this.#index.frameCount
  }

  /** Returns where a frame lies, which is less than `frames`. */
  frame(frame: number): FrameLocation {
    return this.#index.frames.get(frame)
  }

  /** Reads a frame's ciphertext from its pack's file, into memory that is used again by the next call. */
  read(frame: number, pack: { readonly id: string; readonly file: string }): Uint8Array {
    const { offset, storedBytes } = this.frame(frame)
    return this.#files.read(pack, { offset, length: storedBytes })
  }

  /**
   * Decodes a frame's ciphertext into the start of `out`, which has room for its `rawBytes`.
   *
   * @throws {IntegrityError} AUTH_FAILED, MALFORMED
   */
  decode(frame: number, pack: DecoderPack, { sealed, out }: { sealed: Uint8Array; out: Uint8Array }): void {
    const { rawBytes } = this.frame(frame)
    const number = frame - pack.firstFrame
    const { id, key } = pack
    decodeFrame({ key, repositoryIdBytes: this.#repositoryIdBytes, number, sealed, rawBytes, pack: id }, out)
  }

  /** Tells whether `plain` is the data blob whose id starts at `offset` of `ids`. */
  isBlob(plain: Uint8Array, ids: Uint8Array, offset: number): boolean {
    this.#hasher.hashInto(this.#digest, 0, plain)
    for (let i = 0; i < BLOB_ID_BYTES; i++) if (this.#digest[i] !== ids[offset + i]) return false
    return true
  }

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]()
  }
}
