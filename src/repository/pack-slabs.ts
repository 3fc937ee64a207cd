import { assert, present } from '../base/assert.ts'
import { PACK_BLOBS_MAX, PACK_BYTES_TARGET } from '../base/limits.ts'
import { BLOCK_BYTES, firstBlock } from '../base/posix/direct-io.ts'
import { SharedLock } from '../base/shared-lock.ts'
import { PACK_HEADER_BYTES } from '../format/pack.ts'

/** Being written to the store, or not prepared yet. */
const BUSY = 0
/** Has a header, a key and a row; nothing else. */
const READY = 1
const OPEN = 2
/** Takes no more frames; those that were reserved are still being encrypted into it. */
const CLOSED = 3

const LOCK = 0
const CURRENT = 1
/** Counts slabs that became ready, for those who wait. */
const TURN = 2
const FAILED = 3
const SLAB_WORDS_START = 16
const SLAB_WORDS = 8
const STATE = 0
const BYTES = 1
const FRAMES = 2
const BLOBS = 3
const DONE = 4
const ROW = 5

const FRAMES_MAX = 4096
const FRAME_ROW_WORDS = 4
const KEY_BYTES = 32

/** Two are stored while the third fills: with one store at a time, a disk that is slow to sync stops the threads. */
export const SLAB_COUNT = 3

/** What another thread needs to see the same slabs. */
export interface PackSlabsHandle {
  readonly control: SharedArrayBuffer
  readonly slabs: readonly SharedArrayBuffer[]
}

/** Room for one frame: reserved once, and its number taken with it. */
export interface FramePlace {
  readonly slab: number
  /** Row of the pack in the repository's index. */
  readonly packRow: number
  readonly number: number
  /** Where it starts in the pack. */
  readonly offset: number
  /** Row of its first blob in the pack's tables. */
  readonly firstBlob: number
  readonly bytes: Uint8Array
  readonly key: Uint8Array
}

/** A slab's memory, cut up: the pack's bytes, which start with a block of a disk, its key, and the columns of its tables. */
export class Slab {
  readonly bytes: Uint8Array
  readonly key: Uint8Array
  readonly frames: Uint32Array
  readonly blobIds: Uint8Array
  readonly blobTypes: Uint8Array
  readonly blobLengths: Uint32Array

  constructor(buffer: SharedArrayBuffer) {
    let at = firstBlock(buffer)
    const take = (bytes: number): number => {
      const start = at
      at += bytes
      return start
    }
    this.bytes = new Uint8Array(buffer, take(PACK_BYTES_TARGET), PACK_BYTES_TARGET)
    this.key = new Uint8Array(buffer, take(KEY_BYTES), KEY_BYTES)
    this.frames = new Uint32Array(buffer, take(FRAMES_MAX * FRAME_ROW_WORDS * 4), FRAMES_MAX * FRAME_ROW_WORDS)
    this.blobIds = new Uint8Array(buffer, take(PACK_BLOBS_MAX * 32), PACK_BLOBS_MAX * 32)
    this.blobLengths = new Uint32Array(buffer, take(PACK_BLOBS_MAX * 4), PACK_BLOBS_MAX)
    this.blobTypes = new Uint8Array(buffer, take(PACK_BLOBS_MAX), PACK_BLOBS_MAX)
  }

  static readonly bufferBytes =
    BLOCK_BYTES + PACK_BYTES_TARGET + KEY_BYTES + FRAMES_MAX * FRAME_ROW_WORDS * 4 + PACK_BLOBS_MAX * 37
}

/**
 * Packs in the making, in shared memory: every thread encrypts its frames straight into them.
 *
 * A thread reserves the exact length under a lock, together with the frame's number, so no number is ever taken twice
 * under one key. The main thread prepares slabs and sends full ones away; while none is ready the threads wait, which
 * is the back-pressure of the whole backup.
 */
export class PackSlabs {
  readonly handle: PackSlabsHandle
  readonly slabs: readonly Slab[]
  readonly #control: Int32Array
  readonly #lock: SharedLock
  /** Called, on the thread that completed it, with a slab that is closed and whole. */
  readonly #onFull: (slab: number) => void

  constructor(handle: PackSlabsHandle, onFull: (slab: number) => void) {
    this.handle = handle
    this.slabs = handle.slabs.map((buffer) => new Slab(buffer))
    this.#control = new Int32Array(handle.control)
    this.#lock = new SharedLock(this.#control, LOCK)
    this.#onFull = onFull
  }

  /** Allocates slabs, none of them ready. */
  static create(onFull: (slab: number) => void, count = SLAB_COUNT): PackSlabs {
    const control = new SharedArrayBuffer((SLAB_WORDS_START + count * SLAB_WORDS) * 4)
    new Int32Array(control)[CURRENT] = -1
    const slabs = Array.from({ length: count }, () => new SharedArrayBuffer(Slab.bufferBytes))
    return new PackSlabs({ control, slabs }, onFull)
  }

  /** Makes a slab ready; its header lies in its first bytes and its key is set. */
  prepare(slab: number, packRow: number): void {
    this.#lock.take()
    assert(this.#get(slab, STATE) === BUSY, 'a slab that is in use is not prepared')
    this.#set(slab, BYTES, PACK_HEADER_BYTES)
    this.#set(slab, FRAMES, 0)
    this.#set(slab, BLOBS, 0)
    this.#set(slab, DONE, 0)
    this.#set(slab, ROW, packRow)
    this.#set(slab, STATE, READY)
    this.#lock.release()
    this.#announce()
  }

  /** Takes a slab back after its pack was sent; it must be prepared again. */
  recycle(slab: number): void {
    this.#lock.take()
    this.#set(slab, STATE, BUSY)
    this.#lock.release()
  }

  /** Ends all waiting: whoever reserves from now on gets `undefined`. */
  fail(): void {
    Atomics.store(this.#control, FAILED, 1)
    this.#announce()
  }

  /**
   * Reserves room for a frame of `storedBytes` with `blobs` blobs. Waits while no slab is ready, so only threads other
   * than the one that sends packs away may call it.
   *
   * Returns `undefined` after `fail`.
   */
  reserve(storedBytes: number, blobs: number): FramePlace | undefined {
    assert(storedBytes <= PACK_BYTES_TARGET - PACK_HEADER_BYTES && blobs <= PACK_BLOBS_MAX, 'a frame fits a pack')
    for (;;) {
      const turn = Atomics.load(this.#control, TURN)
      if (Atomics.load(this.#control, FAILED) === 1) return undefined
      this.#lock.take()
      const place = this.#tryReserve(storedBytes, blobs)
      this.#lock.release()
      if (typeof place === 'object') return place
      if (place === 'none') Atomics.wait(this.#control, TURN, turn)
      else this.#onFull(place)
    }
  }

  /** Tells that a reserved frame and its table rows are written. */
  complete(slab: number): void {
    this.#lock.take()
    const done = this.#get(slab, DONE) + 1
    this.#set(slab, DONE, done)
    const isFull = this.#get(slab, STATE) === CLOSED && done === this.#get(slab, FRAMES)
    this.#lock.release()
    if (isFull) this.#onFull(slab)
  }

  /** Closes the slab that is being filled; returns it when it is whole and holds anything, for the caller to send. */
  closeCurrent(): number | undefined {
    this.#lock.take()
    const current = Atomics.load(this.#control, CURRENT)
    let whole: number | undefined
    if (current >= 0 && this.#get(current, STATE) === OPEN && this.#get(current, FRAMES) > 0) {
      this.#set(current, STATE, CLOSED)
      if (this.#get(current, DONE) === this.#get(current, FRAMES)) whole = current
    }
    this.#lock.release()
    return whole
  }

  /** How many bytes lie in slabs whose packs are not durable yet. */
  get bytesHeld(): number {
    const states = this.slabs.map((_, slab) => this.#get(slab, STATE))
    return states.reduce((sum, state, slab) => (state >= OPEN ? sum + this.#get(slab, BYTES) : sum), 0)
  }

  /** Returns how much of a closed slab is used. */
  usage(slab: number): { bytes: number; frames: number; blobs: number; packRow: number } {
    return {
      bytes: this.#get(slab, BYTES),
      frames: this.#get(slab, FRAMES),
      blobs: this.#get(slab, BLOBS),
      packRow: this.#get(slab, ROW),
    }
  }

  /** Returns a place, a slab that this call closed and that is whole already, or that none is ready. */
  #tryReserve(storedBytes: number, blobs: number): FramePlace | number | 'none' {
    const current = Atomics.load(this.#control, CURRENT)
    if (current >= 0 && this.#get(current, STATE) === OPEN) {
      if (this.#fits(current, storedBytes, blobs)) return this.#take(current, storedBytes, blobs)
      this.#set(current, STATE, CLOSED)
      if (this.#get(current, DONE) === this.#get(current, FRAMES)) return current
    }
    const next = this.slabs.findIndex((_, slab) => this.#get(slab, STATE) === READY)
    if (next < 0) return 'none'
    this.#set(next, STATE, OPEN)
    Atomics.store(this.#control, CURRENT, next)
    return this.#take(next, storedBytes, blobs)
  }

  #fits(slab: number, storedBytes: number, blobs: number): boolean {
    return (
      this.#get(slab, BYTES) + storedBytes <= PACK_BYTES_TARGET &&
      this.#get(slab, BLOBS) + blobs <= PACK_BLOBS_MAX &&
      this.#get(slab, FRAMES) < FRAMES_MAX
    )
  }

  #take(slab: number, storedBytes: number, blobs: number): FramePlace {
    const memory = present(this.slabs[slab], 'a slab')
    const offset = this.#get(slab, BYTES)
    const number = this.#get(slab, FRAMES)
    const firstBlob = this.#get(slab, BLOBS)
    this.#set(slab, BYTES, offset + storedBytes)
    this.#set(slab, FRAMES, number + 1)
    this.#set(slab, BLOBS, firstBlob + blobs)
    const bytes = memory.bytes.subarray(offset, offset + storedBytes)
    return { slab, packRow: this.#get(slab, ROW), number, offset, firstBlob, bytes, key: memory.key }
  }

  #get(slab: number, word: number): number {
    return Atomics.load(this.#control, SLAB_WORDS_START + slab * SLAB_WORDS + word)
  }

  #set(slab: number, word: number, value: number): void {
    Atomics.store(this.#control, SLAB_WORDS_START + slab * SLAB_WORDS + word, value)
  }

  #announce(): void {
    Atomics.add(this.#control, TURN, 1)
    Atomics.notify(this.#control, TURN)
  }
}
