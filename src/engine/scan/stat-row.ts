import { STATX_BASIC_STATS, STATX_BTIME } from '../../base/posix/constants.ts'
import {
  STX_BLOCKS,
  STX_BTIME,
  STX_CTIME,
  STX_GID,
  STX_INO,
  STX_MODE,
  STX_MTIME,
  STX_NLINK,
  STX_RDEV_MAJOR,
  STX_RDEV_MINOR,
  STX_SIZE,
  STX_UID,
} from '../../base/posix/statx.ts'
import {
  ROW_BLOCKS,
  ROW_BTIME,
  ROW_CTIME,
  ROW_FLAGS,
  ROW_FLAGS_INODE,
  ROW_GID,
  ROW_IDS,
  ROW_INO,
  ROW_MODE,
  ROW_MTIME,
  ROW_NLINK,
  ROW_SIZE,
  ROW_UID,
  ROW_WORDS,
} from './entry-table.ts'

/** What a scan asks statx(2) for. */
export const SCAN_MASK = STATX_BASIC_STATS | STATX_BTIME

/** `stx_attributes`: those whose bits have the values of the FS_*_FL flags of an inode. */
const STX_ATTRIBUTES = 2
const ATTRIBUTES_KEPT = 0x04 | 0x10 | 0x20 | 0x40

const S_IFMT = 0o170000
const S_IFCHR = 0o020000
const S_IFBLK = 0o060000

export function isDevice(mode: number): boolean {
  const kind = mode & S_IFMT
  return kind === S_IFCHR || kind === S_IFBLK
}

/** Fills row `row` of `rows` from what statx wrote into `stat`; name, entries and ids are left as they are. */
export function setRow(rows: Int32Array, row: number, stat: Int32Array): void {
  const at = row * ROW_WORDS
  const mode = (stat[STX_MODE] ?? 0) & 0xffff
  rows[at + ROW_INO] = stat[STX_INO] ?? 0
  rows[at + ROW_INO + 1] = stat[STX_INO + 1] ?? 0
  rows[at + ROW_SIZE] = stat[STX_SIZE] ?? 0
  rows[at + ROW_SIZE + 1] = stat[STX_SIZE + 1] ?? 0
  for (let word = 0; word < 3; word++) {
    rows[at + ROW_MTIME + word] = stat[STX_MTIME + word] ?? 0
    rows[at + ROW_CTIME + word] = stat[STX_CTIME + word] ?? 0
    rows[at + ROW_BTIME + word] = stat[STX_BTIME + word] ?? 0
  }
  rows[at + ROW_MODE] = mode
  rows[at + ROW_UID] = stat[STX_UID] ?? 0
  rows[at + ROW_GID] = stat[STX_GID] ?? 0
  rows[at + ROW_NLINK] = stat[STX_NLINK] ?? 0
  rows[at + ROW_FLAGS] =
    ((stat[STX_ATTRIBUTES] ?? 0) & ATTRIBUTES_KEPT) | ((rows[at + ROW_FLAGS] ?? 0) & ~ROW_FLAGS_INODE)
  rows[at + ROW_BLOCKS] = stat[STX_BLOCKS + 1] === 0 ? (stat[STX_BLOCKS] ?? 0) : -1
  if (isDevice(mode)) {
    rows[at + ROW_IDS] = stat[STX_RDEV_MAJOR] ?? 0
    rows[at + ROW_IDS + 1] = stat[STX_RDEV_MINOR] ?? 0
  }
}

/** Tells whether a file that was as row `row` says is, by all that `stat` shows, still the same. */
export function sameAsRow(rows: Int32Array, row: number, stat: Int32Array): boolean {
  const at = row * ROW_WORDS
  // Entries of a base that was made from trees alone have no inode number.
  const hasInode = rows[at + ROW_INO] !== 0 || rows[at + ROW_INO + 1] !== 0
  return (
    rows[at + ROW_MTIME] === stat[STX_MTIME] &&
    rows[at + ROW_MTIME + 2] === stat[STX_MTIME + 2] &&
    rows[at + ROW_CTIME] === stat[STX_CTIME] &&
    rows[at + ROW_CTIME + 2] === stat[STX_CTIME + 2] &&
    rows[at + ROW_SIZE] === stat[STX_SIZE] &&
    (!hasInode || (rows[at + ROW_INO] === stat[STX_INO] && rows[at + ROW_INO + 1] === stat[STX_INO + 1])) &&
    rows[at + ROW_MODE] === ((stat[STX_MODE] ?? 0) & 0xffff) &&
    rows[at + ROW_UID] === stat[STX_UID] &&
    rows[at + ROW_GID] === stat[STX_GID] &&
    rows[at + ROW_NLINK] === stat[STX_NLINK] &&
    rows[at + ROW_SIZE + 1] === stat[STX_SIZE + 1] &&
    rows[at + ROW_MTIME + 1] === stat[STX_MTIME + 1] &&
    rows[at + ROW_CTIME + 1] === stat[STX_CTIME + 1]
  )
}
