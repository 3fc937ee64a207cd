import { setImmediate } from 'node:timers/promises'
import { type ByteString, bytesOf } from '../../base/byte-string.ts'
import {
  AT_EMPTY_PATH,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  S_IFMT,
  S_IFREG,
} from '../../base/posix/constants.ts'
import { cString } from '../../base/posix/c-string.ts'
import { closeDescriptor } from '../../base/posix/descriptors.ts'
import { errno, errnoName } from '../../base/posix/errno.ts'
import { addressOf, libc } from '../../base/posix/libc.ts'
import { PosixError } from '../../base/posix/posix-error.ts'
import { STATX_BYTES, statusOf, STX_MODE } from '../../base/posix/statx.ts'
import { readXattrs } from '../../base/posix/xattr.ts'
import type { ExtendedAttribute } from '../../format/tree.ts'
import { Chunker } from '../chunker/chunker.ts'
import type { RunStore } from '../run/run-store.ts'
import { type EntryTable, ROW_FLAG_UNSURE, ROW_FLAGS, ROW_INO, ROW_SIZE } from '../scan/entry-table.ts'
import { openLongPath } from '../scan/open-long-path.ts'
import { sameAsRow, SCAN_MASK, setRow } from '../scan/stat-row.ts'
import type { ChunksJob, ChunksResult } from './backup-jobs.ts'
import type { PassProgress } from './pass-progress.ts'

/** What this thread reads and cuts at once, and what a job holds at least. */
const WINDOW_BYTES = 4 << 20
const JOB_BYTES = 4 << 20
/** Jobs of one file that are on their way at once. */
const JOBS_MAX = 6

export interface LargeFile {
  /** Ids of its chunks, one after the other. */
  readonly ids: Uint8Array
  readonly xattrs: readonly ExtendedAttribute[]
  /** It changed while it was read, twice. */
  readonly changed: boolean
}

export interface LargeFileOptions {
  readonly store: RunStore
  /** Its row is brought up to date. */
  readonly table: EntryTable
  readonly row: number
  /** Row of its directory. */
  readonly directory: number
  readonly path: ByteString
  readonly progress: PassProgress
  readonly signal: AbortSignal
}

/**
 * Reads a large file with all threads: this one cuts it, the others read, compress and encrypt its chunks.
 *
 * Returns the name of an error number when it cannot be read.
 */
export async function readLargeFile(options: LargeFileOptions): Promise<LargeFile | string> {
  const { table, row } = options
  const fd = open(options)
  if (typeof fd === 'string') return fd
  const stat = new Int32Array(STATX_BYTES / 4)
  const statAddress = addressOf(new Uint8Array(stat.buffer))
  const isAsRow = (): boolean => {
    libc().statx(fd, cString('' as ByteString), AT_EMPTY_PATH, SCAN_MASK, statAddress)
    return sameAsRow(table.rows, row, stat)
  }
  try {
    let content = await readContent(options, fd)
    let isStable = isAsRow()
    if (!isStable) {
      if (((stat[STX_MODE] ?? 0) & S_IFMT) !== S_IFREG) return 'ENOENT'
      setRow(table.rows, row, stat)
      // What changed since the scan saw it may change again within the same tick of the clock.
      table.setWord(row, ROW_FLAGS, table.word(row, ROW_FLAGS) | ROW_FLAG_UNSURE)
      content = await readContent(options, fd)
      isStable = isAsRow()
    }
    if (typeof content === 'string') return content
    setRow(table.rows, row, stat)
    // Entry and content agree, whatever the file did meanwhile.
    const isWhole = content.bytes === table.wide(row, ROW_SIZE)
    table.setWord(row, ROW_SIZE, content.bytes | 0)
    table.setWord(row, ROW_SIZE + 1, Math.floor(content.bytes / 2 ** 32))
    return { ids: content.ids, xattrs: readXattrs(fd), changed: !isStable || !isWhole }
  } catch (error) {
    if (error instanceof PosixError) return error.code
    throw error
  } finally {
    closeDescriptor(fd)
  }
}

/** Opens the file in its directory, if that still is the one that was scanned. Returns the name of an error number. */
function open({ table, row, directory, path }: LargeFileOptions): number | string {
  const holder = (path.slice(0, path.lastIndexOf('/')) || '/') as ByteString
  const dirfd = openLongPath(holder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  if (dirfd < 0) return errnoName(errno())
  try {
    if (statusOf(dirfd).ino !== inoOf(table, directory)) return 'ENOENT'
    const fd = libc().openat(dirfd, cString(table.name(row)), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0)
    return fd < 0 ? errnoName(errno()) : fd
  } finally {
    closeDescriptor(dirfd)
  }
}

function inoOf(table: EntryTable, row: number): bigint {
  return (BigInt(table.word(row, ROW_INO + 1) >>> 0) << 32n) + BigInt(table.word(row, ROW_INO) >>> 0)
}

/** Cuts the file from its start to its end, and gives the chunks away as it goes. */
async function readContent(
  { store, table, row, path, progress, signal }: LargeFileOptions,
  fd: number,
): Promise<{ ids: Uint8Array; bytes: number } | string> {
  const chunker = new Chunker(store.chunkerSeed, store.chunker, WINDOW_BYTES + store.chunker.maxBytes)
  const windowAddress = addressOf(chunker.window)
  const ino: [number, number] = [table.word(row, ROW_INO), table.word(row, ROW_INO + 1)]
  const results: Promise<ChunksResult>[] = []
  const running = new Set<Promise<unknown>>()
  let ranges: number[] = []
  let rangesBytes = 0
  let problem: string | undefined
  const dispatch = (): void => {
    const job: ChunksJob = { type: 'chunks', path: bytesOf(path), ino, ranges: Float64Array.from(ranges) }
    const bytes = rangesBytes
    const result = store.run(job).then((answer) => {
      const chunks = answer as ChunksResult
      problem ??= chunks.problem
      progress.bytesRead += chunks.bytesRead
      progress.bytesDone += bytes
      progress.tell(path)
      return chunks
    })
    results.push(result)
    const settled = result.catch(() => undefined).finally(() => running.delete(settled))
    running.add(settled)
    ranges = []
    rangesBytes = 0
  }
  let position = 0
  for (let isOver = false; !isOver && problem === undefined;) {
    const length = libc().pread(fd, windowAddress, chunker.window.byteLength, position)
    if (length < 0) problem ??= errnoName(errno())
    isOver = length < chunker.window.byteLength
    let start = 0
    while (start < length && (isOver || length - start >= chunker.maxBytes)) {
      const chunk = chunker.next(start, length - start)
      ranges.push(position + start, chunk)
      rangesBytes += chunk
      start += chunk
    }
    position += start
    if (rangesBytes >= JOB_BYTES || (isOver && rangesBytes > 0)) dispatch()
    // The other threads' answers come in between, and so does an interruption.
    await setImmediate()
    while (running.size >= JOBS_MAX) await Promise.race(running)
    if (signal.aborted) break
  }
  const chunks = await Promise.all(results)
  signal.throwIfAborted()
  if (problem !== undefined && problem !== 'changed') return problem
  // Nothing behind a place where the file ended belongs to it, even if it has grown again since.
  const end = chunks.findIndex((chunk) => chunk.problem !== undefined)
  const whole = end < 0 ? chunks : chunks.slice(0, end)
  const bytes = whole.reduce((sum, chunk) => sum + chunk.bytesRead, 0)
  return { ids: new Uint8Array(Buffer.concat(whole.map((chunk) => chunk.ids))), bytes }
}
