import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK } from '../../base/posix/constants.ts'
import type { Timespec } from '../../base/clock.ts'
import type { BlobId } from '../../base/ids.ts'
import { decodeTree } from '../../format/tree-codec.ts'
import type { EntryKind, TreeEntry } from '../../format/tree.ts'
import type { BlobReader } from '../../repository/blob-reader.ts'
import { isUnreadable } from '../backup/tree-builder.ts'
import { splitIds } from '../point-view-layout.ts'
import {
  EntryTable,
  ROW_COUNT,
  ROW_CTIME,
  ROW_FIRST,
  ROW_GID,
  ROW_ID_COUNT,
  ROW_IDS,
  ROW_MODE,
  ROW_MTIME,
  ROW_NAME,
  ROW_NLINK,
  ROW_SIZE,
  ROW_UID,
} from '../scan/entry-table.ts'

const TYPE_BITS: Readonly<Record<EntryKind, number>> = {
  file: S_IFREG,
  dir: S_IFDIR,
  symlink: S_IFLNK,
  fifo: S_IFIFO,
  socket: S_IFSOCK,
  char: S_IFCHR,
  block: S_IFBLK,
}

/**
 * Makes a base out of a point's trees, for a machine that lost its own. It knows no inodes: files are compared by
 * their times, sizes, modes and owners, and every directory is listed again. What cannot be read of the trees is told, and
 * read again from the source.
 */
export async function baseFromTrees(
  blobs: BlobReader,
  rootTrees: Uint8Array,
  onUnreadable: (trees: readonly BlobId[]) => void,
): Promise<EntryTable> {
  const table = new EntryTable()
  table.addRows(1)
  table.addName('' as never)
  table.setIds(0, rootTrees)
  table.setWord(0, ROW_MODE, S_IFDIR)
  const queue = [0]
  for (let directory = queue.pop(); directory !== undefined; directory = queue.pop()) {
    const ids = splitIds(table.idsOf(directory).slice())
    const trees = await blobs.readAll(ids, 'tree').catch((error: unknown) => {
      if (!isUnreadable(error)) throw error
      onUnreadable(ids)
      // As if it had been empty: all that is in it is read again.
      table.setIds(directory, new Uint8Array(0))
      return []
    })
    const entries = trees.flatMap((tree) => decodeTree(tree).entries)
    const first = table.addRows(entries.length)
    table.setWord(directory, ROW_FIRST, first)
    table.setWord(directory, ROW_COUNT, entries.length)
    entries.forEach((entry, i) => fillRow(table, first + i, entry))
    entries.forEach((entry, i) => {
      if (entry.kind === 'dir') queue.push(first + i)
    })
  }
  return table
}

function fillRow(table: EntryTable, row: number, entry: TreeEntry): void {
  table.setWord(row, ROW_NAME, table.addName(entry.name))
  table.setWord(row, ROW_MODE, TYPE_BITS[entry.kind] | entry.mode)
  table.setWord(row, ROW_UID, entry.uid | 0)
  table.setWord(row, ROW_GID, entry.gid | 0)
  table.setWord(row, ROW_NLINK, entry.link?.count ?? 1)
  setTime(table, row, ROW_MTIME, entry.mtime)
  setTime(table, row, ROW_CTIME, entry.ctime)
  if (entry.kind === 'file') setWide(table, row, ROW_SIZE, entry.size)
  else if (entry.kind === 'symlink') setWide(table, row, ROW_SIZE, entry.target.length)
  else if (entry.kind === 'dir') table.setIds(row, entry.trees)
  else if (entry.kind === 'char' || entry.kind === 'block') {
    table.setWord(row, ROW_IDS, entry.major)
    table.setWord(row, ROW_ID_COUNT, entry.minor)
  }
}

function setTime(table: EntryTable, row: number, word: number, time: Timespec): void {
  setWide(table, row, word, time.seconds)
  table.setWord(row, word + 2, time.nanoseconds)
}

function setWide(table: EntryTable, row: number, word: number, value: number): void {
  table.setWord(row, word, value | 0)
  table.setWord(row, word + 1, Math.floor(value / 2 ** 32))
}
