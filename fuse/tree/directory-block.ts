import { type ByteString, byteString } from '../../src/base/byte-string.ts'
import { S_IFMT } from '../../src/base/posix/constants.ts'
import { ATTR_BYTES } from '../protocol/constants.ts'
import type { AttributeWords } from '../protocol/replies.ts'
import type { BlockStoreView } from './block-store.ts'
import type { BlockRef } from './node-table.ts'

// The block of a point's directory: header, rows in the order of their names, then what rows have of different length.
// Places in that last part are counted from its start.

export const COUNT = 0
export const BLOCK_HEADER_WORDS = 2

const ATTR_WORDS = ATTR_BYTES / 4
// A row begins with `fuse_attr`, whose inode number follows from name and parent. A directory has there which block holds
// its entries, if somebody found out already.
export const CHILD_ID = 0
export const CHILD_SERIAL = 1
const MODE = 15
export const NAME = ATTR_WORDS
export const NAME_BYTES = ATTR_WORDS + 1
/** File: its id, or what `encodeContent` made. Directory: ids of its trees. Symbolic link: where it leads. */
export const PAYLOAD = ATTR_WORDS + 2
export const PAYLOAD_BYTES = ATTR_WORDS + 3
/** Where its extended attributes begin, as `encodeXattrs` made them. */
export const XATTRS = ATTR_WORDS + 4
/** Where the bytes begin that all names of the file have in common. */
export const LINK_GROUP = ATTR_WORDS + 5
export const FLAGS = ATTR_WORDS + 6
export const ROW_WORDS = ATTR_WORDS + 8

/** Its content is one blob, whose id is the payload, or nothing. */
export const IS_SIMPLE = 1
export const IS_LINKED = 2
export const HAS_XATTRS = 4

export const LINK_GROUP_BYTES = 8

/** The block of a directory in shared memory, and one row of it at a time. Nothing is allocated for either. */
export class DirectoryBlock {
  readonly bytes: Uint8Array
  readonly attributes: AttributeWords
  readonly #store: BlockStoreView
  readonly #words: Uint32Array
  /** Index of the block's first word. */
  #block = 0
  /** Byte offset of what has different lengths. */
  #tail = 0
  /** Index of the row's first word. */
  #row = 0
  count = 0
  row = 0

  constructor(store: BlockStoreView) {
    this.#store = store
    this.bytes = store.bytes
    this.#words = store.words
    this.attributes = { words: store.words, at: 0 }
  }

  /** Moves to a block; returns false when it is no longer there. */
  open(ref: BlockRef): boolean {
    const offset = this.#store.offset(ref)
    if (offset < 0) return false
    this.#block = offset / 4
    this.count = this.#words[this.#block + COUNT] as number
    this.#tail = offset + (BLOCK_HEADER_WORDS + this.count * ROW_WORDS) * 4
    return true
  }

  moveTo(row: number): void {
    this.row = row
    this.#row = this.#block + BLOCK_HEADER_WORDS + row * ROW_WORDS
    this.attributes.at = this.#row
  }

  /** Moves to the row called bytes [start, end) of `names`; returns false when there is none. */
  find(names: Uint8Array, start: number, end: number): boolean {
    let low = 0
    let high = this.count - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      this.moveTo(middle)
      const order = this.#compareName(names, start, end)
      if (order === 0) return true
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    return false
  }

  field(field: number): number {
    return this.#words[this.#row + field] as number
  }

  has(flag: number): boolean {
    return (this.field(FLAGS) & flag) !== 0
  }

  get mode(): number {
    return this.field(MODE)
  }

  get format(): number {
    return this.mode & S_IFMT
  }

  get size(): number {
    return this.field(2) + this.field(3) * 2 ** 32
  }

  /** Where the name begins in `bytes`. */
  get nameStart(): number {
    return this.#tail + this.field(NAME)
  }

  get nameEnd(): number {
    return this.nameStart + this.field(NAME_BYTES)
  }

  get name(): ByteString {
    return byteString(this.bytes.subarray(this.nameStart, this.nameEnd))
  }

  get payloadStart(): number {
    return this.#tail + this.field(PAYLOAD)
  }

  get payloadBytes(): number {
    return this.field(PAYLOAD_BYTES)
  }

  /** The payload: a view. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.payloadStart, this.payloadStart + this.payloadBytes)
  }

  get xattrsStart(): number {
    return this.#tail + this.field(XATTRS)
  }

  get linkGroupStart(): number {
    return this.#tail + this.field(LINK_GROUP)
  }

  get child(): BlockRef {
    return { id: this.field(CHILD_ID), serial: this.field(CHILD_SERIAL) }
  }

  /** Takes note of which block holds the entries of the directory in this row. */
  set child({ id, serial }: BlockRef) {
    this.#words[this.#row + CHILD_SERIAL] = 0
    this.#words[this.#row + CHILD_ID] = id
    this.#words[this.#row + CHILD_SERIAL] = serial
  }

  #compareName(names: Uint8Array, start: number, end: number): number {
    const own = this.nameStart
    const ownBytes = this.field(NAME_BYTES)
    const both = Math.min(ownBytes, end - start)
    for (let i = 0; i < both; i++) {
      const difference = (this.bytes[own + i] as number) - (names[start + i] as number)
      if (difference !== 0) return difference
    }
    return ownBytes - (end - start)
  }
}
