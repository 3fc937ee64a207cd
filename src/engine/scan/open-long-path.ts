import type { ByteString } from '../../base/byte-string.ts'
import { cString } from '../../base/posix/c-string.ts'
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH } from '../../base/posix/constants.ts'
import { libc } from '../../base/posix/libc.ts'

/** Bytes of a path that every system call takes. */
const STEP_BYTES = 3072

/** Opens a path that is longer than a system call takes, a stretch at a time. Returns -1 with errno set on failure. */
export function openLongPath(path: ByteString, flags: number): number {
  const { openat, close } = libc()
  let dirfd = AT_FDCWD
  let rest: string = path
  while (rest.length > STEP_BYTES) {
    const cut = rest.lastIndexOf('/', STEP_BYTES)
    const next = openat(dirfd, cString(rest.slice(0, cut) as ByteString), O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
    if (dirfd !== AT_FDCWD) close(dirfd)
    if (next < 0) return next
    dirfd = next
    rest = rest.slice(cut + 1)
  }
  const fd = openat(dirfd, cString(rest as ByteString), flags, 0)
  if (dirfd !== AT_FDCWD) close(dirfd)
  return fd
}
