import { fc } from '../../support/fast-check.ts'
import { expect, test } from 'vitest'
import type { ByteString } from '../../../src/base/byte-string.ts'
import { concatBytes } from '../../../src/base/bytes.ts'
import { EntryTable, ROW_COUNT, ROW_FIRST, ROW_MODE, ROW_NAME, ROW_SIZE } from '../../../src/engine/scan/entry-table.ts'

/** A root with two entries, the second with ids. */
function small(): EntryTable {
  const table = new EntryTable()
  table.addRows(1)
  table.setWord(0, ROW_NAME, table.addName('' as ByteString))
  const first = table.addRows(2)
  table.setWord(0, ROW_FIRST, first)
  table.setWord(0, ROW_COUNT, 2)
  for (const [i, name] of ['one', 'two\u00ff'].entries()) {
    table.setWord(first + i, ROW_NAME, table.addName(name as ByteString))
    table.setWord(first + i, ROW_MODE, 0o100644 + i)
  }
  table.setIds(2, new Uint8Array(64).fill(9))
  table.setWord(1, ROW_SIZE, -1)
  table.setWord(1, ROW_SIZE + 1, 3)
  return table
}

test('a table is the same after it was written and read', () => {
  const bytes = concatBytes(...small().encode())
  const table = EntryTable.decode(bytes)!
  expect(table.count).toBe(3)
  expect(table.name(0)).toBe('')
  expect([table.name(1), table.name(2)]).toEqual(['one', 'two\u00ff'])
  expect(table.word(2, ROW_MODE)).toBe(0o100645)
  expect(table.idsOf(2)).toEqual(new Uint8Array(64).fill(9))
  expect(table.wide(1, ROW_SIZE)).toBe(3 * 2 ** 32 + 0xffff_ffff)
  expect(concatBytes(...table.encode())).toEqual(bytes)
})

test('a table that was read can grow', () => {
  const table = EntryTable.decode(concatBytes(...small().encode()))!
  const row = table.addRows(5000)
  table.setWord(row + 4999, ROW_NAME, table.addName('x'.repeat(70_000) as ByteString))
  table.setIds(row, new Uint8Array(32).fill(1))
  expect(table.name(row + 4999)).toBe('x'.repeat(70_000))
  expect(table.name(1)).toBe('one')
  expect(table.idsOf(row)).toEqual(new Uint8Array(32).fill(1))
})

test('entries are copied with their names', () => {
  const from = small()
  const to = small()
  const first = to.copyEntries(from, 1, 2)
  expect(first).toBe(3)
  expect([to.name(3), to.name(4)]).toEqual(['one', 'two\u00ff'])
  expect(to.word(4, ROW_MODE)).toBe(0o100645)
  expect(to.copyEntries(from, 1, 0)).toBe(5)
  to.truncate(3, from.namesBytes)
  expect(to.copyEntries(from, 2, 1)).toBe(3)
  expect(to.name(3)).toBe('two\u00ff')
})

test('rows that are added again hold nothing of what was there', () => {
  const table = small()
  table.truncate(1, 1)
  expect(table.addRows(2)).toBe(1)
  expect(table.word(1, ROW_MODE)).toBe(0)
  expect(table.wide(1, ROW_SIZE)).toBe(0)
})

test('bytes that are no table are refused and never throw', () => {
  const good = concatBytes(...small().encode())
  for (let length = 0; length < good.byteLength; length++) {
    expect(EntryTable.decode(good.slice(0, length)), `${length}`).toBeUndefined()
  }
  expect(EntryTable.decode(concatBytes(good, new Uint8Array(1)))).toBeUndefined()
  const word = fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constantFrom(-1, 0, 1, 3, 2 ** 31 - 1))
  const damage = fc.record({ at: fc.nat(7), word })
  fc.assert(
    fc.property(damage, ({ at, word: value }) => {
      const bytes = good.slice()
      const view = new DataView(bytes.buffer)
      const isSame = view.getInt32(at * 4, true) === value
      view.setInt32(at * 4, value, true)
      const decoded = EntryTable.decode(bytes)
      // Words 4 to 7 of the header say nothing.
      if (at < 4 && !isSame) expect(decoded).toBeUndefined()
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(EntryTable.decode(bytes)).toBeUndefined()
    }),
    { numRuns: 300 },
  )
})

test('a table at an odd place of a larger buffer is read all the same', () => {
  const good = concatBytes(...small().encode())
  const buffer = new Uint8Array(good.byteLength + 3)
  buffer.set(good, 3)
  expect(EntryTable.decode(buffer.subarray(3))?.name(2)).toBe('two\u00ff')
})

test('a table that starts from a base knows its ids, and leaves the base alone', () => {
  const base = small()
  base.setWhole(2, true)
  const table = new EntryTable()
  table.startFrom(base)
  const first = table.copyEntries(base, 1, 2)
  expect(table.idsOf(first + 1)).toEqual(new Uint8Array(64).fill(9))
  expect([table.isWhole(first), table.isWhole(first + 1)]).toEqual([false, true])
  table.setIds(first, new Uint8Array(32).fill(3))
  table.takeIds(first + 1, base, 2)
  expect(table.idsOf(first)).toEqual(new Uint8Array(32).fill(3))
  expect(base.idsOf(2)).toEqual(new Uint8Array(64).fill(9))
  expect(base.idCount).toBe(2)
})
