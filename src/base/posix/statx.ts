import { constants } from 'node:os'
import type { ByteString } from '../byte-string.ts'
import type { Timespec } from '../clock.ts'
import { cString } from './c-string.ts'
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_PERMISSIONS,
  STATX_BASIC_STATS,
  STATX_BTIME,
  STATX_MNT_ID,
} from './constants.ts'
import { check, posixError } from './errno.ts'
import { libc } from './libc.ts'

/** Bytes and 32-bit words that `statx` fills. */
export const STATX_BYTES = 256
export const STATX_WORDS = STATX_BYTES / 4

/** The mask to ask for: all that FileStatus holds. */
export const STATX_MASK = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID

/**
 * Where the fields of `struct statx` are, in 32-bit words from its start, for views that avoid BigInt in hot loops.
 *
 * 64-bit fields have their low half first (`lo`, then `hi` one further); a time is lo and hi of its signed seconds, then
 * nanoseconds two further.
 * @see statx(2), linux/stat.h
 */
export const STX_MASK = 0
export const STX_NLINK = 4
export const STX_UID = 5
export const STX_GID = 6
/** 16 bits: kind and permissions; the upper half is spare. */
export const STX_MODE = 7
export const STX_INO = 8
export const STX_SIZE = 10
/** 64-bit, units of 512 bytes. */
export const STX_BLOCKS = 12
export const STX_BTIME = 20
export const STX_CTIME = 24
export const STX_MTIME = 28
export const STX_RDEV_MAJOR = 32
export const STX_RDEV_MINOR = 33
export const STX_DEV_MAJOR = 34
export const STX_DEV_MINOR = 35
export const STX_MNT_ID = 36

export type FileKind = 'file' | 'dir' | 'symlink' | 'fifo' | 'socket' | 'char' | 'block'

/** What the kernel knows about a file. */
export interface FileStatus {
  readonly kind: FileKind
  /** Permission bits with set-user-id, set-group-id and sticky: 0..0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly ino: bigint
  readonly nlink: number
  /** Bytes, at most 2^53 - 1. */
  readonly size: number
  /** Units of 512 bytes that it takes on disk. */
  readonly blocks: number
  readonly mtime: Timespec
  readonly ctime: Timespec
  /** Creation time, where the file system knows it. */
  readonly birth: Timespec | undefined
  readonly devMajor: number
  readonly devMinor: number
  /** Which device a device file stands for; otherwise 0. */
  readonly rdevMajor: number
  readonly rdevMinor: number
  /** As in /proc/self/mountinfo, where the kernel (5.8 and later) tells it. */
  readonly mountId: number | undefined
}

/** Returns the kind in `mode`, or `undefined` for one that Linux does not have. */
export function kindOfMode(mode: number): FileKind | undefined {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return 'file'
    case S_IFDIR:
      return 'dir'
    case S_IFLNK:
      return 'symlink'
    case S_IFIFO:
      return 'fifo'
    case S_IFSOCK:
      return 'socket'
    case S_IFCHR:
      return 'char'
    case S_IFBLK:
      return 'block'
    default:
      return undefined
  }
}

/**
 * Decodes STATX_WORDS words that `statx` filled after being asked for STATX_MASK.
 *
 * Times beyond 2^53 seconds, which only a broken file system has, are held at that bound.
 * @throws {PosixError} EOVERFLOW: the file is 2^53 bytes or larger; EUCLEAN: it is of no known kind.
 */
export function decodeStatx(words: Uint32Array | Int32Array): FileStatus {
  const word = (index: number): number => (words[index] ?? 0) >>> 0
  const unsigned = (index: number): number => word(index + 1) * 2 ** 32 + word(index)
  const kind = kindOfMode(word(STX_MODE))
  if (kind === undefined) throw posixError({ errno: EUCLEAN, syscall: 'statx' })
  const size = unsigned(STX_SIZE)
  if (!Number.isSafeInteger(size)) throw posixError({ errno: constants.errno.EOVERFLOW, syscall: 'statx' })
  const mask = word(STX_MASK)
  return {
    kind,
    mode: word(STX_MODE) & S_PERMISSIONS,
    uid: word(STX_UID),
    gid: word(STX_GID),
    ino: (BigInt(word(STX_INO + 1)) << 32n) | BigInt(word(STX_INO)),
    nlink: word(STX_NLINK),
    size,
    blocks: unsigned(STX_BLOCKS),
    mtime: decodeTime(words, STX_MTIME),
    ctime: decodeTime(words, STX_CTIME),
    birth: (mask & STATX_BTIME) === 0 ? undefined : decodeTime(words, STX_BTIME),
    devMajor: word(STX_DEV_MAJOR),
    devMinor: word(STX_DEV_MINOR),
    rdevMajor: word(STX_RDEV_MAJOR),
    rdevMinor: word(STX_RDEV_MINOR),
    mountId: (mask & STATX_MNT_ID) === 0 ? undefined : unsigned(STX_MNT_ID),
  }
}

// Not among those that Node names: "structure needs cleaning".
const EUCLEAN = 117

/** Decodes the time at word `index` (STX_MTIME, STX_CTIME, STX_BTIME); the seconds are signed. */
export function decodeTime(words: Uint32Array | Int32Array, index: number): Timespec {
  const seconds = ((words[index + 1] ?? 0) | 0) * 2 ** 32 + ((words[index] ?? 0) >>> 0)
  return {
    seconds: Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, seconds)),
    nanoseconds: (words[index + 2] ?? 0) >>> 0,
  }
}

const scratch = new Uint8Array(STATX_BYTES)
const scratchWords = new Uint32Array(scratch.buffer)

/**
 * Returns what the kernel knows about `name` below the directory `dirfd`, or about `dirfd` itself when `name` is ''.
 *
 * A descriptor opened with O_PATH will do. A symbolic link is followed only if `follow` is set.
 * @throws {PosixError} ENOENT, EACCES, ENOTDIR, ENAMETOOLONG, and those of `decodeStatx`.
 */
export function statusAt(dirfd: number, name: ByteString, { follow = false }: { follow?: boolean } = {}): FileStatus {
  const flags = (name === '' ? AT_EMPTY_PATH : 0) | (follow ? 0 : AT_SYMLINK_NOFOLLOW)
  check(libc().statx(dirfd, cString(name), flags, STATX_MASK, scratch), 'statx', name)
  return decodeStatx(scratchWords)
}

/** Returns what the kernel knows about the open file `fd`. */
export function statusOf(fd: number): FileStatus {
  return statusAt(fd, '' as ByteString)
}
