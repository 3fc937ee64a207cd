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

/** What a row does not say of its entry. */
export interface EntryDetails {
  readonly xattrs: readonly ExtendedAttribute[]
  readonly holes: readonly Hole[]
  readonly target: ByteString | undefined
  readonly content: Content | undefined
  /** Of a directory. */
  readonly trees: Uint8Array | undefined
}

/** Returns the entry that a row describes. */
export function entryOfRow(table: EntryTable, row: number, details: EntryDetails): TreeEntry {
  const words = table.rows.subarray(row * ROW_WORDS, (row + 1) * ROW_WORDS)
  const mode = words[ROW_MODE] ?? 0
  const kind = present(kindOfMode(mode), 'the kind of a scanned entry')
  const base = {
    name: table.name(row),
    mode: mode & S_PERMISSIONS,
    uid: (words[ROW_UID] ?? 0) >>> 0,
    gid: (words[ROW_GID] ?? 0) >>> 0,
    mtime: decodeTime(words, ROW_MTIME),
    ctime: decodeTime(words, ROW_CTIME),
    birth: birthOf(words),
    xattrs: details.xattrs,
    flags: (words[ROW_FLAGS] ?? 0) & ROW_FLAGS_INODE,
    link: kind === 'dir' ? undefined : linkOf(words),
  }
  switch (kind) {
    case 'file': {
      const content = present(details.content, 'the content of a file')
      return { ...base, kind, size: table.wide(row, ROW_SIZE), content, holes: details.holes }
    }
    case 'dir':
      return { ...base, kind, trees: present(details.trees, 'the trees of a directory') }
    case 'symlink':
      return { ...base, kind, target: present(details.target, 'the target of a link') }
    case 'char':
    case 'block':
      return { ...base, kind, major: (words[ROW_IDS] ?? 0) >>> 0, minor: (words[ROW_ID_COUNT] ?? 0) >>> 0 }
    case 'fifo':
    case 'socket':
      return { ...base, kind }
  }
}

function birthOf(words: Int32Array): Timespec | undefined {
  const isKnown = words[ROW_BTIME] !== 0 || words[ROW_BTIME + 1] !== 0 || words[ROW_BTIME + 2] !== 0
  return isKnown ? decodeTime(words, ROW_BTIME) : undefined
}

/** Names of one file have one group: it follows from the file system, counted in the order it was met, and the inode. */
function linkOf(words: Int32Array): HardLink | undefined {
  const count = (words[ROW_NLINK] ?? 0) >>> 0
  if (count < 2) return undefined
  const identity = Int32Array.of(
    (words[ROW_FLAGS] ?? 0) & ROW_DEVICE_MASK,
    words[ROW_INO] ?? 0,
    words[ROW_INO + 1] ?? 0,
  )
  const group = blake3(new Uint8Array(identity.buffer)).subarray(0, LINK_GROUP_BYTES)
  return { group: byteString(group), count }
}
