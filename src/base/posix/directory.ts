import { type ByteString, byteString } from '../byte-string.ts'
import { cString } from './c-string.ts'
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_RDONLY, SEEK_SET } from './constants.ts'
import { openAt } from './descriptors.ts'
import { check, lastError } from './errno.ts'
import { libc } from './libc.ts'

const BATCH_BYTES = 64 << 10
/** Where a record of getdents64(2) has its length (16 bits) and its NUL-terminated name. */
const RECORD_LENGTH_OFFSET = 16
const RECORD_NAME_OFFSET = 19

let batch: Buffer | undefined

/**
 * Returns the names in the directory `fd`, all of them, without `.` and `..`, in no order.
 *
 * Starts from the beginning each time. Of names that come or go meanwhile, each may be there or not.
 * @throws {PosixError} EBADF (also for O_PATH), ENOTDIR, ENOENT when it was removed, EIO.
 */
export function readDirectory(fd: number): ByteString[] {
  const { getdents64, lseek } = libc()
  batch ??= Buffer.alloc(BATCH_BYTES)
  check(Number(lseek(fd, 0, SEEK_SET)), 'lseek')
  const names: ByteString[] = []
  for (;;) {
    const filled = getdents64(fd, batch, BATCH_BYTES)
    if (filled < 0) throw lastError('getdents64')
    if (filled === 0) return names
    for (let start = 0; start < filled; start += batch.readUInt16LE(start + RECORD_LENGTH_OFFSET)) {
      const from = start + RECORD_NAME_OFFSET
      const name = byteString(batch.subarray(from, batch.indexOf(0, from)))
      if (name !== '.' && name !== '..') names.push(name)
    }
  }
}

/**
 * Opens the directory `path`, following symbolic links; the caller closes the descriptor.
 *
 * @throws {PosixError} ENOENT, ENOTDIR, EACCES, ENAMETOOLONG.
 */
export function openDirectory(path: ByteString): number {
  return check(libc().openat(AT_FDCWD, cString(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), 'openat', path)
}

/**
 * Opens the directory `name` in the directory `dirfd`; the caller closes the descriptor.
 *
 * @throws {PosixError} ENOTDIR: it is something else, such as a symbolic link; ENOENT, EACCES, EINVAL.
 */
export function openDirectoryAt(dirfd: number, name: ByteString): number {
  return openAt(dirfd, name, { flags: O_RDONLY | O_DIRECTORY })
}
