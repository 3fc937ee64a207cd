import { assert } from '../../base/assert.ts'
import { type ByteString, byteString } from '../../base/byte-string.ts'
import type { DirEntry, ExtendedAttribute } from '../../format/tree.ts'
import type { RestoreAction } from '../restore-types.ts'
import type { Attributes } from './attributes.ts'

// 32-bit words of a row: end of the path in the slab, mode, owner, group, nanoseconds, flags, what was done.
const FIELDS = 7
const PATH_END = 0
const MODE = 1
const UID = 2
const GID = 3
const NANOSECONDS = 4
const FLAGS = 5
const DONE = 6

const actions: readonly RestoreAction[] = ['create', 'overwrite', 'unchanged', 'delete', 'keep']
/** Set in `DONE` beside the action. */
const IS_USED = 0x100

const ROWS_MIN = 1024
const PATHS_BYTES_MIN = 64 << 10

/** A directory that waits for its attributes. */
export interface NewDirectory {
  /** Relative to the target. */
  readonly path: ByteString
  readonly entry: DirEntry
  readonly uid: number
  readonly gid: number
  readonly action: RestoreAction
  /** It may have attributes or flags that are not wanted. */
  readonly isUsed: boolean
}

/** What a directory is to have, and what was planned for it. */
export interface DirectoryRow extends Attributes {
  readonly path: ByteString
  readonly action: RestoreAction
  readonly isUsed: boolean
}

/**
 * Directories whose attributes are set when all else is done: in columns, because there may be very many, at 36 bytes
 * and a path each.
 */
export class DirectoryTable {
  #count = 0
  #words = new Uint32Array(ROWS_MIN * FIELDS)
  #seconds = new Float64Array(ROWS_MIN)
  #paths = Buffer.alloc(PATHS_BYTES_MIN)
  readonly #xattrs = new Map<number, readonly ExtendedAttribute[]>()

  get count(): number {
    return this.#count
  }

  add({ path, entry, uid, gid, action, isUsed }: NewDirectory): void {
    const row = this.#count
    const pathStart = this.#pathEnd(row - 1)
    this.#reserve(pathStart + path.length)
    this.#count++
    this.#paths.write(path, pathStart, 'latin1')
    const { mode, mtime, flags, xattrs } = entry
    const done = actions.indexOf(action) | (isUsed ? IS_USED : 0)
    this.#words.set([pathStart + path.length, mode, uid, gid, mtime.nanoseconds, flags, done], row * FIELDS)
    this.#seconds[row] = mtime.seconds
    // Values are views into whole trees, which would stay with them.
    if (xattrs.length > 0)
      this.#xattrs.set(
        row,
        xattrs.map(({ name, value }) => ({ name, value: value.slice() })),
      )
  }

  /** Returns the directory that was added as number `row`. */
  get(row: number): DirectoryRow {
    assert(row >= 0 && row < this.#count, 'a directory of the table')
    const word = (field: number): number => this.#words[row * FIELDS + field] ?? 0
    const path = byteString(this.#paths.subarray(this.#pathEnd(row - 1), word(PATH_END)))
    return {
      path,
      name: path.slice(path.lastIndexOf('/') + 1) as ByteString,
      mode: word(MODE),
      uid: word(UID),
      gid: word(GID),
      seconds: this.#seconds[row] ?? 0,
      nanoseconds: word(NANOSECONDS),
      xattrs: this.#xattrs.get(row) ?? [],
      flags: word(FLAGS),
      action: actions[word(DONE) & ~IS_USED] ?? 'create',
      isUsed: (word(DONE) & IS_USED) !== 0,
    }
  }

  #pathEnd(row: number): number {
    return row < 0 ? 0 : (this.#words[row * FIELDS + PATH_END] ?? 0)
  }

  #reserve(pathBytes: number): void {
    if ((this.#count + 1) * FIELDS > this.#words.length) {
      const words = new Uint32Array(this.#words.length * 2)
      words.set(this.#words)
      this.#words = words
      const seconds = new Float64Array(this.#seconds.length * 2)
      seconds.set(this.#seconds)
      this.#seconds = seconds
    }
    if (pathBytes <= this.#paths.byteLength) return
    const paths = Buffer.alloc(Math.max(pathBytes, this.#paths.byteLength * 2))
    paths.set(this.#paths)
    this.#paths = paths
  }
}
