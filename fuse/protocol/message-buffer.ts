import { assert } from '../../src/base/assert.ts'

const WORD_BYTES = 4
const HIGH_WORD = 2 ** 32

/**
 * Memory for one message at a time, seen as bytes and as words.
 *
 * Every structure of the protocol is a sequence of words in the byte order of the machine, so that a message is read and
 * written without a `DataView`. Places are counted in bytes and are multiples of 4.
 */
export class MessageBuffer {
  readonly bytes: Uint8Array
  readonly words: Uint32Array

  /** `bytes` may be shared with other threads; it stays the caller's. Starts and ends at multiples of 8 bytes. */
  constructor(bytes: Uint8Array) {
    assert(bytes.byteOffset % 8 === 0 && bytes.byteLength % 8 === 0, 'a message buffer is aligned')
    this.bytes = bytes
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / WORD_BYTES)
  }

  /** Returns the 32-bit word at byte `place`. */
  u32(place: number): number {
    return this.words[place >>> 2] as number
  }

  /** Returns the 64-bit word at byte `place`; above 2^53 the nearest number. */
  u64(place: number): number {
    const at = place >>> 2
    return (this.words[at] as number) + (this.words[at + 1] as number) * HIGH_WORD
  }

  setU32(place: number, value: number): void {
    this.words[place >>> 2] = value
  }

  /** Writes a whole number below 2^53, also a negative one as two's complement. */
  setU64(place: number, value: number): void {
    const at = place >>> 2
    // A store takes the number modulo 2^32.
    this.words[at] = value
    this.words[at + 1] = Math.floor(value / HIGH_WORD)
  }
}
