import { assert } from '../../src/base/assert.ts'
import { SharedLock } from '../../src/base/shared-lock.ts'

/** Pieces in the cache at a time. */
const SLOTS = 1 << 12
const BUCKETS = 1 << 12
/** Blobs of a piece that are remembered to have the right id. */
const CHECKED_BLOBS = 32

const LOCK = 0
/** Where in the ring the next piece begins. */
const END = 1
/** Slots are used in turn, as the ring is: so many from the first on. */
const FIRST = 2
const COUNT = 3
/** How far the ring was ever filled. */
const FILLED = 4
const HEADER_WORDS = 16

const NUMBER = 0
const KIND = 1
const OFFSET = 2
const BYTES = 3
const STATE = 4
const PINS = 5
const NEXT = 6
const CHECKED = 8
const SLOT_WORDS = CHECKED + CHECKED_BLOBS

/** Pieces begin at multiples of it: shared memory is copied four times as fast between places that are aligned alike. */
const ALIGNMENT = 8

const FREE = 0
const FILLING = 1
const READY = 2
const FAILED = 3

/** What a piece is, and by what it is numbered; the epoch of the index, in which the number means something, above. */
export type PieceKind = 'frame' | 'blob' | 'sealed'
const KIND_NUMBERS: Readonly<Record<PieceKind, number>> = { frame: 0, blob: 1, sealed: 2 }
const KINDS = 4

/** Names a piece. */
export interface PieceKey {
  readonly kind: PieceKind
  readonly epoch: number
  /** Frame of the index, or entry of a blob. */
  readonly number: number
}

/** `ready`: the caller has a pin. `filling`: some thread is at it. `full`: too much is in use for another piece. */
export type Found = 'ready' | 'failed' | 'filling' | 'absent'

/** What other threads need; goes through `postMessage`. */
export interface FrameCacheHandle {
  readonly control: SharedArrayBuffer
  readonly ring: SharedArrayBuffer
}

/**
 * Decoded frames, single blobs and ciphertext that was fetched, in one ring of shared memory: the oldest go first.
 *
 * Whoever reserves a piece fills it; others wait for it, or do something else. A piece stays while it is pinned.
 */
export class FrameCache {
  readonly handle: FrameCacheHandle
  readonly bytes: Uint8Array
  readonly #words: Int32Array
  readonly #lock: SharedLock
  /** The slot of the last `find` or `reserve`. */
  slot = -1

  constructor(handle: FrameCacheHandle) {
    this.handle = handle
    this.bytes = new Uint8Array(handle.ring)
    this.#words = new Int32Array(handle.control)
    this.#lock = new SharedLock(this.#words, LOCK)
  }

  static create(ringBytes: number): FrameCache {
    const words = HEADER_WORDS + BUCKETS + SLOTS * SLOT_WORDS
    return new FrameCache({ control: new SharedArrayBuffer(words * 4), ring: new SharedArrayBuffer(ringBytes) })
  }

  /** Looks for a piece; `slot` is where it is. When it is ready, the caller has a pin on it. */
  find(key: PieceKey): Found {
    this.#lock.take()
    try {
      this.slot = this.#find(key)
      if (this.slot < 0) return 'absent'
      const state = this.#get(this.slot, STATE)
      if (state === FILLING) return 'filling'
      if (state === FAILED) return 'failed'
      Atomics.add(this.#words, this.#at(this.slot, PINS), 1)
      return 'ready'
    } finally {
      this.#lock.release()
    }
  }

  /** Tells whether a piece is there, or about to be; without a pin. */
  has(key: PieceKey): boolean {
    this.#lock.take()
    try {
      return this.#find(key) >= 0
    } finally {
      this.#lock.release()
    }
  }

  /**
   * Makes room for a piece that the caller will fill, pinned, and returns it; `undefined` when it is there already, or
   * when what would have to go is in use.
   */
  reserve(key: PieceKey, bytes: number): Uint8Array | undefined {
    assert(bytes <= this.bytes.byteLength, 'a piece fits the ring')
    this.#lock.take()
    try {
      this.slot = -1
      if (this.#find(key) >= 0) return undefined
      const offset = this.#makeRoom(bytes)
      if (offset < 0) return undefined
      const slot = this.#takeSlot()
      this.#set(slot, NUMBER, key.number)
      this.#set(slot, KIND, kindWord(key))
      this.#set(slot, OFFSET, offset)
      this.#set(slot, BYTES, bytes)
      this.#set(slot, PINS, 1)
      for (let i = 0; i < CHECKED_BLOBS; i++) this.#set(slot, CHECKED + i, 0)
      this.#set(slot, STATE, FILLING)
      const bucket = HEADER_WORDS + bucketOf(key.number)
      this.#set(slot, NEXT, this.#words[bucket] as number)
      this.#words[bucket] = slot + 1
      this.#words[END] = offset + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
      this.#words[FILLED] = Math.max(this.#words[FILLED] as number, offset + bytes)
      this.slot = slot
      return this.piece(slot)
    } finally {
      this.#lock.release()
    }
  }

  /** The caller has filled a piece, which it still has its pin on, or has failed to and gives it up. */
  publish(slot: number, isGood: boolean): void {
    this.#lock.take()
    if (!isGood) this.unpin(slot)
    Atomics.store(this.#words, this.#at(slot, STATE), isGood ? READY : FAILED)
    this.#lock.release()
    Atomics.notify(this.#words, this.#at(slot, STATE))
  }

  unpin(slot: number): void {
    Atomics.sub(this.#words, this.#at(slot, PINS), 1)
  }

  /** Waits until the piece that some thread is filling is there, at most `ms`. Not on the main thread. */
  wait(slot: number, ms: number): void {
    Atomics.wait(this.#words, this.#at(slot, STATE), FILLING, ms)
  }

  /** The bytes of a piece that the caller has pinned: a view. */
  piece(slot: number): Uint8Array {
    const offset = this.#get(slot, OFFSET)
    return this.bytes.subarray(offset, offset + this.#get(slot, BYTES))
  }

  /** Tells whether the blob of an entry was found right in a piece that the caller has pinned. */
  isChecked(slot: number, entry: number): boolean {
    return Atomics.load(this.#words, this.#at(slot, CHECKED + (entry % CHECKED_BLOBS))) === entry + 1
  }

  setChecked(slot: number, entry: number): void {
    Atomics.store(this.#words, this.#at(slot, CHECKED + (entry % CHECKED_BLOBS)), entry + 1)
  }

  /** Overwrites everything; no thread uses the cache any longer. */
  wipe(): void {
    // What was never written takes no memory, and would from now on.
    this.bytes.fill(0, 0, this.#words[FILLED])
  }

  /** Returns where `bytes` bytes are free once the oldest pieces are gone, or -1 where one of them is in use. */
  #makeRoom(bytes: number): number {
    const end = this.#words[END] as number
    const wraps = end + bytes > this.bytes.byteLength
    const offset = wraps ? 0 : end
    for (;;) {
      if (this.#words[COUNT] === 0) return offset
      const oldest = this.#words[FIRST] as number
      const from = this.#get(oldest, OFFSET)
      const isBehindEnd = wraps && from >= end
      const isInTheWay = from < offset + bytes && from + this.#get(oldest, BYTES) > offset
      if (!isBehindEnd && !isInTheWay && this.#words[COUNT] !== SLOTS) return offset
      if (this.#get(oldest, STATE) === FILLING || Atomics.load(this.#words, this.#at(oldest, PINS)) > 0) return -1
      this.#removeOldest(oldest)
    }
  }

  #removeOldest(slot: number): void {
    const bucket = HEADER_WORDS + bucketOf(this.#get(slot, NUMBER))
    const next = this.#get(slot, NEXT)
    if (this.#words[bucket] === slot + 1) this.#words[bucket] = next
    else {
      let before = (this.#words[bucket] as number) - 1
      while (this.#get(before, NEXT) !== slot + 1) before = this.#get(before, NEXT) - 1
      this.#set(before, NEXT, next)
    }
    this.#set(slot, STATE, FREE)
    this.#words[FIRST] = ((this.#words[FIRST] as number) + 1) % SLOTS
    this.#words[COUNT] = (this.#words[COUNT] as number) - 1
  }

  #takeSlot(): number {
    const count = this.#words[COUNT] as number
    this.#words[COUNT] = count + 1
    return ((this.#words[FIRST] as number) + count) % SLOTS
  }

  #find(key: PieceKey): number {
    let slot = (this.#words[HEADER_WORDS + bucketOf(key.number)] as number) - 1
    const kind = kindWord(key)
    while (slot >= 0 && (this.#get(slot, NUMBER) !== key.number || this.#get(slot, KIND) !== kind)) {
      slot = this.#get(slot, NEXT) - 1
    }
    return slot
  }

  #at(slot: number, field: number): number {
    return HEADER_WORDS + BUCKETS + slot * SLOT_WORDS + field
  }

  #get(slot: number, field: number): number {
    return this.#words[this.#at(slot, field)] as number
  }

  #set(slot: number, field: number, value: number): void {
    this.#words[this.#at(slot, field)] = value
  }
}

function kindWord({ kind, epoch }: PieceKey): number {
  return epoch * KINDS + KIND_NUMBERS[kind]
}

function bucketOf(number: number): number {
  return (Math.imul(number, 0x9e37_79b1) >>> 16) & (BUCKETS - 1)
}
