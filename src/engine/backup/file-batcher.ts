import { type ByteString, bytesOf } from '../../base/byte-string.ts'
import { type EntryTable, ROW_BLOCKS, ROW_INO, ROW_SIZE, ROW_WORDS } from '../scan/entry-table.ts'
import type { FilesJob } from './backup-jobs.ts'

const BATCH_BYTES = 2 << 20
const BATCH_FILES = 512
const BLOCK_BYTES = 512
const NUL = new Uint8Array(1)

/** A job, and which rows of the table its files are. */
export interface FileBatch {
  readonly job: FilesJob
  readonly files: readonly BatchedFile[]
}

export interface BatchedFile {
  readonly row: number
  /** Row of its directory, and that one's path. */
  readonly directory: number
  readonly path: ByteString
}

/** Gathers files of neighbouring directories into jobs of about two megabytes. */
export class FileBatcher {
  readonly #table: EntryTable
  #files: BatchedFile[] = []
  #groups: { path: Uint8Array; ino: [number, number]; count: number }[] = []
  #lastDirectory = -1
  #bytes = 0

  constructor(table: EntryTable) {
    this.#table = table
  }

  /** Adds a file; returns a batch when it is full. */
  add(row: number, directory: number, path: ByteString): FileBatch | undefined {
    if (directory !== this.#lastDirectory) {
      this.#lastDirectory = directory
      const ino: [number, number] = [this.#table.word(directory, ROW_INO), this.#table.word(directory, ROW_INO + 1)]
      this.#groups.push({ path: bytesOf(path), ino, count: 0 })
    }
    this.#files.push({ row, directory, path })
    const group = this.#groups.at(-1)
    if (group !== undefined) group.count++
    this.#bytes += diskBytes(this.#table, row)
    return this.#bytes >= BATCH_BYTES || this.#files.length >= BATCH_FILES ? this.take() : undefined
  }

  /** Returns what has been gathered. */
  take(): FileBatch | undefined {
    if (this.#files.length === 0) return undefined
    const table = this.#table
    const files = this.#files
    const copied = new Int32Array(files.length * ROW_WORDS)
    const names: Uint8Array[] = []
    files.forEach(({ row }, i) => {
      copied.set(table.rows.subarray(row * ROW_WORDS, (row + 1) * ROW_WORDS), i * ROW_WORDS)
      names.push(table.nameBytes(row), NUL)
    })
    const job: FilesJob = {
      type: 'files',
      groups: this.#groups,
      names: new Uint8Array(Buffer.concat(names)),
      rows: copied,
    }
    this.#files = []
    this.#groups = []
    this.#lastDirectory = -1
    this.#bytes = 0
    return { job, files }
  }
}

/** Bytes of a file that have to be read: not its holes. */
export function diskBytes(table: EntryTable, row: number): number {
  const blocks = table.word(row, ROW_BLOCKS) >>> 0
  return Math.min(table.wide(row, ROW_SIZE), blocks * BLOCK_BYTES)
}
