import { constants } from 'node:os'
import { errno, lastError } from './errno.ts'
import { libc } from './libc.ts'

const { EINVAL, ENOSYS, ENOTSUP, ENOTTY, EPERM } = constants.errno

// ioctl requests as linux/fs.h computes them; the kernel transfers 32 bits, whatever their declared size says.
const FS_IOC_GETFLAGS = 0x80086601
const FS_IOC_SETFLAGS = 0x40086602

export const FS_SYNC_FL = 0x8
export const FS_IMMUTABLE_FL = 0x10
export const FS_APPEND_FL = 0x20
export const FS_NODUMP_FL = 0x40
export const FS_NOATIME_FL = 0x80
export const FS_NOCOW_FL = 0x80_0000

/**
 * Flags that a user (some: a privileged one) may set; the others only say how the file system stores the file.
 *
 * Those of FS_FL_USER_MODIFIABLE, and NOCOMP, JOURNAL_DATA, NOCOW and PROJINHERIT, which file systems add.
 * @see ioctl_iflags(2), linux/fs.h
 */
export const SETTABLE_FLAGS = 0x0003_80ff | 0x400 | 0x4000 | FS_NOCOW_FL | 0x2000_0000
/** They lock the file against any further change, so they come last. */
const LOCKING_FLAGS = FS_IMMUTABLE_FL | FS_APPEND_FL

/**
 * Returns the inode flags of the open file or directory `fd` as lsattr(1) shows them, of them those in SETTABLE_FLAGS.
 *
 * 0 where the file system has none. Not for devices, whose drivers may take the request for another.
 * @throws {PosixError} EBADF (also for O_PATH), EIO.
 */
export function readFlags(fd: number): number {
  const all = readAllFlags(fd)
  return all === undefined ? 0 : (all & SETTABLE_FLAGS) >>> 0
}

/**
 * Sets the flags of SETTABLE_FLAGS of the open file or directory `fd` to `flags`, and leaves the others as they are.
 *
 * Sets as many as the file system and the caller's privileges allow, and returns those wanted but not set: 0 when all
 * is as asked.
 * @throws {PosixError} EBADF (also for O_PATH), EIO, EROFS.
 */
export function setFlags(fd: number, flags: number): number {
  const wanted = flags & SETTABLE_FLAGS
  const before = readAllFlags(fd)
  if (before === undefined) return wanted >>> 0
  if ((before & SETTABLE_FLAGS) === wanted) return 0
  if (writeFlags(fd, (before & ~SETTABLE_FLAGS) | wanted)) return 0
  // One flag that is refused makes the kernel refuse all: one by one then.
  const changed = (before ^ wanted) & SETTABLE_FLAGS
  let current = before
  for (const part of [changed & ~LOCKING_FLAGS, changed & LOCKING_FLAGS]) {
    for (let rest = part; rest !== 0; rest &= rest - 1) {
      const next = current ^ (rest & -rest)
      if (writeFlags(fd, next)) current = next
    }
  }
  return (wanted & ~current) >>> 0
}

function readAllFlags(fd: number): number | undefined {
  const word = Buffer.alloc(8)
  if (libc().ioctl(fd, FS_IOC_GETFLAGS, word) === 0) return word.readInt32LE(0)
  if (refused(errno())) return undefined
  throw lastError('ioctl')
}

function writeFlags(fd: number, flags: number): boolean {
  const word = Buffer.alloc(8)
  word.writeInt32LE(flags, 0)
  if (libc().ioctl(fd, FS_IOC_SETFLAGS, word) === 0) return true
  const reason = errno()
  if (refused(reason) || reason === EPERM) return false
  throw lastError('ioctl')
}

function refused(reason: number): boolean {
  return reason === ENOTTY || reason === ENOTSUP || reason === EINVAL || reason === ENOSYS
}
