import type { ByteString } from '../base/byte-string.ts'
import type { IntegrityError } from '../base/errors.ts'
import {
  CBOR_ARRAY,
  CBOR_BYTES,
  CBOR_FALSE,
  CBOR_MAP,
  CBOR_NEGATIVE,
  CBOR_NULL,
  CBOR_TEXT,
  CBOR_TRUE,
  CBOR_UINT,
} from './cbor-writer.ts'
import { malformed } from './malformed.ts'

/** Nesting of arrays and maps that a reader follows. */
export const CBOR_DEPTH_MAX = 32

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads deterministic CBOR items one after the other, and believes none of them.
 *
 * Every method throws IntegrityError MALFORMED for an item of another type, a head that is not the shortest, a value
 * beyond the given bound, or a length beyond the input; nothing is allocated before its length is checked.
 * Byte strings are views: whoever keeps them longer than the input stays unchanged copies them.
 * @see docs/format.md, "CBOR"
 */
export class CborReader {
  readonly #bytes: Buffer
  readonly #structure: string
  #position: number

  /** `structure` names the input in errors: "tree", "point record". */
  constructor(bytes: Uint8Array, structure: string, position = 0) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#structure = structure
    this.#position = position
  }

  get position(): number {
    return this.#position
  }

  get remaining(): number {
    return this.#bytes.byteLength - this.#position
  }

  /** Returns the error to throw for a problem that the caller found. */
  malformed(problem: string): IntegrityError {
    return malformed(this.#structure, problem)
  }

  /** Returns the first byte of the next item without reading it. */
  peek(): number {
    const first = this.#bytes[this.#position]
    if (first === undefined) throw this.malformed('it ends too early')
    return first
  }

  /** Reads an unsigned integer of 0..max, at most 2^53 - 1. */
  readUint(max = Number.MAX_SAFE_INTEGER): number {
    const first = this.#bytes[this.#position]
    let value: number
    if (first !== undefined && first < 24) {
      this.#position++
      value = first
    } else {
      value = this.#head(CBOR_UINT)
    }
    if (value > max) throw this.malformed(`the number ${value} is above ${max}`)
    return value
  }

  /** Reads a safe integer of either sign. */
  readInt(): number {
    if ((this.peek() & 0xe0) !== CBOR_NEGATIVE) return this.readUint()
    const value = -1 - this.#head(CBOR_NEGATIVE)
    if (!Number.isSafeInteger(value)) throw this.malformed('a number is beyond 53 bits')
    return value
  }

  /** Reads an integer of 64 bits and a sign: a number while it is safe, otherwise a bigint. */
  readInteger(): number | bigint {
    const first = this.peek()
    const negative = (first & 0xe0) === CBOR_NEGATIVE
    if ((first & 0x1f) === 27 && this.remaining >= 9) {
      const argument = this.#bytes.readBigUInt64BE(this.#position + 1)
      const value = negative ? -1n - argument : argument
      if (argument > 0x1f_ffff_ffff_ffffn || !Number.isSafeInteger(Number(value))) {
        if (!negative && (first & 0xe0) !== CBOR_UINT) throw this.#unexpected(first)
        this.#position += 9
        return value
      }
    }
    return negative ? this.readInt() : this.readUint()
  }

  /** Reads a byte string of min..max bytes. Ownership: a view into the input. */
  readBytes(max = Number.MAX_SAFE_INTEGER, min = 0): Uint8Array {
    const length = this.#stringLength(CBOR_BYTES, max, min)
    const start = this.#position
    this.#position = start + length
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length)
  }

  /** Reads a byte string of exactly `length` bytes. Ownership: a view into the input. */
  readBytesExactly(length: number): Uint8Array {
    return this.readBytes(length, length)
  }

  /** Reads a byte string of min..max bytes as characters of one byte each. */
  readByteString(max: number, min = 0): ByteString {
    const length = this.#stringLength(CBOR_BYTES, max, min)
    const start = this.#position
    this.#position = start + length
    return this.#bytes.toString('latin1', start, start + length) as ByteString
  }

  /** Reads a text string of min..max UTF-8 bytes. */
  readText(max = Number.MAX_SAFE_INTEGER, min = 0): string {
    const length = this.#stringLength(CBOR_TEXT, max, min)
    const start = this.#position
    this.#position = start + length
    const bytes = this.#bytes
    let ascii = true
    for (let i = start; i < start + length; i++) if ((bytes[i] ?? 0) >= 0x80) ascii = false
    if (ascii) return bytes.toString('latin1', start, start + length)
    try {
      // A copy, because the decoder refuses shared memory.
      return strictUtf8.decode(new Uint8Array(bytes.subarray(start, start + length)))
    } catch {
      throw this.malformed('a text is not valid UTF-8')
    }
  }

  /** Reads the head of an array of min..max items and returns their number. */
  readArrayHeader(max = Number.MAX_SAFE_INTEGER, min = 0): number {
    const count = this.#head(CBOR_ARRAY)
    // Every item has at least one byte.
    if (count > this.remaining) throw this.malformed('an array is longer than the input')
    if (count > max || count < min) throw this.malformed(`an array has ${count} items`)
    return count
  }

  /** Reads the head of a map of at most `max` pairs and returns their number. */
  readMapHeader(max = Number.MAX_SAFE_INTEGER): number {
    const count = this.#head(CBOR_MAP)
    if (count * 2 > this.remaining) throw this.malformed('a map is longer than the input')
    if (count > max) throw this.malformed(`a map has ${count} pairs`)
    return count
  }

  readBoolean(): boolean {
    const first = this.peek()
    if (first !== CBOR_FALSE && first !== CBOR_TRUE) throw this.#unexpected(first)
    this.#position++
    return first === CBOR_TRUE
  }

  /** Reads null and returns true, or reads nothing and returns false. */
  tryNull(): boolean {
    if (this.peek() !== CBOR_NULL) return false
    this.#position++
    return true
  }

  readNull(): void {
    if (!this.tryNull()) throw this.#unexpected(this.peek())
  }

  /**
   * Steps over one item, whatever it is.
   *
   * Heads, lengths and nesting are checked; UTF-8 and the order of keys are not.
   */
  skip(depth = 0): void {
    const first = this.peek()
    const major = first & 0xe0
    if (major === CBOR_BYTES || major === CBOR_TEXT) {
      // In two steps: reading the length moves the position.
      const length = this.#stringLength(major, Number.MAX_SAFE_INTEGER, 0)
      this.#position += length
    } else if (major === CBOR_ARRAY || major === CBOR_MAP) {
      if (depth >= CBOR_DEPTH_MAX) throw this.malformed('it is nested too deeply')
      const items = major === CBOR_ARRAY ? this.readArrayHeader() : this.readMapHeader() * 2
      for (let i = 0; i < items; i++) this.skip(depth + 1)
    } else if (first < 24 || first === CBOR_FALSE || first === CBOR_TRUE || first === CBOR_NULL) {
      this.#position++
    } else {
      this.readInteger()
    }
  }

  /** Checks that nothing follows. */
  expectEnd(): void {
    if (this.remaining !== 0) throw this.malformed(`${this.remaining} bytes follow its end`)
  }

  #stringLength(major: number, max: number, min: number): number {
    const length = this.#head(major)
    if (length > this.#bytes.byteLength - this.#position) throw this.malformed('a string is longer than the input')
    if (length > max || length < min) throw this.malformed(`a string has ${length} bytes`)
    return length
  }

  /** Reads a head of type `major` and returns its argument, which must be a safe integer. */
  #head(major: number): number {
    const bytes = this.#bytes
    const at = this.#position
    const first = bytes[at]
    if (first === undefined) throw this.malformed('it ends too early')
    if ((first & 0xe0) !== major) throw this.#unexpected(first)
    const short = first & 0x1f
    if (short < 24) {
      this.#position = at + 1
      return short
    }
    if (short > 27) throw this.#unexpected(first)
    const size = 1 << (short - 24)
    const end = at + 1 + size
    if (end > bytes.byteLength) throw this.malformed('it ends too early')
    this.#position = end
    let argument = 0
    for (let i = at + 1; i < end; i++) argument = argument * 256 + (bytes[i] ?? 0)
    const smallest = size === 1 ? 24 : size === 2 ? 0x100 : size === 4 ? 0x1_0000 : 0x1_0000_0000
    if (argument < smallest) throw this.malformed('a number is not written in its shortest form')
    if (argument > Number.MAX_SAFE_INTEGER) throw this.malformed('a number is beyond 53 bits')
    return argument
  }

  #unexpected(first: number): IntegrityError {
    return this.malformed(`byte 0x${first.toString(16).padStart(2, '0')} at ${this.#position} starts no expected item`)
  }
}
