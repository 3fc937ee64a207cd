import { S_IFDIR, S_IFMT } from '../../base/posix/constants.ts'
import {
  EntryTable,
  ROW_FLAG_UNSURE,
  ROW_FLAGS,
  ROW_ID_COUNT,
  ROW_IDS,
  ROW_MODE,
  ROW_WORDS,
} from '../scan/entry-table.ts'
import type { Scanner } from '../scan/scanner.ts'
import { isDevice } from '../scan/stat-row.ts'

/** Returns what the next scan compares with: a finished scan's table with the tree ids of directories, and no others. */
export function baseOf({ table, states }: Scanner): EntryTable {
  const base = new EntryTable(table.rows.slice(0, table.count * ROW_WORDS), table.names.slice(0, table.namesBytes))
  base.count = table.count
  base.namesBytes = table.namesBytes
  for (let row = 0; row < table.count; row++) {
    const mode = table.word(row, ROW_MODE)
    if ((mode & S_IFMT) === S_IFDIR) {
      base.setIds(row, table.idsOf(row))
    } else if (!isDevice(mode)) {
      base.setWord(row, ROW_IDS, 0)
      base.setWord(row, ROW_ID_COUNT, 0)
    }
    if (!states.isGone(row) && !states.isDistrusted(row)) continue
    base.setWord(row, ROW_FLAGS, base.word(row, ROW_FLAGS) | ROW_FLAG_UNSURE)
  }
  return base
}
