import { createRequire } from 'node:module'
import { constants, endianness } from 'node:os'
import type * as Koffi from 'koffi'
import { PosixError } from './posix-error.ts'

/** A number is an address from `addressOf`; an array stands for its own memory, which the call may write. */
export type Pointer = number | Uint8Array | null

/**
 * Functions of the C library as they are, each a koffi function without a wrapper.
 *
 * Names and paths are NUL-terminated bytes (`cString`). Sizes, offsets and results are numbers; all return -1 on
 * failure unless stated, and `errno` of errno.ts tells why as long as nothing else was called since. A pointer that is
 * wrong corrupts memory: outside hot paths use the safe functions of this folder.
 * @see section 2 and 3 of the manual
 */
export interface Libc {
  readonly openat: (dirfd: number, name: Pointer, flags: number, mode: number) => number
  readonly close: (fd: number) => number
  readonly read: (fd: number, buffer: Pointer, bytes: number) => number
  readonly pread: (fd: number, buffer: Pointer, bytes: number, offset: number) => number
  readonly pwrite: (fd: number, buffer: Pointer, bytes: number, offset: number) => number
  /** `buffer` takes STATX_BYTES. */
  readonly statx: (dirfd: number, name: Pointer, flags: number, mask: number, buffer: Pointer) => number
  readonly getdents64: (fd: number, buffer: Pointer, bytes: number) => number
  readonly fchown: (fd: number, uid: number, gid: number) => number
  readonly fchownat: (dirfd: number, name: Pointer, uid: number, gid: number, flags: number) => number
  readonly fchmod: (fd: number, mode: number) => number
  readonly fchmodat: (dirfd: number, name: Pointer, mode: number, flags: number) => number
  /** `times`: access and modification, each two signed 64-bit words: seconds and nanoseconds. */
  readonly futimens: (fd: number, times: Pointer) => number
  readonly utimensat: (dirfd: number, name: Pointer, times: Pointer, flags: number) => number
  readonly mkdirat: (dirfd: number, name: Pointer, mode: number) => number
  readonly mknodat: (dirfd: number, name: Pointer, mode: number, device: number | bigint) => number
  readonly symlinkat: (target: Pointer, dirfd: number, name: Pointer) => number
  readonly linkat: (fromDirfd: number, from: Pointer, toDirfd: number, to: Pointer, flags: number) => number
  readonly unlinkat: (dirfd: number, name: Pointer, flags: number) => number
  readonly renameat: (fromDirfd: number, from: Pointer, toDirfd: number, to: Pointer) => number
  readonly renameat2: (fromDirfd: number, from: Pointer, toDirfd: number, to: Pointer, flags: number) => number
  readonly readlinkat: (dirfd: number, name: Pointer, buffer: Pointer, bytes: number) => number
  /** A bigint past 2^53. */
  readonly lseek: (fd: number, offset: number, whence: number) => number | bigint
  readonly ftruncate: (fd: number, size: number) => number
  readonly fallocate: (fd: number, mode: number, offset: number, length: number) => number
  readonly fsync: (fd: number) => number
  /** Returns an error number, 0 on success. */
  readonly posix_fadvise: (fd: number, offset: number, bytes: number, advice: number) => number
  readonly flistxattr: (fd: number, list: Pointer, bytes: number) => number
  readonly fgetxattr: (fd: number, name: Pointer, value: Pointer, bytes: number) => number
  readonly fsetxattr: (fd: number, name: Pointer, value: Pointer, bytes: number, flags: number) => number
  readonly fremovexattr: (fd: number, name: Pointer) => number
  readonly listxattr: (path: Pointer, list: Pointer, bytes: number) => number
  readonly getxattr: (path: Pointer, name: Pointer, value: Pointer, bytes: number) => number
  readonly setxattr: (path: Pointer, name: Pointer, value: Pointer, bytes: number, flags: number) => number
  readonly removexattr: (path: Pointer, name: Pointer) => number
  readonly llistxattr: (path: Pointer, list: Pointer, bytes: number) => number
  readonly lgetxattr: (path: Pointer, name: Pointer, value: Pointer, bytes: number) => number
  readonly lsetxattr: (path: Pointer, name: Pointer, value: Pointer, bytes: number, flags: number) => number
  readonly lremovexattr: (path: Pointer, name: Pointer) => number
  readonly ioctl: (fd: number, request: number, argument: Pointer) => number
  readonly fstatfs: (fd: number, buffer: Pointer) => number
  readonly mount: (source: Pointer, target: Pointer, type: Pointer, flags: number, data: Pointer) => number
  readonly umount2: (target: Pointer, flags: number) => number
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly sendto: (
    fd: number,
    message: Pointer,
    bytes: number,
    flags: number,
    address: Pointer,
    addressBytes: number,
  ) => number
  /** `pair` takes two 32-bit descriptors. */
  readonly socketpair: (domain: number, type: number, protocol: number, pair: Pointer) => number
  readonly recvmsg: (fd: number, message: Pointer, flags: number) => number
  /** `bytes` takes the 32-bit length of `value`, and then what of it was filled. */
  readonly getsockopt: (fd: number, level: number, option: number, value: Pointer, bytes: Pointer) => number
  /** Returns 1 when memory was given back, else 0. Of glibc alone. */
  readonly malloc_trim: (bytesKept: number) => number
  /** Does not return. */
  readonly _exit: (status: number) => never
  /** The four below return an error number, 0 on success, also when nothing was found: then `result` holds null. */
  readonly getpwuid_r: (uid: number, entry: Pointer, buffer: Pointer, bytes: number, result: Pointer) => number
  readonly getgrgid_r: (gid: number, entry: Pointer, buffer: Pointer, bytes: number, result: Pointer) => number
  readonly getpwnam_r: (name: Pointer, entry: Pointer, buffer: Pointer, bytes: number, result: Pointer) => number
  readonly getgrnam_r: (name: Pointer, entry: Pointer, buffer: Pointer, bytes: number, result: Pointer) => number
}

const prototypes: Readonly<Record<keyof Libc, string>> = {
  openat: 'int openat(int, void *, int, uint)',
  close: 'int close(int)',
  read: 'int64 read(int, void *, uint64)',
  pread: 'int64 pread(int, void *, uint64, int64)',
  pwrite: 'int64 pwrite(int, void *, uint64, int64)',
  statx: 'int statx(int, void *, int, uint, void *)',
  getdents64: 'int64 getdents64(int, void *, uint64)',
  fchown: 'int fchown(int, uint, uint)',
  fchownat: 'int fchownat(int, void *, uint, uint, int)',
  fchmod: 'int fchmod(int, uint)',
  fchmodat: 'int fchmodat(int, void *, uint, int)',
  futimens: 'int futimens(int, void *)',
  utimensat: 'int utimensat(int, void *, void *, int)',
  mkdirat: 'int mkdirat(int, void *, uint)',
  mknodat: 'int mknodat(int, void *, uint, uint64)',
  symlinkat: 'int symlinkat(void *, int, void *)',
  linkat: 'int linkat(int, void *, int, void *, int)',
  unlinkat: 'int unlinkat(int, void *, int)',
  renameat: 'int renameat(int, void *, int, void *)',
  renameat2: 'int renameat2(int, void *, int, void *, uint)',
  readlinkat: 'int64 readlinkat(int, void *, void *, uint64)',
  lseek: 'int64 lseek(int, int64, int)',
  ftruncate: 'int ftruncate(int, int64)',
  fallocate: 'int fallocate(int, int, int64, int64)',
  fsync: 'int fsync(int)',
  posix_fadvise: 'int posix_fadvise(int, int64, int64, int)',
  flistxattr: 'int64 flistxattr(int, void *, uint64)',
  fgetxattr: 'int64 fgetxattr(int, void *, void *, uint64)',
  fsetxattr: 'int fsetxattr(int, void *, void *, uint64, int)',
  fremovexattr: 'int fremovexattr(int, void *)',
  listxattr: 'int64 listxattr(void *, void *, uint64)',
  getxattr: 'int64 getxattr(void *, void *, void *, uint64)',
  setxattr: 'int setxattr(void *, void *, void *, uint64, int)',
  removexattr: 'int removexattr(void *, void *)',
  llistxattr: 'int64 llistxattr(void *, void *, uint64)',
  lgetxattr: 'int64 lgetxattr(void *, void *, void *, uint64)',
  lsetxattr: 'int lsetxattr(void *, void *, void *, uint64, int)',
  lremovexattr: 'int lremovexattr(void *, void *)',
  ioctl: 'int ioctl(int, uint64, void *)',
  fstatfs: 'int fstatfs(int, void *)',
  mount: 'int mount(void *, void *, void *, uint64, void *)',
  umount2: 'int umount2(void *, int)',
  socket: 'int socket(int, int, int)',
  sendto: 'int64 sendto(int, void *, uint64, int, void *, uint)',
  socketpair: 'int socketpair(int, int, int, void *)',
  recvmsg: 'int64 recvmsg(int, void *, int)',
  getsockopt: 'int getsockopt(int, int, int, void *, void *)',
  malloc_trim: 'int malloc_trim(uint64)',
  _exit: 'void _exit(int)',
  getpwuid_r: 'int getpwuid_r(uint, void *, void *, uint64, void *)',
  getgrgid_r: 'int getgrgid_r(uint, void *, void *, uint64, void *)',
  getpwnam_r: 'int getpwnam_r(void *, void *, void *, uint64, void *)',
  getgrnam_r: 'int getgrnam_r(void *, void *, void *, uint64, void *)',
}

let loadedKoffi: typeof Koffi | undefined
let loadedLibc: Libc | undefined

/** Loads koffi on first use: runs that never touch a local file need not pay for it. */
export function koffi(): typeof Koffi {
  loadedKoffi ??= createRequire(import.meta.url)('koffi') as typeof Koffi
  return loadedKoffi
}

/**
 * Returns the system calls that Node lacks, loaded once per thread.
 *
 * Hot loops take the functions they need out of it first: `const { openat, statx } = libc()`.
 * @throws {PosixError} ENOSYS on anything but a little-endian Linux.
 */
export function libc(): Libc {
  loadedLibc ??= loadLibc()
  return loadedLibc
}

function loadLibc(): Libc {
  if (process.platform !== 'linux' || endianness() !== 'LE') {
    throw notImplemented(
      `files are read and written through Linux system calls, and this is ${process.platform}`,
      'libc',
    )
  }
  // The process itself has the C library loaded already, by whatever name.
  const library = koffi().load(null)
  const functions: Record<string, unknown> = {}
  for (const [name, prototype] of Object.entries(prototypes)) functions[name] = bind(library, { name, prototype })
  return functions as unknown as Libc
}

/** An old C library may lack one function that this run never needs: only its use is refused. */
function bind(library: Koffi.LibraryHandle, { name, prototype }: { name: string; prototype: string }): unknown {
  try {
    return library.func(prototype)
  } catch {
    return () => {
      throw notImplemented('the C library of this machine is too old and lacks it', name)
    }
  }
}

function notImplemented(reason: string, syscall: string): PosixError {
  return new PosixError({ code: 'ENOSYS', errno: constants.errno.ENOSYS, syscall, reason })
}

/**
 * Returns where the bytes of `bytes` are in memory, to be passed to functions of `libc`.
 *
 * The memory does not move, but it is freed with the array: the caller keeps the array reachable as long as it uses
 * the address. Arrays over a SharedArrayBuffer have one, too; an empty array's is 0.
 */
export function addressOf(bytes: Uint8Array): number {
  return Number(koffi().address(bytes))
}
