import { expect, test } from 'vitest'
import type { Folder, FolderEntry } from '../../../fuse/folders/folder.ts'
import { NodeTable, virtualRow } from '../../../fuse/tree/node-table.ts'
import { VirtualTree } from '../../../fuse/tree/virtual-tree.ts'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import type { PointView } from '../../../src/engine/point-view-types.ts'
import { fileEntry } from '../../support/tree-entries.ts'

const ROOT = 1
const mtime = { seconds: 0, nanoseconds: 0 }
const nothing: Folder = {
  validSeconds: 1,
  modified: async () => mtime,
  list: async () => [],
  find: async () => undefined,
}
const view = {} as PointView

function folder(name: string): FolderEntry {
  return { kind: 'folder', name: byteStringOf(name), folder: nothing, mtime }
}

function file(name: string, point: string, size = 0): FolderEntry {
  return { kind: 'point', name: byteStringOf(name), point, view, entry: fileEntry('x', { size }) }
}

function tree(): { readonly nodes: NodeTable; readonly tree: VirtualTree } {
  const nodes = NodeTable.create(1, 100_000)
  return { nodes, tree: new VirtualTree(nothing, nodes) }
}

test('what a folder shows again under a name is the same entry, as it is now', () => {
  const { tree: t } = tree()
  const first = t.show(t.root, folder('a'))!
  const again = t.show(t.root, { ...folder('a'), mtime: { seconds: 5, nanoseconds: 0 } } as FolderEntry)!
  expect(again).toBe(first)
  expect(t.entry(first.number).shown).toMatchObject({ mtime: { seconds: 5 } })
})

test('another point, or another content, under the same name is another entry with another inode number', () => {
  const { tree: t } = tree()
  const point = 'a'.repeat(32)
  const first = t.show(t.root, file('latest', point))!
  expect(t.show(t.root, file('latest', point))).toBe(first)
  const later = t.show(t.root, file('latest', 'b'.repeat(32)))!
  expect(later.number).not.toBe(first.number)
  expect(later.ino).not.toBe(first.ino)
  expect(t.show(t.root, file('latest', 'b'.repeat(32), 9))).not.toBe(later)
  expect(t.entry(first.number).shown).toMatchObject({ point })
})

test('a link that leads elsewhere is another entry: the kernel keeps where the old one led', () => {
  const { tree: t } = tree()
  const link = (target: string): FolderEntry => {
    return { kind: 'link', name: byteStringOf('latest'), target: byteStringOf(target), mtime }
  }
  const first = t.show(t.root, link('points/a'))!
  expect(t.show(t.root, link('points/a'))).toBe(first)
  const later = t.show(t.root, link('points/b'))!
  expect(later.number).not.toBe(first.number)
  expect(later.ino).not.toBe(first.ino)
})

test('entries that no node stands for make room for others; the rest keep their numbers', () => {
  const { nodes, tree: t } = tree()
  const kept = t.show(t.root, folder('kept'))!
  const inner = t.show(kept, folder('inner'))!
  nodes.lookUp(ROOT, virtualRow(inner.number), inner.ino)
  let highest = 0
  for (let i = 0; i < 50_000; i++) highest = Math.max(highest, t.show(t.root, folder(`folder ${i}`))!.number)
  expect(highest).toBeLessThan(10_000)
  expect(t.show(t.root, folder('kept'))).toBe(kept)
  expect(t.entry(inner.number)).toBe(inner)
})
