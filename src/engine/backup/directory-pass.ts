import { setImmediate } from 'node:timers/promises'
import { type ByteString, joinPath } from '../../base/byte-string.ts'
import { errnoOf } from '../../base/errors.ts'
import { AT_FDCWD, S_IFDIR, S_IFMT, S_IFREG } from '../../base/posix/constants.ts'
import type { RunStore } from '../run/run-store.ts'
import { readExtrasAt } from '../scan/entry-extras.ts'
import { type EntryTable, ROW_COUNT, ROW_FIRST, ROW_MODE, ROW_SIZE } from '../scan/entry-table.ts'
import type { ScannedDirectory, ScanOptions } from '../scan/scan-options.ts'
import { Scanner } from '../scan/scanner.ts'
import type { Coverage } from './coverage.ts'
import { dataBytes } from './data-bytes.ts'
import { diskBytes } from './file-batcher.ts'
import { FileReading } from './file-reading.ts'
import { turnIntoBase } from './pass-base.ts'
import type { PassProgress } from './pass-progress.ts'
import { staleEntries } from './stale-entries.ts'
import { TreeBuilder } from './tree-builder.ts'

/** How long this thread scans before it goes on with what it waits for: opening takes dozens of such turns. */
const SLICE_MS = 1
/** Jobs on their way before the scan waits for them. */
const JOBS_MAX = 16

export interface DirectoryPassOptions extends Omit<ScanOptions, 'trouble'> {
  /** Every byte is read again. */
  readonly full: boolean
  /** Everything is looked at, nothing is read or stored. */
  readonly dryRun: boolean
  /** Called when the first file has to be read: what that takes gets ready while the scan goes on. */
  readonly prepare: () => void
  /** Opened when something has to be stored. */
  readonly store: () => Promise<RunStore>
  /** Whether what the base refers to must be looked up in the index: it may have been pruned, or lost, since. */
  readonly mustLookUp: boolean
  readonly coverage: Coverage
  readonly progress: PassProgress
  readonly signal: AbortSignal
}

/** Scans directories, has new and changed files read, and builds the trees. Used once. */
export class DirectoryPass {
  readonly scanner: Scanner
  readonly #options: DirectoryPassOptions
  readonly #reading: FileReading
  readonly #trees: TreeBuilder
  /** By directory: how many of its files and directories are not done. */
  readonly #pending = new Map<number, number>()
  readonly #parents = new Map<number, number>()
  readonly #jobs = new Set<Promise<void>>()
  #isPrepared = false
  #failure: { readonly error: unknown } | undefined

  constructor(options: DirectoryPassOptions) {
    this.#options = options
    this.scanner = new Scanner({ ...options, trouble: options.coverage.trouble })
    this.#reading = new FileReading({
      ...options,
      scanner: this.scanner,
      checkGoingOn: () => this.#check(),
      track: (job) => this.#track(job),
      done: (directory) => this.#entryDone(directory),
      afterJob: () => this.#drainTrees(),
    })
    this.#trees = new TreeBuilder({
      scanner: this.scanner,
      base: options.base,
      toleratesDamage: options.mustLookUp,
      store: options.store,
      files: this.#reading.files,
      done: (directory) => this.#directoryDone(directory),
      unread: (directory, rows) => this.#readAfterAll(directory, rows),
    })
  }

  /** Returns the 32-byte ids of the trees of the root directory. */
  async run(): Promise<Uint8Array> {
    const { progress } = this.#options
    let sliceEndMs = performance.now() + SLICE_MS
    for (const directory of this.scanner.scan()) {
      await this.#scanned(directory)
      if (this.#jobs.size < JOBS_MAX && performance.now() < sliceEndMs) continue
      progress.tell(directory.path)
      await setImmediate()
      while (this.#jobs.size >= JOBS_MAX) await Promise.race(this.#jobs)
      this.#check()
      sliceEndMs = performance.now() + SLICE_MS
    }
    progress.scanned = true
    this.#reading.flush()
    this.#drainTrees()
    while (this.#jobs.size > 0) {
      await Promise.race(this.#jobs)
      this.#check()
    }
    return this.scanner.table.idsOf(0).slice()
  }

  /** Waits for all that was begun, so that it is stored and can be used by the next run. */
  async settle(): Promise<void> {
    while (this.#jobs.size > 0) await Promise.allSettled(this.#jobs)
  }

  /** Returns what the next scan compares with: the base itself where nothing is different. Called once, at the end. */
  base(): EntryTable {
    const { base } = this.#options
    const { states, table } = this.scanner
    return base !== undefined && states.isAllSame && base.count === table.count ? base : turnIntoBase(this.scanner)
  }

  async #scanned({ row, path }: ScannedDirectory): Promise<void> {
    const { table, states } = this.scanner
    if (states.isGone(row)) {
      this.#directoryDone(row)
      return
    }
    if (this.#options.mustLookUp) await this.#lookUp(row)
    const first = table.word(row, ROW_FIRST)
    const end = first + table.word(row, ROW_COUNT)
    const closed: number[] = []
    let pending = 0
    for (let child = first; child < end; child++) {
      if (states.isGone(child)) continue
      const kind = this.#kind(child)
      if (kind === S_IFREG && this.#mustRead(child, path)) {
        pending++
        this.#read(child, row, path)
      } else if (kind === S_IFDIR) {
        pending++
        this.#parents.set(child, row)
        if (states.isClosed(child)) closed.push(child)
      }
    }
    if (this.#options.dryRun) return
    this.#pending.set(row, pending)
    if (pending === 0) this.#trees.add(row)
    for (const child of closed) {
      if (this.#options.mustLookUp) this.#trees.forced.add(child)
      table.setWord(child, ROW_COUNT, 0)
      this.#trees.add(child)
    }
  }

  /** Whether a file's content must be read; counts it. */
  #mustRead(row: number, directory: ByteString): boolean {
    const { table, states } = this.scanner
    const { full, progress } = this.#options
    const bytes = table.wide(row, ROW_SIZE)
    progress.filesFound++
    progress.bytesFound += bytes
    if (full) states.reconsider(row)
    if (!states.isSame(row) && !this.#options.dryRun) return true
    if (!states.isSame(row)) progress.bytesRead += this.#bytesToRead(row, directory)
    progress.filesDone++
    progress.bytesDone += bytes
    return false
  }

  /** Holes are not read; only where there may be some is the file asked. */
  #bytesToRead(row: number, directory: ByteString): number {
    const { table } = this.scanner
    const bytes = table.wide(row, ROW_SIZE)
    return diskBytes(table, row) < bytes ? dataBytes(joinPath(directory, table.name(row)), bytes) : bytes
  }

  #read(row: number, directory: number, path: ByteString): void {
    if (!this.#isPrepared) this.#options.prepare()
    this.#isPrepared = true
    this.#reading.add(row, directory, path)
  }

  #entryDone(directory: number): void {
    const left = (this.#pending.get(directory) ?? 0) - 1
    this.#pending.set(directory, left)
    if (left === 0) this.#trees.add(directory)
  }

  #directoryDone(directory: number): void {
    this.#pending.delete(directory)
    const parent = this.#parents.get(directory)
    if (parent !== undefined) this.#entryDone(parent)
  }

  #drainTrees(): void {
    if (!this.#trees.isIdle) this.#track(this.#trees.drain())
  }

  /** Entries that were to be taken over are not in the old tree, or nobody can read it: they are read after all. */
  #readAfterAll(directory: number, rows: readonly number[]): void {
    const { states } = this.scanner
    const path = this.#pathOf(directory)
    let pending = 0
    for (const row of rows) {
      states.reconsider(row)
      if (this.#kind(row) === S_IFREG) {
        pending++
        this.#read(row, directory, path)
      } else {
        this.#readExtras(row, path)
      }
    }
    this.#pending.set(directory, pending)
    if (pending === 0) this.#trees.add(directory)
    else this.#reading.flush()
  }

  #readExtras(row: number, directory: ByteString): void {
    const { table, states, extras } = this.scanner
    const path = joinPath(directory, table.name(row))
    try {
      const found = readExtrasAt(AT_FDCWD, path, table.word(row, ROW_MODE))
      if (found !== undefined) extras.set(row, found)
    } catch (error) {
      const code = errnoOf(error)
      if (code === undefined) throw error
      this.#options.coverage.failed(path, code, 0)
      states.setGone(row)
    }
  }

  #pathOf(directory: number): ByteString {
    const parent = this.#parents.get(directory)
    if (parent === undefined) return '/' as ByteString
    return joinPath(this.#pathOf(parent), this.scanner.table.name(directory))
  }

  /** Has entries read again whose content, by the index, is no longer there to be taken over. */
  async #lookUp(directory: number): Promise<void> {
    const { table, states } = this.scanner
    const { base, store } = this.#options
    const baseRow = states.base(directory)
    if (base === undefined || baseRow < 0) return
    const stale = await staleEntries(await store(), base.idsOf(baseRow))
    if (stale === 'all' || stale.trees) this.#trees.forced.add(directory)
    const first = table.word(directory, ROW_FIRST)
    for (let row = first; row < first + table.word(directory, ROW_COUNT); row++) {
      // The tree builder then finds nothing that it could take over, and asks for the entry.
      if (stale === 'all') table.setWhole(row, false)
      else if (stale.names.has(table.name(row))) states.reconsider(row)
    }
  }

  #kind(row: number): number {
    return this.scanner.table.word(row, ROW_MODE) & S_IFMT
  }

  #track(job: Promise<void>): void {
    const tracked: Promise<void> = job
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#jobs.delete(tracked))
    this.#jobs.add(tracked)
  }

  #check(): void {
    this.#options.signal.throwIfAborted()
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
