import { expect, test } from 'vitest'
import { BlockBuilder } from '../../../fuse/tree/block-builder.ts'
import { BlockStore } from '../../../fuse/tree/block-store.ts'
import { DirectoryBlock, HAS_XATTRS, IS_LINKED, IS_SIMPLE } from '../../../fuse/tree/directory-block.ts'
import { decodeContent } from '../../../fuse/tree/file-content.ts'
import { Turns } from '../../../fuse/tree/turns.ts'
import { xattrsAt } from '../../../fuse/tree/xattrs.ts'
import { bytesOf, byteString, type ByteString } from '../../../src/base/byte-string.ts'
import type { TreeEntry } from '../../../src/engine/point-view-frames.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { dirEntry, fileEntry, symlinkEntry } from '../../support/tree-entries.ts'

async function blockOf(entries: readonly TreeEntry[]): Promise<DirectoryBlock> {
  const store = BlockStore.create(64 << 20, Turns.create(1))
  const builder = new BlockBuilder()
  for (const entry of entries) builder.add(entry)
  const block = new DirectoryBlock(store)
  expect(block.open(await store.put(undefined, builder.finish()))).toBe(true)
  return block
}

function find(block: DirectoryBlock, name: string): boolean {
  const bytes = bytesOf(name as ByteString)
  return block.find(bytes, 0, bytes.byteLength)
}

test('a block holds what every kind of entry is', async () => {
  const ids = patternBytes(96, 1)
  const holes = [{ offset: 0, length: 2 ** 33 }]
  const group = byteString(patternBytes(8, 2))
  const before = { seconds: -3, nanoseconds: 7 }
  const block = await blockOf([
    dirEntry('a', patternBytes(64, 3)),
    fileEntry('b', { size: 2 ** 33 + 5, holes, content: { level: 1, ids }, mtime: before }),
    fileEntry('c', { size: 9, content: { level: 0, ids: ids.slice(0, 32) }, link: { group, count: 3 } }),
    symlinkEntry('d', 'to/there', { xattrs: [{ name: 'trusted.x' as ByteString, value: patternBytes(5, 4) }] }),
  ])
  expect(find(block, 'a')).toBe(true)
  expect([block.format, Buffer.compare(block.payload, patternBytes(64, 3))]).toEqual([0o40000, 0])
  expect(find(block, 'b')).toBe(true)
  expect([block.size, block.has(IS_SIMPLE), block.field(8) | 0, block.field(9) | 0]).toEqual([
    2 ** 33 + 5,
    false,
    -3,
    -1,
  ])
  expect(block.field(4)).toBe(1)
  expect(decodeContent(block.payload.slice())).toEqual({ holes, content: { level: 1, ids: new Uint8Array(ids) } })
  expect(find(block, 'c')).toBe(true)
  expect([block.has(IS_SIMPLE), block.has(IS_LINKED), block.field(16)]).toEqual([true, true, 3])
  expect(byteString(block.bytes.subarray(block.linkGroupStart, block.linkGroupStart + 8))).toBe(group)
  expect(find(block, 'd')).toBe(true)
  expect(Buffer.from(block.payload).toString()).toBe('to/there')
  expect(block.has(HAS_XATTRS)).toBe(true)
  const [xattr] = xattrsAt(block.bytes, block.xattrsStart)
  expect(Buffer.from(block.bytes.slice(xattr!.nameStart, xattr!.valueStart)).toString()).toBe('trusted.x')
  expect(Buffer.compare(block.bytes.slice(xattr!.valueStart, xattr!.valueEnd), patternBytes(5, 4))).toBe(0)
})

test('every name of a large directory is found, and no other', async () => {
  const names = Array.from({ length: 30_000 }, (_, i) => `${(i * 2654435761) % 2 ** 32}\xff${i}`).sort()
  const block = await blockOf(names.map((name) => ({ ...fileEntry('x'), name: name as ByteString })))
  expect(block.count).toBe(30_000)
  for (let i = 0; i < names.length; i += 101) {
    expect(find(block, names[i]!)).toBe(true)
    expect([block.row, block.name]).toEqual([i, names[i]])
    expect(find(block, `${names[i]!}x`)).toBe(false)
    expect(find(block, names[i]!.slice(0, -1))).toBe(names.includes(names[i]!.slice(0, -1)))
  }
  expect([find(block, ''), find(block, '~')]).toEqual([false, false])
})

test('an empty directory is a block, too', async () => {
  const block = await blockOf([])
  expect([block.count, find(block, 'x')]).toEqual([0, false])
})
