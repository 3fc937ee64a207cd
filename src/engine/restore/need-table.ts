import { assert, present } from '../../base/assert.ts'
import { toHex } from '../../base/bytes.ts'
import { IntegrityError } from '../../base/errors.ts'
import type { BlobIndex } from '../../repository/blob-index.ts'
import { blobNotIndexed } from '../../repository/blob-missing.ts'
import { type RestoreFile, blobIdOf, blobLengthOf } from './restore-file.ts'

/** Rows of a table at most: a frame's number and a row together fit a double. */
const ROWS_MAX = 1 << 20

/** Which blobs files need, and in which frames they lie: one row each, file by file, without an object a row. */
export class NeedTable {
  readonly #index: BlobIndex
  readonly #files: RestoreFile[] = []
  /** Which of its file's blobs a row is. */
  readonly #blobs: number[] = []
  /** Which entry of the index. */
  readonly #entries: number[] = []
  readonly #frames: number[] = []

  constructor(index: BlobIndex) {
    this.#index = index
  }

  get count(): number {
    return this.#files.length
  }

  /**
   * Finds out where a file's blob lies, and adds it.
   *
   * @throws {IntegrityError} BLOB_MISSING, MALFORMED
   */
  add(file: RestoreFile, blob: number): void {
    const id = blobIdOf(file, blob)
    const entry = this.#index.find(id)
    const location = entry < 0 ? undefined : this.#index.location(entry)
    if (location === undefined) throw blobNotIndexed(id)
    const hint = 'Run `tidemark check --repair`, or restore another point.'
    const length = blobLengthOf(file, blob)
    if (location.length !== length) {
      const message = `the blob ${toHex(id)} has ${location.length} bytes where the file has ${length}`
      throw new IntegrityError('MALFORMED', message, { hint })
    }
    assert(this.count < ROWS_MAX, 'a table of needs has few rows')
    this.#files.push(file)
    this.#blobs.push(blob)
    this.#entries.push(entry)
    this.#frames.push(location.frame)
  }

  /** Takes back all rows from `count` on. */
  truncate(count: number): void {
    for (const column of [this.#files, this.#blobs, this.#entries, this.#frames]) column.length = count
  }

  file(row: number): RestoreFile {
    return present(this.#files[row], 'the file of a need')
  }
  blob(row: number): number {
    return this.#blobs[row] ?? 0
  }
  /** The same for all rows of one blob. */
  entry(row: number): number {
    return this.#entries[row] ?? 0
  }
  frame(row: number): number {
    return this.#frames[row] ?? 0
  }
  /** Where the row's blob begins in its frame. */
  offset(row: number): number {
    return present(this.#index.location(this.entry(row)), 'a blob that was found').offset
  }

  /** Returns all rows in the order of their frames. */
  rowsByFrame(): Uint32Array {
    // Loops: `from` of a typed array with a function makes two objects a row.
    const keys = new Float64Array(this.count)
    for (let row = 0; row < keys.length; row++) keys[row] = this.frame(row) * ROWS_MAX + row
    keys.sort()
    const rows = new Uint32Array(keys.length)
    for (let i = 0; i < rows.length; i++) rows[i] = (keys[i] ?? 0) % ROWS_MAX
    return rows
  }
}
