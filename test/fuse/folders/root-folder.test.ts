import { expect, test } from 'vitest'

import { byteStringOf } from '../../../src/base/byte-string.ts'
import { rootFolder } from '../../../fuse/folders/root-folder.ts'
import { FakePoints, find, folderNameAt, listing } from './folder-fixture.ts'

const ALWAYS = ['at', 'instances', 'points', 'records', 'tags', 'versions']
const [one, two, three] = [1, 2, 3].map(folderNameAt) as [string, string, string]

test('a repository without points is an empty drawing of one', async () => {
  const points = new FakePoints()
  const root = rootFolder(points)
  expect(await listing(root)).toEqual(ALWAYS)
  for (const name of ALWAYS) expect(await listing(root, name)).toEqual([])
})

test('points are folders, and latest leads to the newest of them', async () => {
  const points = new FakePoints()
  const root = rootFolder(points)
  points.show(points.point(1), points.point(2))
  expect(await listing(root, 'points')).toEqual([one, two])
  expect(await find(root, `points/${one}`)).toMatchObject({ kind: 'point', entry: { kind: 'dir' } })
  expect(await listing(root)).toContain(`latest -> points/${two}`)
  expect(await find(root, 'points/2026')).toBeUndefined()
})

test('where there are several chains, no latest says which one is meant', async () => {
  const points = new FakePoints()
  const root = rootFolder(points)
  points.show(points.point(1), points.point(2, [], { chain: 'd'.repeat(32) }), points.point(3))
  expect(await listing(root)).toEqual(ALWAYS)
  expect(await listing(root, 'instances')).toEqual(['laptop'])
  expect(await listing(root, 'instances/laptop')).toEqual(['cccccccc', 'dddddddd'])
  expect(await listing(root, 'instances/laptop/cccccccc')).toEqual([
    `${one} -> ../../../points/${one}`,
    `${three} -> ../../../points/${three}`,
    `latest -> ../../../points/${three}`,
  ])
})

test('what restores overwrote is a point like others, but nowhere the latest, and no chain of an instance', async () => {
  const points = new FakePoints()
  const root = rootFolder(points)
  points.show(points.point(1), points.point(2, [], { isUndo: true, chain: 'd'.repeat(32), tags: ['undo'] }))
  expect(await listing(root, 'points')).toEqual([one, two])
  expect(await listing(root, 'records')).toEqual([`${one}.json`, `${two}.json`])
  expect(await listing(root, 'tags/undo')).toEqual([`${two} -> ../../points/${two}`])
  expect(await listing(root)).toContain(`latest -> points/${one}`)
  expect(await listing(root, 'instances/laptop')).toEqual(['cccccccc'])
  expect(await listing(root, 'versions/laptop')).toEqual(['cccccccc'])
})

test('chains whose ids begin the same are called by the whole of them', async () => {
  const points = new FakePoints()
  const chains = ['c'.repeat(32), `${'c'.repeat(31)}0`]
  points.show(...chains.map((chain, i) => points.point(i, [], { chain })))
  expect(await listing(rootFolder(points), 'instances/laptop')).toEqual(chains.toSorted())
})

test('instances and tags are safe names, and no two are the same', async () => {
  const points = new FakePoints()
  const root = rootFolder(points)
  points.show(
    points.point(1, [], { tags: ['../up', 'a'] }),
    points.point(2, [], { instance: 'b'.repeat(32), chain: 'd'.repeat(32), tags: ['..', '.._up', 'a'] }),
    points.point(3, [], { instance: 'e'.repeat(32), chain: 'e'.repeat(32), instanceName: '../etc\n' }),
    points.point(4, [], { instance: 'f'.repeat(32), chain: 'f'.repeat(32), instanceName: '' }),
  )
  expect(await listing(root, 'instances')).toEqual(['.._etc_', 'f'.repeat(32), 'laptop', 'laptop~bbbbbbbb'])
  expect(await listing(root, 'tags')).toEqual(['.._up', '.._up~2', 'a', 'tag'])
  expect(await listing(root, 'tags/a')).toEqual([`${one} -> ../../points/${one}`, `${two} -> ../../points/${two}`])
  expect(await listing(root, 'tags/.._up')).toEqual([`${one} -> ../../points/${one}`])
})

test('any POINT is found in at, which lists none', async () => {
  const points = new FakePoints()
  const root = rootFolder(points)
  points.show(points.point(1))
  expect(await listing(root, 'at')).toEqual([])
  expect(await find(root, 'at/00000001')).toMatchObject({ kind: 'point', name: '00000001', entry: { kind: 'dir' } })
  expect(await find(root, 'at/yesterday')).toBeUndefined()
})

test('records are files of JSON', async () => {
  const points = new FakePoints()
  points.show(points.point(1))
  const root = rootFolder(points)
  expect(await listing(root, 'records')).toEqual([`${one}.json`])
  const record = await find(root, `records/${one}.json`)
  if (record?.kind !== 'bytes') throw new Error('no file')
  expect(JSON.parse(Buffer.from(await record.read()).toString())).toHaveProperty('point')
})

test('folders that were looked at before show points that came, and no more those that went', async () => {
  const points = new FakePoints()
  const root = rootFolder(points)
  points.show(points.point(1, [], { tags: ['t'] }))
  const places = ['points', 'tags/t', 'instances/laptop/cccccccc', 'records', 'versions/laptop']
  const folders = await Promise.all(
    places.map(async (place) => {
      const entry = await find(root, place)
      if (entry?.kind !== 'folder') throw new Error(`${place} is no folder`)
      return entry.folder
    }),
  )
  const shown = async (): Promise<number[]> => {
    return Promise.all(
      folders.map(async (folder) => (await folder.list()).filter(({ name }) => name !== 'latest').length),
    )
  }
  expect(await shown()).toEqual([1, 1, 1, 1, 1])
  points.show(points.point(2, [], { tags: ['t'] }), points.point(3, [], { tags: ['t'] }))
  expect(await shown()).toEqual([2, 2, 2, 2, 1])
  expect(await folders[0]?.find(byteStringOf(one))).toBeUndefined()
  // Where points only go, no listing that the kernel keeps may be taken for the new one.
  const before = await root.modified()
  points.show(points.point(3, [], { tags: ['t'] }))
  for (const folder of [root, ...folders]) expect(await folder.modified()).not.toEqual(before)
  points.show()
  expect(await shown()).toEqual([0, 0, 0, 0, 0])
})
