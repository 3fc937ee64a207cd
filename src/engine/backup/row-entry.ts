import type { Timespec } from '../../base/clock.ts'
import type { ByteString } from '../../base/byte-string.ts'
import { byteString } from '../../base/byte-string.ts'
import { present } from '../../base/assert.ts'
import { S_PERMISSIONS } from '../../base/posix/constants.ts'
import { decodeTime, kindOfMode } from '../../base/posix/statx.ts'
import { blake3 } from '../../crypto/blake3.ts'
import type { Content, ExtendedAttribute, HardLink, Hole, TreeEntry } from '../../format/tree.ts'
import {
  type EntryTable,
  ROW_BTIME,
  ROW_CTIME,
  ROW_DEVICE_MASK,
  ROW_FLAGS,
  ROW_FLAGS_INODE,
  ROW_GID,
  ROW_ID_COUNT,
  ROW_IDS,
  ROW_INO,
  ROW_MODE,
  ROW_MTIME,
  ROW_NLINK,
  ROW_SIZE,
  ROW_UID,
  ROW_WORDS,
} from '../scan/entry-table.ts'

const LINK_GROUP_BYTES = 8

/** What a row and its ids do not say of its entry. */
export interface EntryDetails {
  readonly xattrs: readonly ExtendedAttribute[]
  readonly holes: readonly Hole[]
  readonly target: ByteString | undefined
  /** Of a file; without it, the row's ids are those of its data blobs. */
  readonly content: Content | undefined
}

const NO_DETAILS: EntryDetails = { xattrs: [], holes: [], target: undefined, content: undefined }

/** Returns the entry that a row describes. Ownership: ids are views into the table, valid until more are added. */
export function entryOfRow(table: EntryTable, row: number, details = NO_DETAILS): TreeEntry {
  const { rows } = table
  const at = row * ROW_WORDS
  const modeBits = rows[at + ROW_MODE] ?? 0
  const kind = present(kindOfMode(modeBits), 'the kind of a scanned entry')
  const name = table.name(row)
  const mode = modeBits & S_PERMISSIONS
  const uid = (rows[at + ROW_UID] ?? 0) >>> 0
  const gid = (rows[at + ROW_GID] ?? 0) >>> 0
  const mtime = decodeTime(rows, at + ROW_MTIME)
  const ctime = decodeTime(rows, at + ROW_CTIME)
  const birth = birthOf(rows, at)
  const flags = (rows[at + ROW_FLAGS] ?? 0) & ROW_FLAGS_INODE
  const link = kind === 'dir' ? undefined : linkOf(rows, at)
  const { xattrs, holes } = details
  switch (kind) {
    case 'file': {
      const size = table.wide(row, ROW_SIZE)
      const content = details.content ?? { level: 0, ids: table.idsOf(row) }
      return { kind, name, mode, uid, gid, mtime, ctime, birth, xattrs, flags, link, size, content, holes }
    }
    case 'dir': {
      const trees = table.idsOf(row)
      return { kind, name, mode, uid, gid, mtime, ctime, birth, xattrs, flags, link, trees }
    }
    case 'symlink': {
      const target = present(details.target, 'the target of a link')
      return { kind, name, mode, uid, gid, mtime, ctime, birth, xattrs, flags, link, target }
    }
    case 'char':
    case 'block': {
      const major = (rows[at + ROW_IDS] ?? 0) >>> 0
      const minor = (rows[at + ROW_ID_COUNT] ?? 0) >>> 0
      return { kind, name, mode, uid, gid, mtime, ctime, birth, xattrs, flags, link, major, minor }
    }
    case 'fifo':
    case 'socket':
      return { kind, name, mode, uid, gid, mtime, ctime, birth, xattrs, flags, link }
  }
}

/** Whether a row and its ids say all of an entry that was made with `details`; a hard link's group is another's, too. */
export function isWholeInRow(entry: TreeEntry, { content }: EntryDetails): boolean {
  const hasHoles = entry.kind === 'file' && entry.holes.length > 0
  return (
    content === undefined &&
    entry.kind !== 'symlink' &&
    entry.link === undefined &&
    entry.xattrs.length === 0 &&
    !hasHoles
  )
}

function birthOf(rows: Int32Array, at: number): Timespec | undefined {
  const isKnown = rows[at + ROW_BTIME] !== 0 || rows[at + ROW_BTIME + 1] !== 0 || rows[at + ROW_BTIME + 2] !== 0
  return isKnown ? decodeTime(rows, at + ROW_BTIME) : undefined
}

/** Names of one file have one group: it follows from the file system, counted in the order it was met, and the inode. */
function linkOf(rows: Int32Array, at: number): HardLink | undefined {
  const count = (rows[at + ROW_NLINK] ?? 0) >>> 0
  if (count < 2) return undefined
  const identity = Int32Array.of(
    (rows[at + ROW_FLAGS] ?? 0) & ROW_DEVICE_MASK,
    rows[at + ROW_INO] ?? 0,
    rows[at + ROW_INO + 1] ?? 0,
  )
  const group = blake3(new Uint8Array(identity.buffer)).subarray(0, LINK_GROUP_BYTES)
  return { group: byteString(group), count }
}
