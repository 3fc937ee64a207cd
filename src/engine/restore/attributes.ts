import { constants } from 'node:os'
import { type ByteString, display } from '../../base/byte-string.ts'
import { equalBytes } from '../../base/bytes.ts'
import { errnoOf } from '../../base/errors.ts'
import { check, errno, lastError } from '../../base/posix/errno.ts'
import { setFlags } from '../../base/posix/flags.ts'
import { addressOf, libc } from '../../base/posix/libc.ts'
import { TIMES_BYTES, encodeTimes } from '../../base/posix/times.ts'
import { readXattrs, removeXattr, setXattr } from '../../base/posix/xattr.ts'
import type { ExtendedAttribute } from '../../format/tree.ts'
import type { ProcessRights } from './restore-job.ts'

const { EINVAL, EPERM } = constants.errno
/** Tells chown(2) to leave a number as it is. */
const UNCHANGED = 0xffff_ffff
const SET_ID_BITS = 0o6000

/** What a file, directory or node is to have besides its content. */
export interface Attributes {
  /** For messages. */
  readonly name: ByteString
  /** 0..0o7777 */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly seconds: number
  readonly nanoseconds: number
  readonly xattrs: readonly ExtendedAttribute[]
  readonly flags: number
}

/** What an open file has already. */
export interface AttributesSoFar {
  /** Permission bits that it was made with, where that is known. */
  readonly mode?: number
  /** It belongs to this process's user and group. */
  readonly isOwn: boolean
  /** It may have extended attributes or flags that are not wanted. */
  readonly isUsed: boolean
}

/** Gives files their attributes in the order that the kernel wants, times last. One per thread. */
export class AttributeWriter {
  /** What did not quite work, in sentences, each once. */
  readonly notes = new Set<string>()
  readonly #rights: ProcessRights
  readonly #times = new Uint8Array(TIMES_BYTES)
  readonly #timeWords = new Int32Array(this.#times.buffer)
  readonly #timesAddress = addressOf(this.#times)

  constructor(rights: ProcessRights) {
    this.#rights = rights
  }

  /** Returns the mode to make a file with so that nobody reads it who may not in the end. */
  modeToCreate({ uid, gid, mode, xattrs }: Attributes, inherits: boolean): number {
    const isOwn = uid === this.#rights.uid && gid === this.#rights.gid && !inherits
    return isOwn && xattrs.length === 0 ? mode & 0o777 & ~this.#rights.umask : 0o600
  }

  /** Tells whether a new file belongs to whom it should already. */
  isOwnWhenMade({ uid, gid }: Attributes, inherits: boolean): boolean {
    return uid === this.#rights.uid && gid === this.#rights.gid && !inherits
  }

  /**
   * Sets all attributes of an open file or directory: owner, extended attributes, mode, times, flags.
   *
   * The owner comes before the mode because it takes the set-user-id bit away, and both before the times. An owner who
   * cannot be set is a note, and no file gets a set-user-id bit for the wrong one.
   * @throws {PosixError} EIO, EROFS, ENOSPC, EDQUOT.
   */
  apply(fd: number, wanted: Attributes, soFar: AttributesSoFar): void {
    const isOwner = soFar.isOwn || this.#setOwner(fd, wanted)
    const mode = isOwner ? wanted.mode : wanted.mode & ~SET_ID_BITS
    if (soFar.isUsed) this.#removeStray(fd, wanted.xattrs)
    for (const attribute of wanted.xattrs) this.#setXattr(fd, attribute, wanted)
    if (mode !== soFar.mode) check(libc().fchmod(fd, mode), 'fchmod')
    this.#setTimes(fd, wanted)
    if (wanted.flags !== 0 || soFar.isUsed) this.#setFlags(fd, wanted.flags)
  }

  #setOwner(fd: number, { uid, gid }: Attributes): boolean {
    const { fchown } = libc()
    if (fchown(fd, uid, gid) === 0) return true
    const reason = errno()
    if (reason !== EPERM && reason !== EINVAL) throw lastError('fchown')
    // A user may still choose among the groups that he belongs to.
    fchown(fd, UNCHANGED, gid)
    this.notes.add('Owners could not be set: only root may give files to other users.')
    return false
  }

  #setXattr(fd: number, attribute: ExtendedAttribute, { name }: Attributes): void {
    try {
      setXattr(fd, attribute)
    } catch (error) {
      const code = errnoOf(error) ?? 'unknown error'
      const isUsual = code === 'ENOTSUP' || code === 'EPERM' || code === 'EINVAL'
      this.notes.add(
        `The extended attribute ${display(attribute.name)} could not be set${isUsual ? '' : ` on ${display(name)}`}: ${code}.`,
      )
    }
  }

  #removeStray(fd: number, wanted: readonly ExtendedAttribute[]): void {
    for (const found of readXattrs(fd)) {
      if (wanted.some(({ name, value }) => name === found.name && equalBytes(value, found.value))) continue
      try {
        removeXattr(fd, found.name)
      } catch (error) {
        // Labels of a security module come back by themselves.
        if (!found.name.startsWith('security.')) this.notes.add(`An attribute could not be removed: ${String(error)}.`)
      }
    }
  }

  #setTimes(fd: number, { seconds, nanoseconds }: Attributes): void {
    encodeTimes({ modified: { seconds, nanoseconds } }, this.#timeWords)
    check(libc().futimens(fd, this.#timesAddress), 'futimens')
  }

  #setFlags(fd: number, flags: number): void {
    const left = setFlags(fd, flags)
    if (left !== 0) this.notes.add(`Inode flags 0x${left.toString(16)} could not be set here.`)
  }
}
