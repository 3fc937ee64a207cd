import type { PackAccess } from '../../src/engine/point-view-frames.ts'

const STATE = 0
const FIRST_FRAME = 1
const KEY = 2
const KEY_BYTES = 32
const ROW_WORDS = KEY + KEY_BYTES / 4

const IS_KNOWN = 1

/** What a thread is told of a pack besides its key. */
export interface PackPlace {
  readonly row: number
  readonly id: string
  readonly file: string | undefined
}

/** Keys of the packs of one index, in shared memory alone, so that they can be wiped. */
export class PackKeys {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #bytes: Uint8Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
    this.#bytes = new Uint8Array(buffer)
  }

  static create(packs: number): PackKeys {
    return new PackKeys(new SharedArrayBuffer(Math.max(1, packs) * ROW_WORDS * 4))
  }

  isKnown(row: number): boolean {
    return Atomics.load(this.#words, row * ROW_WORDS + STATE) === IS_KNOWN
  }

  firstFrame(row: number): number {
    return this.#words[row * ROW_WORDS + FIRST_FRAME] as number
  }

  /** Returns the key of a pack that is known: a view. */
  key(row: number): Uint8Array {
    const start = (row * ROW_WORDS + KEY) * 4
    return this.#bytes.subarray(start, start + KEY_BYTES)
  }

  /** Takes over what is known of a pack, and wipes the key that it came with. */
  set({ row, firstFrame, key }: PackAccess): void {
    this.#words[row * ROW_WORDS + FIRST_FRAME] = firstFrame
    this.key(row).set(key)
    key.fill(0)
    Atomics.store(this.#words, row * ROW_WORDS + STATE, IS_KNOWN)
  }

  wipe(): void {
    this.#words.fill(0)
  }
}
