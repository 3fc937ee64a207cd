import { createCipheriv, createHash } from 'node:crypto'
import type { Cipheriv } from 'node:crypto'

import { assert } from '../../src/base/assert.ts'

const BLOCK_BYTES = 1 << 20

/** Bytes and numbers that depend on a seed alone: the key stream of AES-256-CTR, which is quick enough for gigabytes. */
export class SeededBytes {
  readonly #cipher: Cipheriv
  readonly #zeros = new Uint8Array(BLOCK_BYTES)
  #block = new Uint8Array(0)
  #at = 0

  constructor(seed: string) {
    this.#cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(seed).digest(), new Uint8Array(16))
  }

  /** Returns the next `length` bytes, freshly allocated. */
  bytes(length: number): Uint8Array {
    assert(Number.isInteger(length), 'a whole number of bytes')
    const result = new Uint8Array(length)
    let done = 0
    while (done < length) {
      if (this.#at === this.#block.length) {
        this.#block = new Uint8Array(this.#cipher.update(this.#zeros))
        this.#at = 0
      }
      const part = this.#block.subarray(this.#at, this.#at + length - done)
      result.set(part, done)
      this.#at += part.length
      done += part.length
    }
    return result
  }

  /** Returns a whole number in 0..limit-1. */
  below(limit: number): number {
    assert(limit > 0 && limit <= 2 ** 32, 'a limit of 1..2^32')
    const bytes = this.bytes(4)
    return new DataView(bytes.buffer).getUint32(0, true) % limit
  }

  /** Returns one of `choices`. */
  choice<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)]
    assert(chosen !== undefined, 'at least one choice')
    return chosen
  }

  /**
   * Returns a size around `middle`, from a quarter of it to about two and a half times it, most of them small, as sizes of
   * files are. Their mean is `middle`.
   */
  size(middle: number): number {
    const share = this.below(1 << 16) / (1 << 16)
    return Math.max(1, Math.round(middle * (0.25 + 2.25 * share * share)))
  }
}
