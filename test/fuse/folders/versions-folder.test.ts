import { expect, test, vi } from 'vitest'

import { concatBytes, utf8 } from '../../../src/base/bytes.ts'
import type { FileEntry, TreeEntry } from '../../../src/format/tree.ts'
import type { FolderEntry } from '../../../fuse/folders/folder.ts'
import { VersionHistories } from '../../../fuse/folders/version-histories.ts'
import { versionsFolder } from '../../../fuse/folders/versions-folder.ts'
import { dirEntry, fileEntry, symlinkEntry } from '../../support/tree-entries.ts'
import { FakePoints, find, folderNameAt, listing } from './folder-fixture.ts'

const CHAIN = 'c'.repeat(32)

/** Makes entries whose bytes are in the points' blobs. */
class Trees {
  readonly points = new FakePoints()
  readonly folder = versionsFolder(new VersionHistories(this.points), CHAIN)

  file(name: string, text: string, fields: Partial<FileEntry> = {}): FileEntry {
    const bytes = utf8(text)
    const content = { level: 0, ids: this.points.blobs.add('data', bytes) }
    return fileEntry(name, { size: bytes.byteLength, content, ...fields })
  }

  dir(name: string, ...entries: readonly TreeEntry[]): TreeEntry {
    return dirEntry(name, this.points.blobs.addTree(entries))
  }

  /** Shows points with these roots, one a minute. */
  show(...roots: readonly (readonly TreeEntry[])[]): void {
    this.points.show(...roots.map((root, minute) => this.points.point(minute, root)))
  }
}

async function textOf(entry: FolderEntry | undefined): Promise<string> {
  if (entry?.kind !== 'point') return 'no file of a point'
  const pieces: Uint8Array[] = []
  for await (const piece of entry.view.content(entry.entry)) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

test('a file is a folder of its distinct contents, each with the first point that has it', async () => {
  const trees = new Trees()
  const states = ['a', 'b', 'b', 'a', 'c'].map((text, i) => {
    // Another mode or time makes no other version.
    return trees.dir('etc', trees.file('hosts', text, { mode: 0o600 + i, mtime: { seconds: i, nanoseconds: 0 } }))
  })
  trees.show(...states.map((state) => [state]))
  expect(await listing(trees.folder)).toEqual(['etc'])
  expect(await listing(trees.folder, 'etc')).toEqual(['hosts'])
  expect(await listing(trees.folder, 'etc/hosts')).toEqual([0, 1, 4].map(folderNameAt))
  expect(await textOf(await find(trees.folder, `etc/hosts/${folderNameAt(1)}`))).toBe('b')
  expect(await find(trees.folder, `etc/hosts/${folderNameAt(2)}`)).toBeUndefined()
})

test('what was deleted is still there, and what came later too', async () => {
  const trees = new Trees()
  trees.show(
    [trees.dir('d', trees.file('old', 'o'), trees.file('both', 'x'))],
    [trees.dir('d', trees.file('new', 'n'), trees.file('both', 'x'))],
  )
  expect(await listing(trees.folder, 'd')).toEqual(['both', 'new', 'old'])
  expect(await listing(trees.folder, 'd/both')).toEqual([folderNameAt(0)])
  expect(await listing(trees.folder, 'd/new')).toEqual([folderNameAt(1)])
  expect(await find(trees.folder, 'd/never')).toBeUndefined()
})

test('where a path was a file and a folder, the folder has the name and the file another', async () => {
  const trees = new Trees()
  trees.show(
    [trees.file('x', 'file'), trees.file('x@file', 'unlucky')],
    [trees.dir('x', trees.file('inside', 'i'))],
    [symlinkEntry('x', '/etc')],
  )
  expect(await listing(trees.folder)).toEqual(['x', 'x@file', 'x@file~2'])
  expect(await listing(trees.folder, 'x')).toEqual(['inside'])
  expect(await listing(trees.folder, 'x@file')).toEqual([folderNameAt(0)])
  expect(await listing(trees.folder, 'x@file~2')).toEqual([folderNameAt(0), folderNameAt(2)])
  expect(await textOf(await find(trees.folder, `x@file~2/${folderNameAt(0)}`))).toBe('file')
})

test('points of other chains have no part in it, and points made since have', async () => {
  const trees = new Trees()
  const { points } = trees
  const first = points.point(0, [trees.file('f', 'one')])
  points.show(first, points.point(1, [trees.file('f', 'other'), trees.file('g', '')], { chain: 'd'.repeat(32) }))
  expect(await listing(trees.folder)).toEqual(['f'])
  const file = await find(trees.folder, 'f')
  points.show(first, points.point(2, [trees.file('f', 'two')]))
  if (file?.kind !== 'folder') throw new Error('no folder')
  expect(await listing(file.folder)).toEqual([folderNameAt(0), folderNameAt(2)])
})

test('directories that are the same in many points are read once', async () => {
  const trees = new Trees()
  const same = trees.dir('same', trees.file('f', 'f'))
  trees.show(...Array.from({ length: 40 }, (_, i) => [same, trees.file('counter', String(i))]))
  const before = trees.points.blobs.reads.length
  expect(await listing(trees.folder, 'same')).toEqual(['f'])
  // Forty roots, and one directory.
  expect(trees.points.blobs.reads.length - before).toBe(41)
})

/** Returns what counts the directories, or parts of them, that are read in the points that are shown. */
async function countReads({ points }: Trees): Promise<() => number> {
  const spies = (await points.current()).points.map(({ view }) => vi.spyOn(view, 'entries'))
  return () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0)
}

test('all names of a directory are found out at once, however many somebody looks at', async () => {
  const trees = new Trees()
  const names = Array.from({ length: 40 }, (_, i) => `file ${i}`)
  const state = (text: string): TreeEntry => trees.dir('d', ...names.map((name) => trees.file(name, `${name} ${text}`)))
  trees.show([state('one')], [state('two')])
  const reads = await countReads(trees)
  expect(await listing(trees.folder, 'd')).toEqual(names.toSorted())
  for (const name of names) expect(await listing(trees.folder, `d/${name}`)).toEqual([0, 1].map(folderNameAt))
  // Two roots, and two states of the directory.
  expect(reads()).toBe(4)
})

test('parts of a large directory that its states have in common are read once', async () => {
  const trees = new Trees()
  const part = (...names: string[]): Uint8Array =>
    trees.points.blobs.addTree(names.map((name) => trees.file(name, name)))
  const same = part('a', 'b')
  trees.show([dirEntry('d', concatBytes(same, part('y')))], [dirEntry('d', concatBytes(same, part('y', 'z')))])
  const reads = await countReads(trees)
  expect(await listing(trees.folder, 'd')).toEqual(['a', 'b', 'y', 'z'])
  expect(await listing(trees.folder, 'd/y')).toEqual([folderNameAt(0)])
  // Two roots, and three parts.
  expect(reads()).toBe(5)
})

test('a directory that cannot be read is an error of its path, and of no other', async () => {
  const trees = new Trees()
  const lost = trees.points.blobs.addTree([trees.file('f', 'f')])
  trees.show([dirEntry('lost', lost), trees.file('whole', 'w')])
  trees.points.blobs.lose('tree', lost)
  expect(await listing(trees.folder)).toEqual(['lost', 'whole'])
  await expect(listing(trees.folder, 'lost')).rejects.toMatchObject({ code: 'BLOB_MISSING' })
})
