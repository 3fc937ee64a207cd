import { S_IFDIR, S_IFMT } from '../../base/posix/constants.ts'
import {
  type EntryTable,
  ROW_FLAG_ABSENT,
  ROW_FLAG_UNSURE,
  ROW_FLAGS,
  ROW_ID_COUNT,
  ROW_IDS,
  ROW_MODE,
} from '../scan/entry-table.ts'
import type { Scanner } from '../scan/scanner.ts'
import { isDevice } from '../scan/stat-row.ts'

/**
 * Turns a finished scan's table into what the next scan compares with: the tree ids of directories stay, all other ids
 * go, and what could not be read whole is marked to be looked at again. In place: nobody needs the table any more.
 */
export function turnIntoBase({ table, states }: Scanner): EntryTable {
  const { ids } = table
  table.ids = new Uint8Array(0)
  table.idCount = 0
  for (let row = 0; row < table.count; row++) {
    const mode = table.word(row, ROW_MODE)
    if ((mode & S_IFMT) === S_IFDIR) {
      table.setIds(row, table.idsIn(ids, row))
    } else if (!isDevice(mode)) {
      table.setWord(row, ROW_IDS, 0)
      table.setWord(row, ROW_ID_COUNT, 0)
    }
    if (!states.isGone(row) && !states.isDistrusted(row)) continue
    const absent = states.isGone(row) ? ROW_FLAG_ABSENT : 0
    table.setWord(row, ROW_FLAGS, table.word(row, ROW_FLAGS) | ROW_FLAG_UNSURE | absent)
  }
  return table
}
