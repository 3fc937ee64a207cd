import { constants } from 'node:fs'

/**
 * Flags of Linux system calls, as numbers.
 *
 * Those that differ between architectures come from Node, the others are the same on all that Node runs on.
 * @see openat(2), statx(2), lseek(2), fallocate(2), rename(2)
 */
export const O_RDONLY = constants.O_RDONLY
export const O_WRONLY = constants.O_WRONLY
export const O_RDWR = constants.O_RDWR
export const O_CREAT = constants.O_CREAT
export const O_EXCL = constants.O_EXCL
export const O_NONBLOCK = constants.O_NONBLOCK
export const O_DIRECTORY = constants.O_DIRECTORY
export const O_NOFOLLOW = constants.O_NOFOLLOW
/** Refused with EPERM unless the caller owns the file or is privileged. */
export const O_NOATIME = constants.O_NOATIME
export const O_CLOEXEC = 0o2000000
/** Names a file without opening it: for special files and symbolic links. */
export const O_PATH = 0o10000000

export const AT_FDCWD = -100
export const AT_SYMLINK_NOFOLLOW = 0x100
export const AT_REMOVEDIR = 0x200
export const AT_EMPTY_PATH = 0x1000

export const STATX_BASIC_STATS = 0x7ff
export const STATX_BTIME = 0x800
export const STATX_MNT_ID = 0x1000

export const SEEK_SET = 0
export const SEEK_DATA = 3
export const SEEK_HOLE = 4

export const POSIX_FADV_WILLNEED = 3

export const FALLOC_FL_KEEP_SIZE = 1
export const FALLOC_FL_PUNCH_HOLE = 2

export const RENAME_NOREPLACE = 1

export const S_IFMT = constants.S_IFMT
export const S_IFREG = constants.S_IFREG
export const S_IFDIR = constants.S_IFDIR
export const S_IFLNK = constants.S_IFLNK
export const S_IFIFO = constants.S_IFIFO
export const S_IFSOCK = constants.S_IFSOCK
export const S_IFCHR = constants.S_IFCHR
export const S_IFBLK = constants.S_IFBLK
/** Permission bits with set-user-id, set-group-id and sticky. */
export const S_PERMISSIONS = 0o7777

export const AF_UNIX = 1
export const SOCK_CLOEXEC = 0o2000000
export const MSG_DONTWAIT = 0x40

/** Bytes of a path with its NUL that a system call takes. */
export const PATH_MAX = 4096
