import { expect, test } from 'vitest'

import { BlockStore } from '../../../fuse/tree/block-store.ts'
import { DirectoryLoader } from '../../../fuse/tree/directory-loader.ts'
import { NodeTable } from '../../../fuse/tree/node-table.ts'
import { Turns } from '../../../fuse/tree/turns.ts'
import { VirtualTree } from '../../../fuse/tree/virtual-tree.ts'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { BLOB_ID_BYTES } from '../../../src/base/ids.ts'
import type { PointFrames, TreeEntry } from '../../../src/engine/point-view-frames.ts'
import type { PointView } from '../../../src/engine/point-view-types.ts'
import { dirEntry, fileEntry } from '../../support/tree-entries.ts'

const ROOT = 1

/** Directories by their paths, with their directories in the order of names. */
type Paths = readonly string[]

/** A loader over a point with these directories, and the order in which it loads them. */
function loaderOf(paths: Paths, trees = 1): { readonly loader: DirectoryLoader; readonly loaded: string[] } {
  const idOf = (path: string): Uint8Array =>
    Buffer.alloc(BLOB_ID_BYTES * trees, paths.indexOf(path).toString().padStart(8, '0'))
  const entriesOf = (path: string): TreeEntry[] => {
    const inside = paths.filter((each) => each.slice(0, each.lastIndexOf('/')) === path)
    return [...inside.map((each) => dirEntry(each.slice(path.length + 1), idOf(each))), fileEntry('~')]
  }
  const loaded: string[] = []
  const frames = {
    directory: async function* (ids: Uint8Array) {
      const path = paths.find((each) => Buffer.compare(idOf(each), ids) === 0) ?? ''
      loaded.push(path)
      yield await Promise.resolve(entriesOf(path))
    },
  } as unknown as PointFrames
  const view = { entries: async () => entriesOf('') } as unknown as PointView
  const nodes = NodeTable.create(ROOT, 100)
  const root = {
    kind: 'point',
    name: byteStringOf(''),
    point: 'a'.repeat(32),
    view,
    entry: dirEntry('', new Uint8Array(0)),
  } as const
  const blocks = BlockStore.create(8 << 20, Turns.create(1))
  return { loader: new DirectoryLoader({ nodes, blocks, tree: new VirtualTree(root, nodes), frames }), loaded }
}

test('when somebody lists a directory, those below it are loaded in the order of a walk', async () => {
  const { loader, loaded } = loaderOf(['/a', '/a/x', '/a/x/deep', '/a/y', '/b', '/b/z', '/c'])
  await loader.load(ROOT)
  expect(loaded).toEqual([])
  await loader.loadAhead(ROOT)
  expect(loaded).toEqual(['/a', '/a/x', '/a/x/deep', '/a/y', '/b', '/b/z', '/c'])
  await loader.loadAhead(ROOT)
  expect(loaded).toHaveLength(7)
})

test('no more is loaded than a walk needs soon; it goes on as the walk does', async () => {
  const { loader, loaded } = loaderOf(Array.from({ length: 500 }, (_, i) => `/${String(i).padStart(3, '0')}`))
  await loader.load(ROOT)
  await loader.loadAhead(ROOT)
  const first = loaded.length
  expect(first).toBeGreaterThan(10)
  expect(first).toBeLessThan(200)
  await loader.loadAhead(ROOT)
  expect(loaded.length).toBeGreaterThan(first)
  expect(loaded.length).toBeLessThan(400)
  expect(new Set(loaded).size).toBe(loaded.length)
})

test('a huge directory is not loaded before somebody asks for it', async () => {
  const { loader, loaded } = loaderOf(['/huge'], 100)
  await loader.load(ROOT)
  await loader.loadAhead(ROOT)
  expect(loaded).toEqual([])
})

test('what cannot be loaded ahead keeps nothing else from being loaded when it is asked for', async () => {
  const { loader, loaded } = loaderOf(['/a', '/b'])
  await loader.load(ROOT)
  loaded.push = () => {
    throw new Error('damaged')
  }
  await expect(loader.loadAhead(ROOT)).rejects.toThrow('damaged')
  Reflect.deleteProperty(loaded, 'push')
  await loader.loadAhead(ROOT)
  expect(loaded).toEqual(['/a', '/b'])
})
