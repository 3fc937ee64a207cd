import { assert } from '../base/assert.ts'
import type { ByteString } from '../base/byte-string.ts'

/** The major types of RFC 8949, shifted to where they stand in an item's first byte. */
export const CBOR_UINT = 0x00
export const CBOR_NEGATIVE = 0x20
export const CBOR_BYTES = 0x40
export const CBOR_TEXT = 0x60
export const CBOR_ARRAY = 0x80
export const CBOR_MAP = 0xa0
export const CBOR_FALSE = 0xf4
export const CBOR_TRUE = 0xf5
export const CBOR_NULL = 0xf6

const UINT64_MAX = 0xffff_ffff_ffff_ffffn
/** Up to here a loop over characters beats a call into the runtime. */
const LOOPED_CHARACTERS_MAX = 24

/**
 * Appends deterministic CBOR items to a growing buffer.
 *
 * Heads are always the shortest; the order of map keys and the number of items after a header are the caller's.
 * One writer serves many structures: `reset` keeps its buffer.
 * @see docs/format.md, "CBOR"
 */
export class CborWriter {
  #buffer: Buffer
  #length = 0

  constructor(bytesExpected = 4096) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(bytesExpected, 64))
  }

  /** Bytes written since the last reset. */
  get length(): number {
    return this.#length
  }

  /** Forgets what was written. Views handed out before become invalid with the next write. */
  reset(): void {
    this.#length = 0
  }

  /** Returns what was written since `start`, freshly allocated; the caller owns it. */
  bytes(start = 0): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(start, this.#length))
  }

  /** Returns what was written since `start` without a copy: valid until the next write or reset. */
  view(start = 0): Uint8Array {
    return this.#buffer.subarray(start, this.#length)
  }

  /** Appends an unsigned integer, 0..2^53 - 1. */
  writeUint(value: number): void {
    this.#head(CBOR_UINT, value)
  }

  /** Appends a safe integer of either sign. */
  writeInt(value: number): void {
    if (value >= 0) this.#head(CBOR_UINT, value)
    else this.#head(CBOR_NEGATIVE, -1 - value)
  }

  /** Appends an integer of -2^64..2^64 - 1. */
  writeBigint(value: bigint): void {
    const argument = value < 0n ? -1n - value : value
    const major = value < 0n ? CBOR_NEGATIVE : CBOR_UINT
    assert(argument <= UINT64_MAX, 'a CBOR integer has at most 64 bits')
    if (argument <= BigInt(Number.MAX_SAFE_INTEGER)) {
      this.#head(major, Number(argument))
      return
    }
    this.#reserve(9)
    this.#buffer[this.#length] = major | 27
    this.#buffer.writeBigUInt64BE(argument, this.#length + 1)
    this.#length += 9
  }

  /** Appends a byte string. */
  writeBytes(bytes: Uint8Array): void {
    this.#head(CBOR_BYTES, bytes.byteLength)
    this.raw(bytes)
  }

  /** Appends a byte string held as characters of one byte each. */
  writeByteString(value: ByteString): void {
    const length = value.length
    this.#head(CBOR_BYTES, length)
    this.#reserve(length)
    if (length <= LOOPED_CHARACTERS_MAX) {
      const buffer = this.#buffer
      let at = this.#length
      for (let i = 0; i < length; i++) buffer[at++] = value.charCodeAt(i)
    } else {
      this.#buffer.write(value, this.#length, 'latin1')
    }
    this.#length += length
  }

  /** Appends a text string, which must be well-formed Unicode. */
  writeText(value: string): void {
    assert(value.isWellFormed(), 'CBOR text is well-formed Unicode')
    const length = Buffer.byteLength(value, 'utf8')
    this.#head(CBOR_TEXT, length)
    this.#reserve(length)
    this.#buffer.write(value, this.#length, 'utf8')
    this.#length += length
  }

  /** Starts an array: `count` items follow. */
  writeArrayHeader(count: number): void {
    this.#head(CBOR_ARRAY, count)
  }

  /** Starts a map: `count` pairs of key and value follow, in ascending order of the encoded keys. */
  writeMapHeader(count: number): void {
    this.#head(CBOR_MAP, count)
  }

  writeBoolean(value: boolean): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value ? CBOR_TRUE : CBOR_FALSE
  }

  writeNull(): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = CBOR_NULL
  }

  /** Appends bytes as they are: items that were encoded before. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.byteLength
  }

  #head(major: number, argument: number): void {
    assert(argument >= 0 && Number.isSafeInteger(argument), 'a CBOR number is a safe integer')
    if (this.#buffer.byteLength - this.#length < 9) this.#grow(9)
    const buffer = this.#buffer
    let at = this.#length
    if (argument < 24) {
      buffer[at++] = major | argument
    } else if (argument < 0x100) {
      buffer[at++] = major | 24
      buffer[at++] = argument
    } else if (argument < 0x1_0000) {
      buffer[at++] = major | 25
      buffer[at++] = argument >>> 8
      buffer[at++] = argument
    } else {
      if (argument < 0x1_0000_0000) {
        buffer[at++] = major | 26
      } else {
        const high = Math.floor(argument / 0x1_0000_0000)
        buffer[at++] = major | 27
        buffer[at++] = high >>> 24
        buffer[at++] = high >>> 16
        buffer[at++] = high >>> 8
        buffer[at++] = high
      }
      // `>>>` takes a number modulo 2^32, which is the low half.
      buffer[at++] = argument >>> 24
      buffer[at++] = argument >>> 16
      buffer[at++] = argument >>> 8
      buffer[at++] = argument
    }
    this.#length = at
  }

  #reserve(bytes: number): void {
    if (this.#buffer.byteLength - this.#length < bytes) this.#grow(bytes)
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.byteLength * 2, this.#length + bytes))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }
}
