import { BLOB_ID_BYTES } from '../../base/ids.ts'
import { S_IFDIR, S_IFMT } from '../../base/posix/constants.ts'
import {
  type EntryTable,
  ROW_FLAG_ABSENT,
  ROW_FLAG_UNSURE,
  ROW_FLAGS,
  ROW_ID_COUNT,
  ROW_IDS,
  ROW_MODE,
  ROW_WORDS,
} from '../scan/entry-table.ts'
import type { Scanner } from '../scan/scanner.ts'
import { isDevice } from '../scan/stat-row.ts'

/**
 * Turns a finished scan's table into what the next scan compares with: ids stay where they are all that there is to
 * know of a content, and what could not be read whole is marked to be looked at again. In place: nobody needs the table
 * any more.
 */
export function turnIntoBase({ table, states }: Scanner): EntryTable {
  for (let row = 0; row < table.count; row++) {
    if (!states.isGone(row) && !states.isDistrusted(row)) continue
    const absent = states.isGone(row) ? ROW_FLAG_ABSENT : 0
    table.setWhole(row, false)
    table.setWord(row, ROW_FLAGS, table.word(row, ROW_FLAGS) | ROW_FLAG_UNSURE | absent)
  }
  keepNeededIds(table)
  return table
}

/** Moves the ids of directories and of whole files together, and drops all others. */
function keepNeededIds(table: EntryTable): void {
  const { ids, rows } = table
  const kept = new Uint8Array(table.idCount * BLOB_ID_BYTES)
  let keptCount = 0
  // Ids [first, end) follow each other and wait to be moved: those of rows that were taken over are a few long runs.
  let [first, end] = [0, 0]
  const move = (): void => {
    kept.set(ids.subarray(first * BLOB_ID_BYTES, end * BLOB_ID_BYTES), keptCount * BLOB_ID_BYTES)
    keptCount += end - first
  }
  for (let row = 0; row < table.count; row++) {
    const mode = table.word(row, ROW_MODE)
    if (isDevice(mode)) continue
    const isNeeded = (mode & S_IFMT) === S_IFDIR || table.isWhole(row)
    const at = row * ROW_WORDS
    const count = isNeeded ? (rows[at + ROW_ID_COUNT] ?? 0) : 0
    const from = rows[at + ROW_IDS] ?? 0
    rows[at + ROW_ID_COUNT] = count
    rows[at + ROW_IDS] = 0
    if (count === 0) continue
    if (from !== end) {
      move()
      first = from
    }
    end = from + count
    rows[at + ROW_IDS] = keptCount + from - first
  }
  move()
  table.ids = kept.subarray(0, keptCount * BLOB_ID_BYTES)
  table.idCount = keptCount
}
