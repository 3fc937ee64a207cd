import { type ByteString, bytesOf } from '../../base/byte-string.ts'
import { NAME_BYTES_MAX } from '../../base/limits.ts'
import { type EntryTable, ROW_BLOCKS, ROW_INO, ROW_NAME, ROW_SIZE, ROW_WORDS } from '../scan/entry-table.ts'
import type { FilesJob } from './backup-jobs.ts'

const BATCH_BYTES = 2 << 20
const BATCH_FILES = 512
const BLOCK_BYTES = 512
/** Room for the names of a batch; nothing waits between filling it and copying what it holds. */
const scratch = Buffer.alloc(BATCH_FILES * (NAME_BYTES_MAX + 1))

/** A job, and where its files stand in the table. */
export interface FileBatch {
  readonly job: FilesJob
  readonly rows: Int32Array
  /** Rows of their directories. */
  readonly directories: Int32Array
  /** Paths of those. */
  readonly paths: ReadonlyMap<number, ByteString>
}

/** Gathers files of neighbouring directories into jobs of about two megabytes. */
export class FileBatcher {
  readonly #table: EntryTable
  readonly #rows = new Int32Array(BATCH_FILES)
  readonly #directories = new Int32Array(BATCH_FILES)
  #count = 0
  #groups: { path: Uint8Array; ino: [number, number]; count: number }[] = []
  #paths = new Map<number, ByteString>()
  #lastDirectory = -1
  #bytes = 0

  constructor(table: EntryTable) {
    this.#table = table
  }

  /** Adds a file; returns a batch when it is full. */
  add(row: number, directory: number, path: ByteString): FileBatch | undefined {
    if (directory !== this.#lastDirectory) {
      this.#lastDirectory = directory
      this.#paths.set(directory, path)
      const ino: [number, number] = [this.#table.word(directory, ROW_INO), this.#table.word(directory, ROW_INO + 1)]
      this.#groups.push({ path: bytesOf(path), ino, count: 0 })
    }
    this.#rows[this.#count] = row
    this.#directories[this.#count++] = directory
    const group = this.#groups.at(-1)
    if (group !== undefined) group.count++
    this.#bytes += diskBytes(this.#table, row)
    return this.#bytes >= BATCH_BYTES || this.#count === BATCH_FILES ? this.take() : undefined
  }

  /** Returns what has been gathered. */
  take(): FileBatch | undefined {
    if (this.#count === 0) return undefined
    const rows = this.#rows.slice(0, this.#count)
    const job: FilesJob = { type: 'files', groups: this.#groups, ...copyFiles(this.#table, rows) }
    const batch = { job, rows, directories: this.#directories.slice(0, this.#count), paths: this.#paths }
    this.#count = 0
    this.#groups = []
    this.#paths = new Map()
    this.#lastDirectory = -1
    this.#bytes = 0
    return batch
  }
}

/** Copies names and rows of files out of the table, without an object for any of them. */
function copyFiles(table: EntryTable, rows: Int32Array): Pick<FilesJob, 'names' | 'rows'> {
  const all = Buffer.from(table.names.buffer, table.names.byteOffset, table.names.byteLength)
  const copied = new Int32Array(rows.length * ROW_WORDS)
  let namesBytes = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? 0
    const from = row * ROW_WORDS
    for (let word = 0; word < ROW_WORDS; word++) copied[i * ROW_WORDS + word] = table.rows[from + word] ?? 0
    const start = table.word(row, ROW_NAME)
    namesBytes += all.copy(scratch, namesBytes, start, all.indexOf(0, start) + 1)
  }
  return { rows: copied, names: new Uint8Array(scratch.subarray(0, namesBytes)) }
}

/** Bytes of a file that have to be read: not its holes. */
export function diskBytes(table: EntryTable, row: number): number {
  const blocks = table.word(row, ROW_BLOCKS) >>> 0
  return Math.min(table.wide(row, ROW_SIZE), blocks * BLOCK_BYTES)
}
