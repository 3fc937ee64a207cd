import { constants } from 'node:os'
import type { ByteString } from '../byte-string.ts'
import { cString } from './c-string.ts'
import { O_CLOEXEC, O_NOFOLLOW } from './constants.ts'
import { check, posixError } from './errno.ts'
import { libc } from './libc.ts'

/**
 * Returns the bytes of `name` with a NUL behind, sure to name an entry of the directory it is used in.
 *
 * @throws {PosixError} EINVAL: it is empty, `.` or `..`, or has a slash or a NUL inside, and could lead elsewhere.
 */
export function entryName(name: ByteString): Buffer {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) {
    throw posixError({ errno: constants.errno.EINVAL, syscall: 'name', path: name })
  }
  return cString(name)
}

/**
 * Opens the entry `name` of the directory `dirfd` and returns its descriptor, which the caller closes.
 *
 * Never follows a symbolic link (ELOOP, unless `flags` has O_PATH); a new file gets `mode` less the umask.
 * @throws {PosixError} EINVAL as `entryName`, and all of openat(2).
 */
export function openAt(
  dirfd: number,
  name: ByteString,
  { flags, mode = 0 }: { readonly flags: number; readonly mode?: number },
): number {
  return check(libc().openat(dirfd, entryName(name), flags | O_NOFOLLOW | O_CLOEXEC, mode), 'openat', name)
}

/**
 * Closes a descriptor that functions of this folder opened.
 *
 * @throws {PosixError} EIO, ENOSPC, EDQUOT: what was written did not arrive; the descriptor is closed all the same.
 */
export function closeDescriptor(fd: number): void {
  check(libc().close(fd), 'close')
}
