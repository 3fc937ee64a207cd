import { constants } from 'node:os'
import { assert } from '../../base/assert.ts'
import type { ByteString } from '../../base/byte-string.ts'
import { O_CLOEXEC, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR, O_WRONLY } from '../../base/posix/constants.ts'
import { closeDescriptor, entryName } from '../../base/posix/descriptors.ts'
import { check, errno, posixError } from '../../base/posix/errno.ts'
import { removeAt, renameAt } from '../../base/posix/files.ts'
import { addressOf, libc } from '../../base/posix/libc.ts'
import { punchHole } from '../../base/posix/sparse.ts'
import { statusOf } from '../../base/posix/statx.ts'
import type { Hole } from '../../format/tree.ts'
import type { AttributeWriter } from './attributes.ts'
import type { JobFile } from './job-file.ts'
import { WAY_CREATE, WAY_IN_PLACE, WAY_PART, WAY_REPLACE } from './restore-job.ts'

const CREATE = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC
const EXISTING = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
/** Zeros written at once where no hole can be made. */
const ZEROS_BYTES = 1 << 20

export type BlobAddress = (blob: number) => number

/** Writes one file of a job below `dirfd`. Returns the bytes written. @throws {PosixError} */
export function writeFile(dirfd: number, file: JobFile, address: BlobAddress, attributes: AttributeWriter): number {
  switch (file.way) {
    case WAY_CREATE:
      return createFile(dirfd, addressOf(file.job.names) + file.nameOffset, { file, address, attributes })
    case WAY_REPLACE: {
      const { temporaryName } = file.extras
      assert(temporaryName !== undefined, 'a file that replaces another has a temporary name')
      const buffer = entryName(temporaryName)
      const written = createFile(dirfd, addressOf(buffer), { file, address, attributes })
      rename(dirfd, temporaryName, file.name)
      return written
    }
    case WAY_IN_PLACE: {
      const fd = openExisting(dirfd, file.name)
      try {
        makeShape(fd, { size: file.size, holes: file.extras.holes })
        const written = writePieces(fd, file, address)
        attributes.apply(fd, file, { isOwn: false, isUsed: true })
        return written
      } finally {
        closeDescriptor(fd)
      }
    }
    default: {
      assert(file.way === WAY_PART, 'a way to write a file is one of four')
      const fd = openExisting(dirfd, file.name)
      try {
        return writePieces(fd, file, address)
      } finally {
        closeDescriptor(fd)
      }
    }
  }
}

/**
 * Opens a regular file that is there, for reading and writing.
 *
 * @throws {PosixError} ELOOP: it is a symbolic link; EINVAL: it is no file, or has other names, which would be written, too.
 */
export function openExisting(dirfd: number, name: ByteString): number {
  const fd = check(libc().openat(dirfd, entryName(name), EXISTING, 0), 'openat', name)
  const { kind, nlink } = statusOf(fd)
  if (kind === 'file' && nlink === 1) return fd
  closeDescriptor(fd)
  throw posixError({ errno: constants.errno.EINVAL, syscall: 'openat', path: name })
}

/** Gives an open file its size and its holes; what lies between them keeps its bytes. */
export function makeShape(
  fd: number,
  { size, holes }: { readonly size: number; readonly holes: readonly Hole[] },
): void {
  check(libc().ftruncate(fd, size), 'ftruncate')
  for (const hole of holes) if (!punchHole(fd, hole)) writeZeros(fd, hole)
}

/** Makes a file that several jobs will write parts of. The caller closes the descriptor. */
export function createForParts(dirfd: number, name: ByteString, size: number): number {
  const fd = check(libc().openat(dirfd, entryName(name), CREATE, 0o600), 'openat', name)
  try {
    check(libc().ftruncate(fd, size), 'ftruncate', name)
    return fd
  } catch (error) {
    closeDescriptor(fd)
    removeAt(dirfd, name)
    throw error
  }
}

/** Gives a finished file its name, perhaps over what has it. @throws {PosixError}; the temporary file is gone then. */
export function rename(dirfd: number, from: ByteString, to: ByteString, replace = true): void {
  try {
    renameAt({ fromDirfd: dirfd, from, toDirfd: dirfd, to, replace })
  } catch (error) {
    removeAt(dirfd, from)
    throw error
  }
}

interface NewFile {
  readonly file: JobFile
  readonly address: BlobAddress
  readonly attributes: AttributeWriter
}

/** `name` is the address of a C string: looking it up costs more than the call, were it done file by file. */
function createFile(dirfd: number, name: number, { file, address, attributes }: NewFile): number {
  const { openat, close, ftruncate, unlinkat } = libc()
  const { inherits } = file.extras
  const mode = attributes.modeToCreate(file, inherits)
  const fd = openat(dirfd, name, CREATE, mode)
  if (fd < 0) throw posixError({ errno: errno(), syscall: 'openat', path: file.name })
  let isOpen = true
  try {
    if (file.extras.holes.length > 0) check(ftruncate(fd, file.size), 'ftruncate')
    const written = writePieces(fd, file, address)
    const isOwn = attributes.isOwnWhenMade(file, inherits)
    const soFar = { isOwn, isUsed: inherits, ...(inherits ? {} : { mode }) }
    attributes.apply(fd, file, soFar)
    isOpen = false
    check(close(fd), 'close')
    return written
  } catch (error) {
    if (isOpen) close(fd)
    // A part of a file must not pass for the file.
    unlinkat(dirfd, name, 0)
    throw error
  }
}

function writePieces(fd: number, file: JobFile, address: BlobAddress): number {
  const { pwrite } = libc()
  let total = 0
  for (let i = 0; i < file.pieceCount; i++) {
    const { blob, blobOffset, length, offset } = file.piece(i)
    const from = address(blob) + blobOffset
    for (let done = 0; done < length;) {
      const written = pwrite(fd, from + done, length - done, offset + done)
      if (written <= 0) {
        const reason = errno()
        if (written < 0 && reason === constants.errno.EINTR) continue
        throw posixError({ errno: written < 0 ? reason : constants.errno.EIO, syscall: 'pwrite', path: file.name })
      }
      done += written
    }
    total += length
  }
  return total
}

function writeZeros(fd: number, { offset, length }: Hole): void {
  const zeros = Buffer.alloc(Math.min(length, ZEROS_BYTES))
  for (let done = 0; done < length;) {
    done += check(libc().pwrite(fd, zeros, Math.min(length - done, ZEROS_BYTES), offset + done), 'pwrite')
  }
}
