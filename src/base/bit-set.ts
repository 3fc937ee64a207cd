import { assert } from './assert.ts'

/** A set of numbers below a bound that is known beforehand: one bit each. */
export class BitSet {
  readonly size: number
  readonly #bits: Uint8Array
  #count = 0

  /** @param size numbers are 0 to `size` - 1. */
  constructor(size: number) {
    this.size = size
    this.#bits = new Uint8Array(Math.ceil(size / 8))
  }

  /** How many numbers are in it. */
  get count(): number {
    return this.#count
  }

  has(number: number): boolean {
    return ((this.#bits[number >>> 3] ?? 0) & (1 << (number & 7))) !== 0
  }

  /** Puts a number in; tells whether it was not there before. */
  add(number: number): boolean {
    assert(number >= 0 && number < this.size, 'a number in a set is below its bound')
    const at = number >>> 3
    const bit = 1 << (number & 7)
    const byte = this.#bits[at] ?? 0
    if ((byte & bit) !== 0) return false
    this.#bits[at] = byte | bit
    this.#count++
    return true
  }
}
