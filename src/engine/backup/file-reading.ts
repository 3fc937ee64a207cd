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
import { contentOf, INLINE_IDS_MAX } from '../trees/content-lists.ts'
import { type FileExtras, type FilesResult, OUTCOME_CHANGED, OUTCOME_FAILED, OUTCOME_WORDS } from './backup-jobs.ts'
import type { Coverage } from './coverage.ts'
import { diskBytes, type FileBatch, FileBatcher } from './file-batcher.ts'
import { readLargeFile } from './large-file.ts'
import type { PassProgress } from './pass-progress.ts'
import type { ReadFile } from './tree-builder.ts'

/** Files above this size are cut by this thread and read by all of them. */
export const LARGE_FILE_BYTES = 16 << 20

/** Batches that a thread has at most: one that it reads, one to go on with, one on its way. */
const JOBS_PER_THREAD = 3

const NO_EXTRAS: FileExtras = { xattrs: [], holes: [] }

/** Words of a row that only the leader knows. */
const OWN_WORDS = [ROW_NAME, ROW_FIRST, ROW_COUNT, ROW_IDS, ROW_ID_COUNT]

export interface FileReadingOptions {
  readonly scanner: Scanner
  readonly store: () => Promise<RunStore>
  readonly coverage: Coverage
  readonly progress: PassProgress
  readonly signal: AbortSignal
  /** Throws when nothing more is to be begun: after an interruption, or once something failed. */
  readonly checkGoingOn: () => void
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
  #atWork = 0
  readonly #waiting: (() => void)[] = []

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
    const result = await this.#run(opened, batch)
    progress.bytesRead += result.bytesRead
    const { files } = this
    for (let i = 0; i < batch.rows.length; i++) {
      const row = batch.rows[i] ?? 0
      const directory = batch.directories[i] ?? 0
      const firstId = result.outcomes[i * OUTCOME_WORDS + 2] ?? 0
      const idsEnd = firstId + (result.outcomes[i * OUTCOME_WORDS + 1] ?? 0)
      const ids = result.ids.subarray(firstId * BLOB_ID_BYTES, idsEnd * BLOB_ID_BYTES)
      if (this.#take(batch, { result, index: i })) {
        const extras = result.extras.get(i) ?? NO_EXTRAS
        if (this.#keepPlain(row, ids, extras)) files.delete(row)
        else files.set(row, await this.#content(opened, ids, extras))
      }
      done(directory)
    }
    afterJob()
  }

  /** Gives a batch to the threads. Those of a huge directory wait here, where an interruption reaches them. */
  async #run(store: RunStore, { job }: FileBatch): Promise<FilesResult> {
    if (this.#atWork >= JOBS_PER_THREAD * store.threads) await new Promise<void>((go) => this.#waiting.push(go))
    else this.#atWork++
    try {
      this.#options.checkGoingOn()
      return (await store.run(job)) as FilesResult
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#atWork--
      else next()
    }
  }

  /** Takes over what a thread says of a file; false when it could not be read. */
  #take(batch: FileBatch, { result, index }: { result: FilesResult; index: number }): boolean {
    const { scanner, progress, coverage } = this.#options
    const { table } = scanner
    const row = batch.rows[index] ?? 0
    const directory = batch.paths.get(batch.directories[index] ?? 0) ?? ('' as ByteString)
    const outcome = result.outcomes[index * OUTCOME_WORDS]
    progress.filesDone++
    progress.bytesDone += table.wide(row, ROW_SIZE)
    progress.tell(directory)
    if (outcome === OUTCOME_FAILED) {
      const problem = present(result.problems.get(index), 'why a file could not be read')
      coverage.failed(joinPath(directory, table.name(row)), problem, table.wide(row, ROW_SIZE))
      scanner.states.setGone(row)
      return false
    }
    if (result.rows !== undefined) this.#takeRow(row, result.rows.subarray(index * ROW_WORDS, (index + 1) * ROW_WORDS))
    if (outcome === OUTCOME_CHANGED) this.#changedWhileRead(row, joinPath(directory, table.name(row)))
    return true
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
      this.files.set(row, await this.#content(store, file.ids, { xattrs: file.xattrs, holes: [] }))
    }
    progress.filesDone++
    done(directory)
    afterJob()
  }

  /** Keeps the content of a file that has few blobs and nothing else, as most have, in its row. */
  #keepPlain(row: number, ids: Uint8Array, extras: FileExtras): boolean {
    if (ids.byteLength > INLINE_IDS_MAX * BLOB_ID_BYTES) return false
    if (extras.xattrs.length > 0 || extras.holes.length > 0) return false
    this.#options.scanner.table.setIds(row, ids)
    return true
  }

  async #content(store: RunStore, ids: Uint8Array, extras: FileExtras): Promise<ReadFile> {
    const content = await contentOf(ids.slice(), (list) => store.putBlob('list', list))
    return { ...extras, content }
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
