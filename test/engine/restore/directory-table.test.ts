import { expect, test } from 'vitest'
import { type ByteString, byteStringOf } from '../../../src/base/byte-string.ts'
import { DirectoryTable, type NewDirectory } from '../../../src/engine/restore/directory-table.ts'
import { dirEntry } from '../../support/tree-entries.ts'

function directory(path: ByteString, fields: Parameters<typeof dirEntry>[2] = {}): NewDirectory {
  const entry = dirEntry('d', new Uint8Array(32), fields)
  return { path, entry, uid: 4_294_967_294, gid: 7, action: 'overwrite', isUsed: true }
}

test('a table of directories gives back what was added, however many there are', () => {
  const table = new DirectoryTable()
  const count = 5000
  for (let i = 0; i < count; i++) {
    const mtime = { seconds: i % 2 === 0 ? -i : 2 ** 40 + i, nanoseconds: i }
    table.add(directory(byteStringOf(`some/where/ü${i}`), { mode: i % 0o7777, mtime, flags: 0x2000_0000 + i }))
  }
  expect(table.count).toBe(count)
  for (const i of [0, 1, 1023, 1024, 2047, 2048, count - 1]) {
    expect(table.get(i)).toMatchObject({
      path: byteStringOf(`some/where/ü${i}`),
      name: byteStringOf(`ü${i}`),
      mode: i % 0o7777,
      uid: 4_294_967_294,
      gid: 7,
      seconds: i % 2 === 0 ? -i : 2 ** 40 + i,
      nanoseconds: i,
      flags: 0x2000_0000 + i,
      xattrs: [],
      action: 'overwrite',
      isUsed: true,
    })
  }
})

test('a table of directories keeps attributes apart from the trees they were read from', () => {
  const table = new DirectoryTable()
  const tree = Uint8Array.of(9, 1, 2, 9)
  const name = byteStringOf('user.a')
  table.add(directory(byteStringOf('')))
  table.add(directory(byteStringOf('a'), { xattrs: [{ name, value: tree.subarray(1, 3) }] }))
  tree.fill(0)
  expect(table.get(0)).toMatchObject({ path: '', name: '', xattrs: [] })
  const [attribute] = table.get(1).xattrs
  expect(attribute).toEqual({ name, value: Uint8Array.of(1, 2) })
  expect(attribute?.value.buffer.byteLength).toBe(2)
})
