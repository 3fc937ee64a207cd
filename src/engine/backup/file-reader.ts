import { assert } from '../../base/assert.ts'
import { SINGLE_BLOB_BYTES_MAX } from '../../base/limits.ts'
import { AT_EMPTY_PATH, S_IFMT, S_IFREG } from '../../base/posix/constants.ts'
import { errno, errnoName } from '../../base/posix/errno.ts'
import { addressOf, libc } from '../../base/posix/libc.ts'
import { PosixError } from '../../base/posix/posix-error.ts'
import { dataRanges, type FileRange } from '../../base/posix/sparse.ts'
import { STATX_BYTES, STX_MODE } from '../../base/posix/statx.ts'
import { readXattrs } from '../../base/posix/xattr.ts'
import type { Hole } from '../../format/tree.ts'
import type { Chunker } from '../chunker/chunker.ts'
import { ROW_BLOCKS, ROW_SIZE, ROW_WORDS } from '../scan/entry-table.ts'
import { sameAsRow, SCAN_MASK, setRow } from '../scan/stat-row.ts'
import { type FileExtras, OUTCOME_CHANGED, OUTCOME_FAILED, OUTCOME_STORED } from './backup-jobs.ts'
import type { FrameBuilder } from './frame-builder.ts'
import type { IdList } from './id-list.ts'

/** Files above this size give each chunk a frame of its own. */
export const OWN_FRAMES_ABOVE_BYTES = 4 << 20
const BLOCK_BYTES = 512

export interface FileOutcome {
  readonly outcome: number
  /** Name of the error number, when it failed. */
  readonly problem?: string
  readonly extras?: FileExtras
}

/** A file could not be read to its end. */
class ReadFailure extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/**
 * Reads one file after the other into frames. One per thread.
 *
 * A file is looked at after it was read: when it is no longer what the scan saw, it is read once more, and when it
 * changed again under that, it is kept as read and said to have changed.
 */
export class FileReader {
  bytesRead = 0
  /** Whether any row was changed: a file was no longer what the scan saw. */
  rowsChanged = false
  /** Bytes of the current file that went into blobs. */
  #stored = 0
  readonly #frames: FrameBuilder
  readonly #chunker: () => Chunker
  readonly #ids: IdList
  readonly #stat = new Int32Array(STATX_BYTES / 4)
  readonly #statAddress = addressOf(new Uint8Array(this.#stat.buffer))
  readonly #noName = new Uint8Array(1)
  readonly #noNameAddress = addressOf(this.#noName)

  constructor(parts: { frames: FrameBuilder; chunker: () => Chunker; ids: IdList }) {
    this.#frames = parts.frames
    this.#chunker = parts.chunker
    this.#ids = parts.ids
  }

  /** Reads the file open at `fd`, and closes it; its ids go to the list, its row is brought up to date. */
  read(fd: number, rows: Int32Array, row: number): FileOutcome {
    const first = this.#ids.count
    try {
      const extras = this.#readStable(fd, rows, row)
      return extras
    } catch (error) {
      if (!(error instanceof ReadFailure || error instanceof PosixError)) throw error
      this.#ids.truncate(first)
      // What has taken its place since the scan says that it is gone; a pipe was opened, but nothing taken out of it.
      return { outcome: OUTCOME_FAILED, problem: this.#isFile(fd) ? error.code : 'ENOENT' }
    } finally {
      libc().close(fd)
    }
  }

  #readStable(fd: number, rows: Int32Array, row: number): FileOutcome {
    const first = this.#ids.count
    let holes = this.#readContent(fd, rows, row)
    this.#look(fd)
    let outcome = OUTCOME_STORED
    if (!sameAsRow(rows, row, this.#stat)) {
      if (((this.#stat[STX_MODE] ?? 0) & S_IFMT) !== S_IFREG) throw new ReadFailure('ENOENT')
      setRow(rows, row, this.#stat)
      this.rowsChanged = true
      this.#ids.truncate(first)
      holes = this.#readContent(fd, rows, row)
      this.#look(fd)
      if (!sameAsRow(rows, row, this.#stat)) outcome = OUTCOME_CHANGED
      setRow(rows, row, this.#stat)
    }
    if (this.#settleSize(rows, row, holes)) outcome = OUTCOME_CHANGED
    const xattrs = libc().flistxattr(fd, null, 0) > 0 ? readXattrs(fd) : []
    if (xattrs.length === 0 && holes.length === 0) return { outcome }
    return { outcome, extras: { xattrs, holes } }
  }

  /** Makes the size what was really stored, so that entry and content always agree; tells whether it was not. */
  #settleSize(rows: Int32Array, row: number, holes: readonly Hole[]): boolean {
    const at = row * ROW_WORDS
    const size = this.#stored + holes.reduce((sum, hole) => sum + hole.length, 0)
    if (size === sizeOf(rows, row)) return false
    this.rowsChanged = true
    rows[at + ROW_SIZE] = size | 0
    rows[at + ROW_SIZE + 1] = Math.floor(size / 2 ** 32)
    return true
  }

  #isFile(fd: number): boolean {
    this.#look(fd)
    return ((this.#stat[STX_MODE] ?? 0) & S_IFMT) === S_IFREG
  }

  #look(fd: number): void {
    const result = libc().statx(fd, this.#noNameAddress, AT_EMPTY_PATH, SCAN_MASK, this.#statAddress)
    if (result !== 0) throw new ReadFailure(errnoName(errno()))
  }

  /** Stores what the file holds; returns its holes. */
  #readContent(fd: number, rows: Int32Array, row: number): readonly Hole[] {
    const size = sizeOf(rows, row)
    const blocks = (rows[row * ROW_WORDS + ROW_BLOCKS] ?? 0) >>> 0
    this.#stored = 0
    if (size > 0 && blocks * BLOCK_BYTES < size) {
      const ranges = dataRanges(fd, size)
      const holes = holesBetween(ranges, size)
      if (holes.length > 0) {
        const end = this.#readChunked(fd, ranges, size)
        return holes.filter(({ offset }) => offset < end)
      }
    }
    if (size <= SINGLE_BLOB_BYTES_MAX) this.#readSmall(fd, size)
    else this.#readChunked(fd, [{ offset: 0, length: Infinity }], size)
    return []
  }

  #readSmall(fd: number, size: number): void {
    const frames = this.#frames
    const place = frames.place(size)
    // One byte more than expected: whoever gets it knows that the file grew.
    // At an offset, which a pipe refuses: what waits in it is for somebody else.
    const length = libc().pread(fd, frames.bufferAddress + place, size + 1, 0)
    if (length < 0) throw new ReadFailure(errnoName(errno()))
    this.bytesRead += length
    // A file that grew or shrank is seen to have changed, and read again by its new size.
    this.#stored = Math.min(length, SINGLE_BLOB_BYTES_MAX)
    if (length > 0) this.#addPlaced()
  }

  /** Returns where the file ended if that was inside one of the ranges, otherwise infinity. */
  #readChunked(fd: number, ranges: readonly FileRange[], size: number): number {
    const chunker = this.#chunker()
    const { window } = chunker
    const content = new ContentCursor(fd, ranges)
    let have = 0
    let isOver = false
    while (!isOver || have > 0) {
      while (have < window.byteLength && !isOver) {
        const length = content.read(window.subarray(have))
        if (length === 0) isOver = true
        have += length
        this.bytesRead += length
      }
      let start = 0
      while (start < have && (isOver || have - start >= chunker.maxBytes)) {
        const length = chunker.next(start, have - start)
        this.#store(window.subarray(start, start + length), size)
        start += length
      }
      window.copyWithin(0, start, have)
      have -= start
    }
    return content.end
  }

  #store(chunk: Uint8Array, size: number): void {
    const at = this.#nextId()
    this.#stored += chunk.byteLength
    if (size > OWN_FRAMES_ABOVE_BYTES) this.#frames.addAlone(chunk, this.#ids.bytes, at)
    else this.#frames.addShared(chunk, this.#ids.bytes, at)
  }

  #addPlaced(): void {
    // The list may move when it grows: the place is taken before its memory is.
    const at = this.#nextId()
    this.#frames.addPlaced(this.#stored, this.#ids.bytes, at)
  }

  #nextId(): number {
    return this.#ids.next()
  }
}

/** Reads the data of a file, range after range, as if there were no holes. */
class ContentCursor {
  /** Where the file ended, if it did so inside a range. */
  end = Infinity
  readonly #fd: number
  readonly #ranges: readonly FileRange[]
  #range = 0
  #done = 0

  constructor(fd: number, ranges: readonly FileRange[]) {
    this.#fd = fd
    this.#ranges = ranges
  }

  /** Fills the start of `out` and returns how much; 0 at the end. */
  read(out: Uint8Array): number {
    for (;;) {
      const range = this.#ranges[this.#range]
      if (range === undefined) return 0
      const wanted = Math.min(out.byteLength, range.length - this.#done)
      const length = wanted === 0 ? 0 : libc().pread(this.#fd, out, wanted, range.offset + this.#done)
      if (length < 0) throw new ReadFailure(errnoName(errno()))
      if (length > 0) {
        this.#done += length
        return length
      }
      if (this.#done < range.length && range.length !== Infinity) {
        // It was cut off: what it may have further on by now has lost its place.
        this.end = range.offset + this.#done
        this.#range = this.#ranges.length
        return 0
      }
      this.#range++
      this.#done = 0
    }
  }
}

function sizeOf(rows: Int32Array, row: number): number {
  const at = row * ROW_WORDS + ROW_SIZE
  return ((rows[at + 1] ?? 0) >>> 0) * 2 ** 32 + ((rows[at] ?? 0) >>> 0)
}

function holesBetween(ranges: readonly FileRange[], size: number): Hole[] {
  const holes: Hole[] = []
  let end = 0
  for (const { offset, length } of ranges) {
    assert(offset >= end, 'data ranges ascend')
    if (offset > end) holes.push({ offset: end, length: offset - end })
    end = offset + length
  }
  if (end < size) holes.push({ offset: end, length: size - end })
  return holes
}
