import { assert } from '../../base/assert.ts'
import { RunError } from '../../base/errors.ts'
import { BLOB_ID_BYTES } from '../../base/ids.ts'
import { FRAME_BYTES_TARGET, SINGLE_BLOB_BYTES_MAX } from '../../base/limits.ts'
import { addressOf } from '../../base/posix/libc.ts'
import { KeyedHasher } from '../../crypto/blake3.ts'
import { BLOB_TYPE_NUMBERS } from '../../format/pack.ts'
import type { BlobIndex } from '../../repository/blob-index.ts'
import { FrameSealer, sealedBytes } from '../../repository/frame-sealer.ts'
import type { PackSlabs } from '../../repository/pack-slabs.ts'

/** So that a frame of tiny files leaves room for others in a pack's tables. */
const FRAME_BLOBS_MAX = 8192
/** Room behind a full frame for one more file that is read before it is known whether it is needed. */
const TAIL_BYTES = SINGLE_BLOB_BYTES_MAX + 4096
const FRAME_COLUMNS = 4

/**
 * Gathers a thread's new data blobs into frames and encrypts those straight into the packs.
 *
 * Content is read right behind what the frame holds: it is hashed there, and stays if nobody has it yet.
 */
export class FrameBuilder {
  readonly buffer = new Uint8Array(FRAME_BYTES_TARGET + TAIL_BYTES)
  readonly bufferAddress = addressOf(this.buffer)
  readonly #index: BlobIndex
  readonly #slabs: PackSlabs
  readonly #hasher: KeyedHasher
  readonly #sealer: FrameSealer
  readonly #ids = new Uint8Array(FRAME_BLOBS_MAX * BLOB_ID_BYTES)
  readonly #lengths = new Uint32Array(FRAME_BLOBS_MAX)
  readonly #entries = new Int32Array(FRAME_BLOBS_MAX)
  #blobs = 0
  #fill = 0

  constructor(parts: {
    repository: Uint8Array
    idKey: Uint8Array
    index: BlobIndex
    slabs: PackSlabs
    rawBytesMax: number
  }) {
    this.#index = parts.index
    this.#slabs = parts.slabs
    this.#hasher = new KeyedHasher(parts.idKey)
    this.#sealer = new FrameSealer(parts.repository, Math.max(parts.rawBytesMax, this.buffer.byteLength))
  }

  /** Makes room for `bytes` more in the frame, at most SINGLE_BLOB_BYTES_MAX, and returns where they go. */
  place(bytes: number): number {
    assert(bytes <= SINGLE_BLOB_BYTES_MAX, 'a blob of a shared frame is small')
    if (this.#fill + bytes > FRAME_BYTES_TARGET || this.#blobs === FRAME_BLOBS_MAX) this.flush()
    return this.#fill
  }

  /** Takes the `length` bytes at `place` for a blob; writes its id to `ids` at `at`. */
  addPlaced(length: number, ids: Uint8Array, at: number): void {
    const bytes = this.buffer.subarray(this.#fill, this.#fill + length)
    this.#hasher.hashInto(ids, at, bytes)
    const entry = this.#index.claim(ids, at)
    if (entry < 0) return
    this.#remember(ids, at, length, entry)
    this.#fill += length
  }

  /** Copies a chunk into the frame that it shares with others, unless it is known; writes its id. */
  addShared(chunk: Uint8Array, ids: Uint8Array, at: number): void {
    this.#hasher.hashInto(ids, at, chunk)
    const entry = this.#index.claim(ids, at)
    if (entry < 0) return
    const isFull = this.#fill + chunk.byteLength > FRAME_BYTES_TARGET || this.#blobs === FRAME_BLOBS_MAX
    if (this.#blobs > 0 && isFull) this.flush()
    if (chunk.byteLength > this.buffer.byteLength) {
      this.#sealAlone(chunk, ids, at, entry)
      return
    }
    this.buffer.set(chunk, this.#fill)
    this.#remember(ids, at, chunk.byteLength, entry)
    this.#fill += chunk.byteLength
  }

  /** Seals a chunk in a frame of its own, unless it is known: a random read of a large file decodes just that. */
  addAlone(chunk: Uint8Array, ids: Uint8Array, at: number): void {
    this.#hasher.hashInto(ids, at, chunk)
    const entry = this.#index.claim(ids, at)
    if (entry >= 0) this.#sealAlone(chunk, ids, at, entry)
  }

  /** Seals what has been gathered. */
  flush(): void {
    if (this.#blobs === 0) return
    const blobs = { ids: this.#ids, lengths: this.#lengths, entries: this.#entries, count: this.#blobs }
    this.#seal(this.buffer.subarray(0, this.#fill), blobs)
    this.#blobs = 0
    this.#fill = 0
  }

  #remember(ids: Uint8Array, at: number, length: number, entry: number): void {
    const row = this.#blobs++
    this.#ids.set(ids.subarray(at, at + BLOB_ID_BYTES), row * BLOB_ID_BYTES)
    this.#lengths[row] = length
    this.#entries[row] = entry
  }

  #sealAlone(chunk: Uint8Array, ids: Uint8Array, at: number, entry: number): void {
    this.#seal(chunk, {
      ids: ids.subarray(at, at + BLOB_ID_BYTES),
      lengths: Uint32Array.of(chunk.byteLength),
      entries: Int32Array.of(entry),
      count: 1,
    })
  }

  #seal(raw: Uint8Array, blobs: { ids: Uint8Array; lengths: Uint32Array; entries: Int32Array; count: number }): void {
    const plain = this.#sealer.encode(raw)
    const storedBytes = sealedBytes(plain)
    const place = this.#slabs.reserve(storedBytes, blobs.count)
    if (place === undefined) throw new RunError('INTERRUPTED', 'the run was stopped while it was storing data')
    this.#sealer.seal(place.bytes, plain, raw, { key: place.key, number: place.number, kind: 'data' })
    const slab = this.#slabs.slabs[place.slab]
    assert(slab !== undefined, 'a place lies in a slab')
    slab.frames.set([place.offset, storedBytes, raw.byteLength, blobs.count], place.number * FRAME_COLUMNS)
    slab.blobIds.set(blobs.ids.subarray(0, blobs.count * BLOB_ID_BYTES), place.firstBlob * BLOB_ID_BYTES)
    slab.blobLengths.set(blobs.lengths.subarray(0, blobs.count), place.firstBlob)
    slab.blobTypes.fill(BLOB_TYPE_NUMBERS.data, place.firstBlob, place.firstBlob + blobs.count)
    this.#locate(place, storedBytes, raw.byteLength, blobs)
    this.#slabs.complete(place.slab)
  }

  #locate(
    place: { packRow: number; offset: number },
    storedBytes: number,
    rawBytes: number,
    blobs: { lengths: Uint32Array; entries: Int32Array; count: number },
  ): void {
    const frame = this.#index.takeFrames()
    this.#index.frames.set(frame, { pack: place.packRow, offset: place.offset, storedBytes, rawBytes })
    let offset = 0
    for (let blob = 0; blob < blobs.count; blob++) {
      const length = blobs.lengths[blob] ?? 0
      this.#index.locate(blobs.entries[blob] ?? 0, { frame, offset, length })
      offset += length
    }
  }
}
