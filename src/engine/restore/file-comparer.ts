import { constants } from 'node:os'
import { equalBytes } from '../../base/bytes.ts'
import { BLOB_ID_BYTES } from '../../base/ids.ts'
import { O_NONBLOCK, O_RDONLY } from '../../base/posix/constants.ts'
import { closeDescriptor, openAt } from '../../base/posix/descriptors.ts'
import { errno, lastError } from '../../base/posix/errno.ts'
import { addressOf, libc } from '../../base/posix/libc.ts'
import { type FileRange, dataRanges } from '../../base/posix/sparse.ts'
import { type FileStatus, statusOf } from '../../base/posix/statx.ts'
import { readXattrs } from '../../base/posix/xattr.ts'
import type { Hole } from '../../format/tree.ts'
import type { JobFile } from './job-file.ts'
import type { JobFrames } from './job-frames.ts'
import { BLOB_FIELDS, BLOB_LENGTH, type ProcessRights } from './restore-job.ts'

const ZERO_CHECK_BYTES = 1 << 16

/** Reads files on disk and tells what of them is as the point has it. One per thread. */
export class FileComparer {
  readonly #frames: JobFrames
  readonly #rights: ProcessRights
  #buffer = new Uint8Array(0)

  constructor(frames: JobFrames, rights: ProcessRights) {
    this.#frames = frames
    this.#rights = rights
  }

  /**
   * Sets `equal` to 1 for each blob of the file that lies on disk where it belongs.
   *
   * The pieces of a blob follow each other, and no blob has pieces in two jobs.
   * @throws {PosixError}
   */
  compare(dirfd: number, file: JobFile, equal: Uint8Array): void {
    const fd = openAt(dirfd, file.name, { flags: O_RDONLY | O_NONBLOCK })
    try {
      if (statusOf(fd).kind === 'file') this.#compareBlobs(fd, file, equal)
    } finally {
      closeDescriptor(fd)
    }
  }

  /**
   * Returns what is wrong with a file that was restored, or `undefined`.
   *
   * @throws {PosixError}
   */
  verify(dirfd: number, file: JobFile): string | undefined {
    const fd = openAt(dirfd, file.name, { flags: O_RDONLY | O_NONBLOCK })
    try {
      const status = statusOf(fd)
      if (status.kind !== 'file') return `it is a ${status.kind}`
      const equal = new Uint8Array(file.job.blobs.length / BLOB_FIELDS)
      this.#compareBlobs(fd, file, equal)
      for (let i = 0; i < file.pieceCount; i++) if (equal[file.piece(i).blob] !== 1) return 'its content differs'
      if (!areZeros(fd, file.extras.holes)) return 'its content differs'
      return attributesProblem(fd, status, file, this.#rights)
    } finally {
      closeDescriptor(fd)
    }
  }

  #compareBlobs(fd: number, file: JobFile, equal: Uint8Array): void {
    const { blobs, blobIds } = file.job
    for (let i = 0; i < file.pieceCount;) {
      const { blob } = file.piece(i)
      const length = blobs[blob * BLOB_FIELDS + BLOB_LENGTH] ?? 0
      if (this.#buffer.byteLength < length) this.#buffer = new Uint8Array(Math.max(length, 1 << 20))
      let isThere = true
      for (; i < file.pieceCount; i++) {
        const piece = file.piece(i)
        if (piece.blob !== blob) break
        isThere &&= readFully(
          fd,
          this.#buffer.subarray(piece.blobOffset, piece.blobOffset + piece.length),
          piece.offset,
        )
      }
      if (isThere && this.#frames.isBlob(this.#buffer.subarray(0, length), blobIds, blob * BLOB_ID_BYTES)) {
        equal[blob] = 1
      }
    }
  }
}

function readFully(fd: number, buffer: Uint8Array, offset: number): boolean {
  const { pread } = libc()
  const address = addressOf(buffer)
  for (let filled = 0; filled < buffer.byteLength;) {
    const read = pread(fd, address + filled, buffer.byteLength - filled, offset + filled)
    if (read < 0 && errno() === constants.errno.EINTR) continue
    if (read < 0) throw lastError('pread')
    if (read === 0) return false
    filled += read
  }
  return true
}

/** Tells whether a file reads as zeros in all of `holes`, which are ascending and apart: only what is data there is read. */
function areZeros(fd: number, holes: readonly Hole[]): boolean {
  const last = holes.at(-1)
  if (last === undefined) return true
  let next = 0
  for (const range of dataRanges(fd, endOf(last))) {
    for (let hole = holes[next]; hole !== undefined && endOf(hole) <= range.offset; hole = holes[next]) next++
    for (let i = next; ; i++) {
      const hole = holes[i]
      if (hole === undefined || hole.offset >= endOf(range)) break
      const offset = Math.max(hole.offset, range.offset)
      if (!isZero(fd, { offset, length: Math.min(endOf(hole), endOf(range)) - offset })) return false
    }
  }
  return true
}

function isZero(fd: number, range: FileRange): boolean {
  const buffer = Buffer.alloc(Math.min(ZERO_CHECK_BYTES, range.length))
  for (let at = range.offset; at < endOf(range); at += buffer.byteLength) {
    const part = buffer.subarray(0, Math.min(buffer.byteLength, endOf(range) - at))
    if (!readFully(fd, part, at) || part.some((byte) => byte !== 0)) return false
  }
  return true
}

function endOf({ offset, length }: FileRange): number {
  return offset + length
}

function attributesProblem(
  fd: number,
  status: FileStatus,
  file: JobFile,
  { uid: processUid }: ProcessRights,
): string | undefined {
  const { mtime } = status
  if (status.size !== file.size) return `it has ${status.size} bytes`
  if (mtime.seconds !== file.seconds || mtime.nanoseconds !== file.nanoseconds) return 'its time of change differs'
  // What only root can set was noted when it could not be.
  if (processUid !== 0) return undefined
  if (status.uid !== file.uid || status.gid !== file.gid) return 'its owner differs'
  if (status.mode !== file.mode) return 'its mode differs'
  const found = new Map(readXattrs(fd).map(({ name, value }) => [name, value]))
  const isComplete = file.xattrs.every(({ name, value }) => equalBytes(found.get(name) ?? new Uint8Array(0), value))
  return isComplete ? undefined : 'its extended attributes differ'
}
