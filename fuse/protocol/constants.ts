/**
 * Numbers of the FUSE protocol under the names of linux/fuse.h.
 *
 * Only those that this file system answers, refuses by name, or sends.
 * @see linux/fuse.h of Linux 6.18, protocol 7.45
 */
export const FUSE_KERNEL_VERSION = 7
/** What of the protocol this file system was written for; a kernel that speaks less gets less. */
export const FUSE_KERNEL_MINOR_VERSION = 45
/** Linux 3.15: since then every structure used here has had its shape. */
export const FUSE_MINOR_VERSION_MIN = 23
export const FUSE_ROOT_ID = 1

export const FUSE_LOOKUP = 1
export const FUSE_FORGET = 2
export const FUSE_GETATTR = 3
export const FUSE_SETATTR = 4
export const FUSE_READLINK = 5
export const FUSE_SYMLINK = 6
export const FUSE_MKNOD = 8
export const FUSE_MKDIR = 9
export const FUSE_UNLINK = 10
export const FUSE_RMDIR = 11
export const FUSE_RENAME = 12
export const FUSE_LINK = 13
export const FUSE_OPEN = 14
export const FUSE_READ = 15
export const FUSE_WRITE = 16
export const FUSE_STATFS = 17
export const FUSE_RELEASE = 18
export const FUSE_FSYNC = 20
export const FUSE_SETXATTR = 21
export const FUSE_GETXATTR = 22
export const FUSE_LISTXATTR = 23
export const FUSE_REMOVEXATTR = 24
export const FUSE_FLUSH = 25
export const FUSE_INIT = 26
export const FUSE_OPENDIR = 27
export const FUSE_READDIR = 28
export const FUSE_RELEASEDIR = 29
export const FUSE_FSYNCDIR = 30
export const FUSE_ACCESS = 34
export const FUSE_CREATE = 35
export const FUSE_INTERRUPT = 36
export const FUSE_DESTROY = 38
export const FUSE_IOCTL = 39
export const FUSE_BATCH_FORGET = 42
export const FUSE_FALLOCATE = 43
export const FUSE_READDIRPLUS = 44
export const FUSE_RENAME2 = 45
export const FUSE_LSEEK = 46
export const FUSE_COPY_FILE_RANGE = 47
export const FUSE_TMPFILE = 51

export const FUSE_ASYNC_READ = 1 << 0
export const FUSE_AUTO_INVAL_DATA = 1 << 12
export const FUSE_DO_READDIRPLUS = 1 << 13
export const FUSE_NO_OPEN_SUPPORT = 1 << 17
export const FUSE_PARALLEL_DIROPS = 1 << 18
export const FUSE_POSIX_ACL = 1 << 20
export const FUSE_MAX_PAGES = 1 << 22
export const FUSE_CACHE_SYMLINKS = 1 << 23
export const FUSE_NO_OPENDIR_SUPPORT = 1 << 24

/** In the reply to OPEN: pages stay from one open to the next. */
export const FOPEN_KEEP_CACHE = 1 << 1
/** In the reply to OPENDIR: the kernel may keep the listing. */
export const FOPEN_CACHE_DIR = 1 << 3

export const FUSE_NOTIFY_INVAL_INODE = 2
export const FUSE_NOTIFY_INVAL_ENTRY = 3
export const FUSE_NOTIFY_STORE = 4

/** No message is received into less. */
export const FUSE_MIN_READ_BUFFER = 8192
/** Bytes of a name in a request, without its NUL, as fs/fuse bounds it. */
export const FUSE_NAME_MAX = 1024

/** Sizes of structures, bytes. */
export const IN_HEADER_BYTES = 40
export const OUT_HEADER_BYTES = 16
export const ATTR_BYTES = 88
export const ENTRY_OUT_BYTES = 128
export const ATTR_OUT_BYTES = 104
/** `fuse_dirent` without its name. */
export const DIRENT_BYTES = 24
