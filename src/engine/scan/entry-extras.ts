import type { ByteString } from '../../base/byte-string.ts'
import { AT_FDCWD, O_PATH, S_IFLNK, S_IFMT } from '../../base/posix/constants.ts'
import { cString } from '../../base/posix/c-string.ts'
import { closeDescriptor, openAt } from '../../base/posix/descriptors.ts'
import { check } from '../../base/posix/errno.ts'
import { readLinkOf } from '../../base/posix/files.ts'
import { libc } from '../../base/posix/libc.ts'
import { readXattrs } from '../../base/posix/xattr.ts'
import type { ExtendedAttribute } from '../../format/tree.ts'
import { O_CLOEXEC, O_NOFOLLOW } from '../../base/posix/constants.ts'

/** What an entry has beyond its status. */
export interface EntryExtras {
  readonly target: ByteString | undefined
  readonly xattrs: readonly ExtendedAttribute[]
}

/** Reads the extras of an open directory; `undefined` when it has none. */
export function readExtrasOf(fd: number): EntryExtras | undefined {
  const xattrs = readXattrs(fd)
  return xattrs.length === 0 ? undefined : { target: undefined, xattrs }
}

/** Reads the extras of a link or special file; `name` is a path when `dirfd` is AT_FDCWD. */
export function readExtrasAt(dirfd: number, name: ByteString, mode: number): EntryExtras | undefined {
  const fd = openPath(dirfd, name)
  try {
    const target = (mode & S_IFMT) === S_IFLNK ? readLinkOf(fd) : undefined
    const xattrs = readXattrs(fd)
    return target === undefined && xattrs.length === 0 ? undefined : { target, xattrs }
  } finally {
    closeDescriptor(fd)
  }
}

function openPath(dirfd: number, name: ByteString): number {
  if (dirfd !== AT_FDCWD) return openAt(dirfd, name, { flags: O_PATH })
  return check(libc().openat(AT_FDCWD, cString(name), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0), 'openat', name)
}
