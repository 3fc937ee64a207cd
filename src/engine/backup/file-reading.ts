import { present } from '../../base/assert.ts'
import { type ByteString, joinPath } from '../../base/byte-string.ts'
import { BLOB_ID_BYTES } from '../../base/ids.ts'
import type { RunStore } from '../run/run-store.ts'
import {
  ROW_COUNT,
  ROW_FIRST,
  ROW_FLAG_UNSURE,
  ROW_FLAGS,
  ROW_ID_COUNT,
  ROW_IDS,
  ROW_MODE,
  ROW_NAME,
  ROW_SIZE,
  ROW_WORDS,
} from '../scan/entry-table.ts'
import type { Scanner } from '../scan/scanner.ts'
import { contentOf } from '../trees/content-lists.ts'
import { type FilesResult, OUTCOME_CHANGED, OUTCOME_FAILED, OUTCOME_WORDS } from './backup-jobs.ts'
import type { Coverage } from './coverage.ts'
import { diskBytes, type FileBatch, FileBatcher } from './file-batcher.ts'
import { readLargeFile } from './large-file.ts'
import type { PassProgress } from './pass-progress.ts'
import type { ReadFile } from './tree-builder.ts'

/** Files above this size are cut by this thread and read by all of them. */
export const LARGE_FILE_BYTES = 16 << 20

/** Words of a row that only the leader knows. */
const OWN_WORDS = [ROW_NAME, ROW_FIRST, ROW_COUNT, ROW_IDS, ROW_ID_COUNT]

export interface FileReadingOptions {
  readonly scanner: Scanner
  readonly store: () => Promise<RunStore>
  readonly coverage: Coverage
  readonly progress: PassProgress
  readonly signal: AbortSignal
  /** Keeps an eye on what was begun. */
  readonly track: (job: Promise<void>) => void
  /** Called once for each file, whatever became of it. */
  readonly done: (directory: number) => void
  /** Called after each job, when directories may have become complete. */
  readonly afterJob: () => void
}

/** Has files read by the threads, and keeps what comes back until the trees are built. */
export class FileReading {
  /** What rows do not say of files that were read. */
  readonly files = new Map<number, ReadFile>()
  readonly #options: FileReadingOptions
  readonly #batcher: FileBatcher
  #large: Promise<void> = Promise.resolve()

  constructor(options: FileReadingOptions) {
    this.#options = options
    this.#batcher = new FileBatcher(options.scanner.table)
  }

  /** Has a file of a directory at `path` read. */
  add(row: number, directory: number, path: ByteString): void {
    const { scanner, track } = this.#options
    const { table } = scanner
    const size = table.wide(row, ROW_SIZE)
    if (size > LARGE_FILE_BYTES && diskBytes(table, row) === size) {
      this.#large = this.#large.then(() => this.#readLarge(row, directory, joinPath(path, table.name(row))))
      track(this.#large)
    } else {
      this.#dispatch(this.#batcher.add(row, directory, path))
    }
  }

  /** Sends what has been gathered on its way. */
  flush(): void {
    this.#dispatch(this.#batcher.take())
  }

  #dispatch(batch: FileBatch | undefined): void {
    if (batch !== undefined) this.#options.track(this.#readBatch(batch))
  }

  async #readBatch(batch: FileBatch): Promise<void> {
    const { store, progress, done, afterJob } = this.#options
    const opened = await store()
    const result = (await opened.run(batch.job)) as FilesResult
    progress.bytesRead += result.bytesRead
    for (const [i, file] of batch.files.entries()) {
      const [, idCount = 0, firstId = 0] = result.outcomes.subarray(i * OUTCOME_WORDS, (i + 1) * OUTCOME_WORDS)
      const ids = result.ids.subarray(firstId * BLOB_ID_BYTES, (firstId + idCount) * BLOB_ID_BYTES)
      await this.#take(opened, { ...file, index: i, ids, result })
      done(file.directory)
    }
    afterJob()
  }

  async #take(store: RunStore, file: BatchedResult): Promise<void> {
    const { scanner, progress, coverage } = this.#options
    const { table } = scanner
    const { row, index, result } = file
    const path = (): ByteString => joinPath(file.path, table.name(row))
    const sizeBefore = table.wide(row, ROW_SIZE)
    const outcome = result.outcomes[index * OUTCOME_WORDS]
    if (outcome === OUTCOME_FAILED) {
      coverage.failed(path(), present(result.problems.get(index), 'why a file could not be read'), sizeBefore)
      scanner.states.setGone(row)
    } else {
      if (result.rows !== undefined) {
        this.#takeRow(row, result.rows.subarray(index * ROW_WORDS, (index + 1) * ROW_WORDS))
      }
      if (outcome === OUTCOME_CHANGED) this.#changedWhileRead(row, path())
      await this.#keep(store, row, file.ids, result.extras.get(index) ?? { xattrs: [], holes: [] })
    }
    progress.filesDone++
    progress.bytesDone += sizeBefore
    progress.tell(file.path)
  }

  async #readLarge(row: number, directory: number, path: ByteString): Promise<void> {
    const { scanner, progress, coverage, signal, done, afterJob } = this.#options
    const { table } = scanner
    const bytes = table.wide(row, ROW_SIZE)
    const store = await this.#options.store()
    const file = await readLargeFile({ store, table, row, directory, path, progress, signal })
    if (typeof file === 'string') {
      coverage.failed(path, file, bytes)
      scanner.states.setGone(row)
    } else {
      if (file.changed) this.#changedWhileRead(row, path)
      await this.#keep(store, row, file.ids, { xattrs: file.xattrs, holes: [] })
    }
    progress.filesDone++
    done(directory)
    afterJob()
  }

  async #keep(store: RunStore, row: number, ids: Uint8Array, rest: Omit<ReadFile, 'content'>): Promise<void> {
    if (ids.byteLength <= BLOB_ID_BYTES && rest.xattrs.length === 0 && rest.holes.length === 0) {
      this.#options.scanner.table.setIds(row, ids)
    } else {
      const content = await contentOf(ids.slice(), (list) => store.putBlob('list', list))
      this.files.set(row, { ...rest, content })
    }
  }

  /** Brings a row up to date with what the reading thread saw last. */
  #takeRow(row: number, seen: Int32Array): void {
    const { table } = this.#options.scanner
    const at = row * ROW_WORDS
    const before = table.rows.slice(at, at + ROW_WORDS)
    for (const word of OWN_WORDS) seen[word] = before[word] ?? 0
    // What changed since the scan saw it may change again within the same tick of the clock.
    const isAsScanned = seen.subarray(0, ROW_MODE).every((value, word) => value === before[word])
    seen[ROW_FLAGS] = (seen[ROW_FLAGS] ?? 0) | (isAsScanned ? 0 : ROW_FLAG_UNSURE)
    table.rows.set(seen, at)
  }

  #changedWhileRead(row: number, path: ByteString): void {
    const { scanner, coverage } = this.#options
    scanner.states.distrust(row)
    coverage.trouble({ path, reason: 'changed', bytes: scanner.table.wide(row, ROW_SIZE) })
  }
}

interface BatchedResult {
  readonly row: number
  /** Path of its directory. */
  readonly path: ByteString
  readonly index: number
  readonly ids: Uint8Array
  readonly result: FilesResult
}
