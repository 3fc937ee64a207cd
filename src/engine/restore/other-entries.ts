import { unreachable } from '../../base/assert.ts'
import type { ByteString } from '../../base/byte-string.ts'
import { compareTimespec } from '../../base/clock.ts'
import { errnoOf } from '../../base/errors.ts'
import { O_PATH } from '../../base/posix/constants.ts'
import { closeDescriptor, openAt } from '../../base/posix/descriptors.ts'
import {
  makeNodeAt,
  makeSymlinkAt,
  readLinkAt,
  removeAt,
  renameAt,
  setModeAt,
  setOwnerAt,
  setTimesAt,
} from '../../base/posix/files.ts'
import { statusAt } from '../../base/posix/statx.ts'
import { setXattr } from '../../base/posix/xattr.ts'
import type { TreeEntry } from '../../format/tree.ts'

/** An entry that is neither file nor directory. */
export type OtherEntry = Exclude<TreeEntry, { readonly kind: 'file' | 'dir' }>

export interface OtherEntryPlace {
  readonly dirfd: number
  readonly name: ByteString
  /** What to call it first, where something else has its name. */
  readonly temporaryName: ByteString | undefined
  readonly uid: number
  readonly gid: number
}

const SET_ID_BITS = 0o6000

/** Makes a symbolic link, FIFO, socket or device with all its attributes. @throws {PosixError}; nothing is left then. */
export function makeOther(entry: OtherEntry, place: OtherEntryPlace, onNote: (note: string) => void): void {
  const { dirfd, name, temporaryName } = place
  const firstName = temporaryName ?? name
  make(entry, dirfd, firstName)
  try {
    setAttributes(entry, { ...place, name: firstName }, onNote)
    if (temporaryName !== undefined) renameAt({ fromDirfd: dirfd, from: temporaryName, toDirfd: dirfd, to: name })
  } catch (error) {
    removeAt(dirfd, firstName)
    throw error
  }
}

/** Returns what is wrong with an entry that was restored, or `undefined`. @throws {PosixError} */
export function verifyOther(entry: OtherEntry, dirfd: number, name: ByteString): string | undefined {
  const status = statusAt(dirfd, name)
  if (status.kind !== entry.kind) return `it is a ${status.kind}`
  if (compareTimespec(status.mtime, entry.mtime) !== 0) return 'its time of change differs'
  if (entry.kind === 'symlink' && readLinkAt(dirfd, name) !== entry.target) return 'it points elsewhere'
  const isDevice = entry.kind === 'char' || entry.kind === 'block'
  if (isDevice && (status.rdevMajor !== entry.major || status.rdevMinor !== entry.minor)) return 'its device differs'
  return undefined
}

function make(entry: OtherEntry, dirfd: number, name: ByteString): void {
  switch (entry.kind) {
    case 'symlink':
      return makeSymlinkAt(dirfd, name, entry.target)
    case 'fifo':
    case 'socket':
      return makeNodeAt(dirfd, name, { kind: entry.kind, mode: 0o600 })
    case 'char':
    case 'block':
      return makeNodeAt(dirfd, name, { kind: entry.kind, mode: 0o600, major: entry.major, minor: entry.minor })
    default:
      return unreachable(entry)
  }
}

function setAttributes(
  { kind, mode, mtime, xattrs }: OtherEntry,
  { dirfd, name, uid, gid }: OtherEntryPlace,
  onNote: (note: string) => void,
): void {
  let isOwner = true
  try {
    setOwnerAt(dirfd, name, { uid, gid })
  } catch (error) {
    if (errnoOf(error) !== 'EPERM' && errnoOf(error) !== 'EINVAL') throw error
    isOwner = false
    onNote('Owners could not be set: only root may give files to other users.')
  }
  const fd = xattrs.length === 0 ? -1 : openAt(dirfd, name, { flags: O_PATH })
  try {
    for (const attribute of xattrs) {
      try {
        setXattr(fd, attribute)
      } catch (error) {
        onNote(`The extended attribute ${attribute.name} could not be set: ${errnoOf(error) ?? String(error)}.`)
      }
    }
  } finally {
    if (fd >= 0) closeDescriptor(fd)
  }
  if (kind !== 'symlink') setModeAt(dirfd, name, isOwner ? mode : mode & ~SET_ID_BITS)
  setTimesAt(dirfd, name, { modified: mtime })
}
