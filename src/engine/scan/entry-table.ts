import { assert } from '../../base/assert.ts'
import type { ByteString } from '../../base/byte-string.ts'
import { addressOf } from '../../base/posix/libc.ts'

/** 32-bit words of a row. Fields of 64 bits have their low half first; times are seconds (two words) and nanoseconds. */
export const ROW_WORDS = 24
export const ROW_INO = 0
export const ROW_SIZE = 2
export const ROW_MTIME = 4
export const ROW_CTIME = 7
/** Kind and permissions, as `st_mode` has them. */
export const ROW_MODE = 10
export const ROW_UID = 11
export const ROW_GID = 12
export const ROW_NLINK = 13
/** Inode flags (FS_*_FL values), and the ROW_FLAG_* of our own. */
export const ROW_FLAGS = 14
/** Where its NUL-terminated name starts in the slab of names. */
export const ROW_NAME = 15
/** Directories: their entries are rows [first, first + count). */
export const ROW_FIRST = 16
export const ROW_COUNT = 17
/** Devices: major and minor number. Otherwise: where its ids start in the slab of ids, and how many they are. */
export const ROW_IDS = 18
export const ROW_ID_COUNT = 19
export const ROW_BTIME = 20
/** Files: units of 512 bytes that they take on disk, at most 2^32 - 1. */
export const ROW_BLOCKS = 23

/** Touched so shortly before it was read that a later change may have left the same times. */
export const ROW_FLAG_UNSURE = 0x8000_0000 | 0
/** It was met and could not be read: it is in no tree, and new when it can be. */
export const ROW_FLAG_ABSENT = 0x2000_0000
/** All that its tree entry says is here: no attributes, holes, lists or link target, and no other names. */
export const ROW_FLAG_WHOLE = 0x1000_0000
/** A directory above a root: only named entries of it belong into the point. */
export const ROW_FLAG_VIRTUAL = 0x4000_0000
/** Inode flags that a row keeps. */
export const ROW_FLAGS_INODE = 0xff
/** Which file system of the scan it is on, in the order they were met: part of what tells hard links apart. */
export const ROW_DEVICE_MASK = 0x00ff_ff00
export const ROW_DEVICE_SHIFT = 8

const ID_BYTES = 32
const WORD_BYTES = 4
const RESERVE = 1.02
const GROWTH = 1.5
const HEADER_WORDS = 8
const MAGIC = 0x744d4254

/** Makes room for `needed` bytes, half as many again as there are at least: what is not used is in memory all the same. */
function grownBytes(buffer: ArrayBufferLike, needed: number): ArrayBuffer {
  const bytes = Math.max(needed, Math.ceil((buffer.byteLength * GROWTH) / WORD_BYTES) * WORD_BYTES)
  // Memory moves instead of being copied: the collector would keep both for a while.
  if (buffer instanceof ArrayBuffer) return buffer.transfer(bytes)
  const bigger = new ArrayBuffer(bytes)
  new Uint8Array(bigger).set(new Uint8Array(buffer))
  return bigger
}

function grownWords(words: Int32Array, needed: number): Int32Array {
  if (needed <= words.length) return words
  return new Int32Array(grownBytes(ownBuffer(words), needed * 4))
}

function grownOctets(octets: Uint8Array, needed: number): Uint8Array {
  if (needed <= octets.length) return octets
  return new Uint8Array(grownBytes(ownBuffer(octets), needed))
}

/** The memory of an array alone: columns of a table that was read share one buffer. */
function ownBuffer(array: Int32Array | Uint8Array): ArrayBufferLike {
  return array.byteLength === array.buffer.byteLength ? array.buffer : array.slice().buffer
}

/**
 * The entries of a tree in a few flat arrays: what a scan makes, and, kept, the base that the next scan compares with.
 *
 * Row 0 is the root. A directory's entries are consecutive rows sorted by name, and their names are consecutive in the
 * slab, so a directory that did not change is copied as a block. 96 bytes an entry, its name, and its ids.
 */
export class EntryTable {
  rows: Int32Array
  names: Uint8Array
  /** 32 bytes each: tree ids of directories, content ids of files. */
  ids: Uint8Array
  count = 0
  namesBytes = 0
  idCount = 0
  #namesAddress = 0
  #addressedNames: Uint8Array | undefined
  /** The ids are in the base's memory until the first is added. */
  #sharesIds = false
  #text: Buffer | undefined

  constructor(
    rows: Int32Array = new Int32Array(ROW_WORDS * 1024),
    names: Uint8Array = new Uint8Array(32_768),
    ids: Uint8Array = new Uint8Array(0),
  ) {
    this.rows = rows
    this.names = names
    this.ids = ids
  }

  /** Where the slab of names is in memory now: for system calls made before the next name is added. */
  get namesAddress(): number {
    if (this.#addressedNames !== this.names) {
      this.#addressedNames = this.names
      this.#namesAddress = addressOf(this.names)
    }
    return this.#namesAddress
  }

  /** Makes room for as much as a base holds, and a little more; ids of rows that are copied from it are valid here. */
  startFrom(base: EntryTable): void {
    const rows = Math.ceil(base.count * RESERVE) * ROW_WORDS
    this.rows = grownWords(this.rows, rows)
    this.#reserveNames(Math.ceil(base.namesBytes * RESERVE))
    this.ids = base.ids.subarray(0, base.idCount * ID_BYTES)
    this.idCount = base.idCount
    this.#sharesIds = true
  }

  /** Adds `count` rows of zeros and returns the first. */
  addRows(count: number): number {
    const first = this.count
    this.count += count
    this.rows = grownWords(this.rows, this.count * ROW_WORDS)
    return first
  }

  /** Forgets all rows from `count` on, and the names added with them. */
  truncate(count: number, namesBytes: number): void {
    this.rows.fill(0, count * ROW_WORDS, this.count * ROW_WORDS)
    this.count = count
    this.namesBytes = namesBytes
  }

  /** Adds a name and returns where it starts. */
  addName(name: ByteString): number {
    const start = this.namesBytes
    this.#reserveNames(name.length + 1)
    const { names } = this
    for (let i = 0; i < name.length; i++) names[start + i] = name.charCodeAt(i)
    names[start + name.length] = 0
    this.namesBytes += name.length + 1
    return start
  }

  /** Adds 32-byte ids, one after the other, and returns the number of the first. */
  addIds(ids: Uint8Array): number {
    assert(ids.byteLength % ID_BYTES === 0, 'ids have 32 bytes each')
    const first = this.idCount
    this.idCount += ids.byteLength / ID_BYTES
    if (this.#sharesIds) this.ids = this.ids.slice()
    this.#sharesIds = false
    this.ids = grownOctets(this.ids, this.idCount * ID_BYTES)
    this.ids.set(ids, first * ID_BYTES)
    return first
  }

  /** Copies the entries of a directory of another table, names and all; returns the first row. */
  copyEntries(from: EntryTable, first: number, count: number): number {
    const to = this.addRows(count)
    if (count === 0) return to
    this.rows.set(from.rows.subarray(first * ROW_WORDS, (first + count) * ROW_WORDS), to * ROW_WORDS)
    const start = from.word(first, ROW_NAME)
    const end = from.names.indexOf(0, from.word(first + count - 1, ROW_NAME)) + 1
    const shift = this.namesBytes - start
    this.#reserveNames(end - start)
    this.names.set(from.names.subarray(start, end), this.namesBytes)
    this.namesBytes += end - start
    const { rows } = this
    for (let row = to; row < to + count; row++) {
      const at = row * ROW_WORDS
      rows[at + ROW_NAME] = (rows[at + ROW_NAME] ?? 0) + shift
    }
    return to
  }

  word(row: number, word: number): number {
    return this.rows[row * ROW_WORDS + word] ?? 0
  }

  setWord(row: number, word: number, value: number): void {
    this.rows[row * ROW_WORDS + word] = value
  }

  /** Returns a 64-bit field, which is below 2^53. */
  wide(row: number, word: number): number {
    const at = row * ROW_WORDS + word
    return ((this.rows[at + 1] ?? 0) >>> 0) * 2 ** 32 + ((this.rows[at] ?? 0) >>> 0)
  }

  name(row: number): ByteString {
    const start = this.word(row, ROW_NAME)
    return this.#namesText().toString('latin1', start, this.names.indexOf(0, start)) as ByteString
  }

  /** The ids of a row, as a view. */
  idsOf(row: number): Uint8Array {
    const first = this.word(row, ROW_IDS)
    return this.ids.subarray(first * ID_BYTES, (first + this.word(row, ROW_ID_COUNT)) * ID_BYTES)
  }

  setIds(row: number, ids: Uint8Array): void {
    this.setWord(row, ROW_IDS, this.addIds(ids))
    this.setWord(row, ROW_ID_COUNT, ids.byteLength / ID_BYTES)
  }

  /** Gives a row the ids that a row of the base has which this table started from. */
  takeIds(row: number, base: EntryTable, baseRow: number): void {
    this.setWord(row, ROW_IDS, base.word(baseRow, ROW_IDS))
    this.setWord(row, ROW_ID_COUNT, base.word(baseRow, ROW_ID_COUNT))
  }

  /** Whether all that the tree entry of a row says is in the row and its ids. */
  isWhole(row: number): boolean {
    return (this.word(row, ROW_FLAGS) & ROW_FLAG_WHOLE) !== 0
  }

  setWhole(row: number, isWhole: boolean): void {
    const flags = this.word(row, ROW_FLAGS) & ~ROW_FLAG_WHOLE
    this.setWord(row, ROW_FLAGS, isWhole ? flags | ROW_FLAG_WHOLE : flags)
  }

  /** Returns the table's memory as parts of a file, as views. */
  encode(): Uint8Array[] {
    const header = new Int32Array(HEADER_WORDS)
    header.set([MAGIC, this.count, this.namesBytes, this.idCount])
    const { rows } = this
    return [
      new Uint8Array(header.buffer),
      new Uint8Array(rows.buffer, rows.byteOffset, this.count * ROW_WORDS * 4),
      this.ids.subarray(0, this.idCount * ID_BYTES),
      this.names.subarray(0, this.namesBytes),
    ]
  }

  /** Returns the table that `encode` made `bytes` of, sharing their memory, or `undefined` when they are no table. */
  static decode(bytes: Uint8Array): EntryTable | undefined {
    if (bytes.byteLength < HEADER_WORDS * 4) return undefined
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
    const header = new Int32Array(aligned.buffer, aligned.byteOffset, HEADER_WORDS)
    const [magic = 0, count = -1, namesBytes = -1, idCount = -1] = header
    const rowsAt = HEADER_WORDS * 4
    const idsAt = rowsAt + count * ROW_WORDS * 4
    const namesAt = idsAt + idCount * ID_BYTES
    if (magic !== MAGIC || count < 1 || namesBytes < 1 || idCount < 0) return undefined
    if (aligned.byteLength !== namesAt + namesBytes || aligned[aligned.byteLength - 1] !== 0) return undefined
    const table = new EntryTable(
      new Int32Array(aligned.buffer, aligned.byteOffset + rowsAt, count * ROW_WORDS),
      aligned.subarray(namesAt),
      aligned.subarray(idsAt, namesAt),
    )
    table.count = count
    table.namesBytes = namesBytes
    table.idCount = idCount
    return table
  }

  /** The slab of names as what makes text of a part of it without a view of that part. */
  #namesText(): Buffer {
    const { buffer, byteOffset, byteLength } = this.names
    if (this.#text?.buffer !== buffer) this.#text = Buffer.from(buffer, byteOffset, byteLength)
    return this.#text
  }

  #reserveNames(bytes: number): void {
    this.names = grownOctets(this.names, this.namesBytes + bytes)
  }
}
