import type { ByteString } from '../../base/byte-string.ts'
import { S_IFDIR, S_IFMT, S_IFREG } from '../../base/posix/constants.ts'
import {
  type EntryTable,
  ROW_COUNT,
  ROW_FIRST,
  ROW_FLAG_ABSENT,
  ROW_FLAG_VIRTUAL,
  ROW_FLAGS,
  ROW_MODE,
  ROW_SIZE,
} from '../scan/entry-table.ts'
import type { Scanner } from '../scan/scanner.ts'

/** How the entries of a part compare with the parent's. */
export interface PartCounts {
  files: number
  dirs: number
  others: number
  filesNew: number
  filesChanged: number
  filesUnchanged: number
  filesRemoved: number
  /** Sum of the sizes of all files. */
  bytes: number
}

export function noCounts(): PartCounts {
  return { files: 0, dirs: 0, others: 0, filesNew: 0, filesChanged: 0, filesUnchanged: 0, filesRemoved: 0, bytes: 0 }
}

export function addCounts(sum: PartCounts, more: PartCounts): PartCounts {
  const total = { ...sum }
  for (const key of Object.keys(more) as (keyof PartCounts)[]) total[key] += more[key]
  return total
}

/** Counts the entries of a finished scan. Of what lies below a root that cannot be read nobody says that it was removed. */
export function countEntries({ table, states, unreadableRoots }: Scanner, base: EntryTable | undefined): PartCounts {
  const counts = noCounts()
  let known = 0
  for (let row = 0; row < table.count; row++) {
    if (states.isGone(row)) continue
    const kind = table.word(row, ROW_MODE) & S_IFMT
    if (kind === S_IFREG) {
      counts.files++
      counts.bytes += table.wide(row, ROW_SIZE)
      if (states.isNew(row)) counts.filesNew++
      else if (states.isSame(row)) counts.filesUnchanged++
      else counts.filesChanged++
      if (base !== undefined && isFile(base, states.base(row))) known++
    } else if (kind === S_IFDIR) {
      if ((table.word(row, ROW_FLAGS) & ROW_FLAG_VIRTUAL) === 0) counts.dirs++
    } else {
      counts.others++
    }
  }
  if (base === undefined) return counts
  const unknown = unreadableRoots.reduce((sum, root) => sum + filesBelow(base, rowAt(base, root)), 0)
  counts.filesRemoved = filesIn(base) - known - unknown
  return counts
}

function isFile(table: EntryTable, row: number): boolean {
  if (row < 0 || (table.word(row, ROW_FLAGS) & ROW_FLAG_ABSENT) !== 0) return false
  return (table.word(row, ROW_MODE) & S_IFMT) === S_IFREG
}

function filesIn(table: EntryTable): number {
  let files = 0
  for (let row = 0; row < table.count; row++) if (isFile(table, row)) files++
  return files
}

/** Returns the row of an absolute path, or -1. */
function rowAt(table: EntryTable, path: ByteString): number {
  let row = 0
  for (const name of path.split('/').slice(1)) {
    const first = table.word(row, ROW_FIRST)
    const end = first + table.word(row, ROW_COUNT)
    for (row = first; row < end && table.name(row) !== name; row++);
    if (row === end) return -1
  }
  return row
}

function filesBelow(table: EntryTable, row: number): number {
  if (row < 0) return 0
  if ((table.word(row, ROW_MODE) & S_IFMT) !== S_IFDIR) return isFile(table, row) ? 1 : 0
  const first = table.word(row, ROW_FIRST)
  let files = 0
  for (let child = first; child < first + table.word(row, ROW_COUNT); child++) files += filesBelow(table, child)
  return files
}
