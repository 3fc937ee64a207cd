import { constants } from 'node:os'
import { type ByteString, byteString } from '../byte-string.ts'
import { XATTR_BYTES_MAX } from '../limits.ts'
import { cString } from './c-string.ts'
import { check, errno, lastError, posixError } from './errno.ts'
import { libc } from './libc.ts'

const { E2BIG, EBADF, ENODATA, ENOTSUP, ENOSYS, ERANGE } = constants.errno

/** An extended attribute. POSIX ACLs (`system.posix_acl_*`) and capabilities (`security.capability`) are some, too. */
export interface Xattr {
  /** With its name space, such as `user.comment`. */
  readonly name: ByteString
  readonly value: Uint8Array
}

/** Bytes of all names and values of one file together: some file systems have no bound of their own. */
export const XATTRS_BYTES_MAX = 16 * XATTR_BYTES_MAX
/** Bytes of all names of one file, as Linux bounds them (XATTR_LIST_MAX). */
const LIST_BYTES_MAX = 65_536

/** The same four calls, by descriptor or by path. */
interface XattrCalls {
  readonly path?: ByteString
  list(buffer: Uint8Array): number
  get(name: Uint8Array, buffer: Uint8Array): number
  set(name: Uint8Array, value: Uint8Array): number
  remove(name: Uint8Array): number
}

const none: readonly Xattr[] = []
let listBuffer: Buffer | undefined
let valueBuffer: Buffer | undefined

/**
 * Returns the extended attributes of the open file `fd`, sorted by name; none where they are not supported.
 *
 * A descriptor opened with O_PATH will do, so that this works for symbolic links, FIFOs, sockets and devices, which
 * cannot or should not be opened. Those the caller may not see are not there.
 * @throws {PosixError} E2BIG: more than XATTRS_BYTES_MAX, or one that is larger than XATTR_BYTES_MAX.
 */
export function readXattrs(fd: number): readonly Xattr[] {
  return read(callsOfDescriptor(fd))
}

/** As `readXattrs`, for the file at `path`; a symbolic link is not followed. */
export function readXattrsOfLink(path: ByteString): readonly Xattr[] {
  return read(callsOfLink(path))
}

/**
 * Gives the open file `fd`, opened with O_PATH or not, an extended attribute, in place of one of the same name.
 *
 * @throws {PosixError} ENOTSUP, EPERM, ENOSPC, EDQUOT, ERANGE.
 */
export function setXattr(fd: number, attribute: Xattr): void {
  set(callsOfDescriptor(fd), attribute)
}

/** As `setXattr`, for the file at `path`; a symbolic link is not followed. */
export function setXattrOfLink(path: ByteString, attribute: Xattr): void {
  set(callsOfLink(path), attribute)
}

/** Takes an extended attribute from the open file `fd`, opened with O_PATH or not; one that is not there is fine. */
export function removeXattr(fd: number, name: ByteString): void {
  remove(callsOfDescriptor(fd), name)
}

/** As `removeXattr`, for the file at `path`; a symbolic link is not followed. */
export function removeXattrOfLink(path: ByteString, name: ByteString): void {
  remove(callsOfLink(path), name)
}

function read(calls: XattrCalls): readonly Xattr[] {
  listBuffer ??= Buffer.alloc(LIST_BYTES_MAX)
  const listed = calls.list(listBuffer)
  if (listed === 0) return none
  if (listed < 0) {
    const reason = errno()
    if (reason === ENOTSUP || reason === ENOSYS) return none
    throw posixError({ errno: reason === ERANGE ? E2BIG : reason, syscall: 'listxattr', path: calls.path })
  }
  const names = byteString(listBuffer.subarray(0, listed)).split('\0') as ByteString[]
  const attributes: Xattr[] = []
  let total = listed
  for (const name of names.filter((each) => each !== '').sort()) {
    const value = readValue(calls, name)
    if (value === undefined) continue
    total += value.byteLength
    if (total > XATTRS_BYTES_MAX) throw posixError({ errno: E2BIG, syscall: 'getxattr', path: calls.path })
    attributes.push({ name, value })
  }
  return attributes
}

/** `undefined`: it has gone since it was listed, or is only listed. */
function readValue(calls: XattrCalls, name: ByteString): Uint8Array | undefined {
  valueBuffer ??= Buffer.alloc(XATTR_BYTES_MAX)
  const length = calls.get(cString(name), valueBuffer)
  if (length >= 0) return new Uint8Array(valueBuffer.subarray(0, length))
  const reason = errno()
  if (reason === ENODATA || reason === ENOTSUP) return undefined
  throw posixError({ errno: reason === ERANGE ? E2BIG : reason, syscall: 'getxattr', path: calls.path ?? name })
}

function set(calls: XattrCalls, { name, value }: Xattr): void {
  check(calls.set(cString(name), value), 'setxattr', calls.path ?? name)
}

function remove(calls: XattrCalls, name: ByteString): void {
  if (calls.remove(cString(name)) < 0 && errno() !== ENODATA) throw lastError('removexattr', calls.path ?? name)
}

function callsOfDescriptor(fd: number): XattrCalls {
  const { flistxattr, fgetxattr, fsetxattr, fremovexattr } = libc()
  const orByPath = (result: number, byPath: (calls: XattrCalls) => number): number =>
    result < 0 && errno() === EBADF ? byPath(callsOfPathDescriptor(fd)) : result
  return {
    list: (buffer) => orByPath(flistxattr(fd, buffer, buffer.byteLength), (calls) => calls.list(buffer)),
    get: (name, buffer) => orByPath(fgetxattr(fd, name, buffer, buffer.byteLength), (calls) => calls.get(name, buffer)),
    set: (name, value) => orByPath(fsetxattr(fd, name, value, value.byteLength, 0), (calls) => calls.set(name, value)),
    remove: (name) => orByPath(fremovexattr(fd, name), (calls) => calls.remove(name)),
  }
}

/**
 * The kernel refuses O_PATH descriptors in f...xattr, but the link in /proc leads to exactly the file they stand for:
 * also to a symbolic link itself, where it does not go on to the target.
 */
function callsOfPathDescriptor(fd: number): XattrCalls {
  const { listxattr, getxattr, setxattr, removexattr } = libc()
  const path = cString(`/proc/self/fd/${fd}` as ByteString)
  return {
    list: (buffer) => listxattr(path, buffer, buffer.byteLength),
    get: (name, buffer) => getxattr(path, name, buffer, buffer.byteLength),
    set: (name, value) => setxattr(path, name, value, value.byteLength, 0),
    remove: (name) => removexattr(path, name),
  }
}

function callsOfLink(shown: ByteString): XattrCalls {
  const { llistxattr, lgetxattr, lsetxattr, lremovexattr } = libc()
  const path = cString(shown)
  return {
    path: shown,
    list: (buffer) => llistxattr(path, buffer, buffer.byteLength),
    get: (name, buffer) => lgetxattr(path, name, buffer, buffer.byteLength),
    set: (name, value) => lsetxattr(path, name, value, value.byteLength, 0),
    remove: (name) => lremovexattr(path, name),
  }
}
