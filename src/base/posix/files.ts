import { constants } from 'node:os'
import { type ByteString, byteString } from '../byte-string.ts'
import { cString } from './c-string.ts'
import {
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  O_PATH,
  PATH_MAX,
  RENAME_NOREPLACE,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFSOCK,
  S_PERMISSIONS,
} from './constants.ts'
import { closeDescriptor, entryName, openAt } from './descriptors.ts'
import { check, posixError } from './errno.ts'
import { libc } from './libc.ts'
import { statusOf } from './statx.ts'
import { type FileTimes, TIMES_BYTES, encodeTimes } from './times.ts'

// All functions here act on one entry of an open directory, never through a symbolic link and never elsewhere: a name
// that could lead out of the directory is EINVAL.

/** A node that is neither file, directory nor link; `major` and `minor` count for devices only. */
export interface NodeSpec {
  readonly kind: 'fifo' | 'socket' | 'char' | 'block'
  /** Permission bits, of which the umask takes its part. */
  readonly mode: number
  readonly major?: number
  readonly minor?: number
}

/** Two entries, perhaps in different directories. */
export interface EntryPair {
  readonly fromDirfd: number
  readonly from: ByteString
  readonly toDirfd: number
  readonly to: ByteString
}

const nodeFormats = { fifo: S_IFIFO, socket: S_IFSOCK, char: S_IFCHR, block: S_IFBLK } as const
/** What the kernel has bits for. */
const MAJOR_MAX = 0xfff
const MINOR_MAX = 0xfffff

/** Makes an empty directory with `mode` less the umask. @throws {PosixError} EEXIST, ENOSPC, EACCES, EROFS. */
export function makeDirectoryAt(dirfd: number, name: ByteString, mode: number): void {
  check(libc().mkdirat(dirfd, entryName(name), mode), 'mkdirat', name)
}

/**
 * Makes a FIFO, a socket or a device.
 *
 * @throws {PosixError} EEXIST; EPERM: devices take a privilege; EINVAL: the kernel has no such device numbers.
 */
export function makeNodeAt(dirfd: number, name: ByteString, { kind, mode, major = 0, minor = 0 }: NodeSpec): void {
  if (!(major >= 0 && major <= MAJOR_MAX && minor >= 0 && minor <= MINOR_MAX)) {
    throw posixError({ errno: constants.errno.EINVAL, syscall: 'mknodat', path: name })
  }
  const device = kind === 'char' || kind === 'block' ? deviceNumber({ major, minor }) : 0
  check(libc().mknodat(dirfd, entryName(name), nodeFormats[kind] | (mode & S_PERMISSIONS), device), 'mknodat', name)
}

/** As makedev(3) puts the bits together; they stay below 2^32. */
function deviceNumber({ major, minor }: { major: number; minor: number }): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0
}

/** Makes a symbolic link to `target`, any bytes but NUL. @throws {PosixError} EEXIST, ENAMETOOLONG, ENOENT if empty. */
export function makeSymlinkAt(dirfd: number, name: ByteString, target: ByteString): void {
  check(libc().symlinkat(cString(target), dirfd, entryName(name)), 'symlinkat', name)
}

/** Gives the file `from`, perhaps a symbolic link, the further name `to`. @throws {PosixError} EEXIST, EXDEV, EMLINK. */
export function makeLinkAt({ fromDirfd, from, toDirfd, to }: EntryPair): void {
  check(libc().linkat(fromDirfd, entryName(from), toDirfd, entryName(to), 0), 'linkat', to)
}

/** Returns where the symbolic link `name` points. @throws {PosixError} EINVAL: it is none; ENOENT. */
export function readLinkAt(dirfd: number, name: ByteString): ByteString {
  return readLink(dirfd, entryName(name), name)
}

/** Returns where the symbolic link points that `fd` was opened on with O_PATH. @throws {PosixError} ENOENT: it is none. */
export function readLinkOf(fd: number): ByteString {
  return readLink(fd, cString('' as ByteString), '' as ByteString)
}

function readLink(dirfd: number, terminated: Buffer, name: ByteString): ByteString {
  const buffer = Buffer.allocUnsafe(PATH_MAX)
  const length = check(libc().readlinkat(dirfd, terminated, buffer, PATH_MAX), 'readlinkat', name)
  // A full buffer may hold but a part.
  if (length === PATH_MAX) throw posixError({ errno: constants.errno.ENAMETOOLONG, syscall: 'readlinkat', path: name })
  return byteString(buffer.subarray(0, length))
}

/**
 * Sets owner and group, of a symbolic link its own.
 *
 * The kernel clears set-user-id, set-group-id and capabilities of a file: they are set afterwards.
 * @throws {PosixError} EPERM, ENOENT; EINVAL: the number is not mapped in this user name space.
 */
export function setOwnerAt(
  dirfd: number,
  name: ByteString,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): void {
  check(libc().fchownat(dirfd, entryName(name), uid, gid, AT_SYMLINK_NOFOLLOW), 'fchownat', name)
}

/**
 * Sets the permission bits exactly, whatever the umask.
 *
 * @throws {PosixError} ENOTSUP: a symbolic link has no mode of its own; EPERM, ENOENT.
 */
export function setModeAt(dirfd: number, name: ByteString, mode: number): void {
  // Not every kernel and C library can change a mode without following, so the file is pinned, looked at and changed
  // through its descriptor: nobody can put a link there in between.
  const fd = openAt(dirfd, name, { flags: O_PATH })
  try {
    if (statusOf(fd).kind === 'symlink') {
      throw posixError({ errno: constants.errno.ENOTSUP, syscall: 'fchmodat', path: name })
    }
    const pinned = cString(`/proc/self/fd/${fd}` as ByteString)
    check(libc().fchmodat(AT_FDCWD, pinned, mode & S_PERMISSIONS, 0), 'fchmodat', name)
  } finally {
    closeDescriptor(fd)
  }
}

/** Sets the times to the nanosecond, of a symbolic link its own. @throws {PosixError} EPERM, ENOENT. */
export function setTimesAt(dirfd: number, name: ByteString, times: FileTimes): void {
  const buffer = new Uint8Array(TIMES_BYTES)
  encodeTimes(times, new Int32Array(buffer.buffer))
  check(libc().utimensat(dirfd, entryName(name), buffer, AT_SYMLINK_NOFOLLOW), 'utimensat', name)
}

/** Removes a file, or, if `directory` is set, an empty directory. @throws {PosixError} ENOENT, EISDIR, ENOTEMPTY. */
export function removeAt(
  dirfd: number,
  name: ByteString,
  { directory = false }: { readonly directory?: boolean } = {},
): void {
  check(libc().unlinkat(dirfd, entryName(name), directory ? AT_REMOVEDIR : 0), 'unlinkat', name)
}

/**
 * Renames in one step, in place of what has the name `to` unless `replace` is false.
 *
 * @throws {PosixError} EEXIST: `replace` is false and the name is taken; EXDEV, ENOTEMPTY, ENOENT.
 */
export function renameAt({
  fromDirfd,
  from,
  toDirfd,
  to,
  replace = true,
}: EntryPair & { readonly replace?: boolean }): void {
  const { renameat, renameat2 } = libc()
  const [source, target] = [entryName(from), entryName(to)]
  const result = replace
    ? renameat(fromDirfd, source, toDirfd, target)
    : renameat2(fromDirfd, source, toDirfd, target, RENAME_NOREPLACE)
  check(result, 'renameat', to)
}
