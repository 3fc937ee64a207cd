import { describe, expect, test } from 'vitest'
import { type ByteString, byteStringOf } from '../../src/base/byte-string.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import { openPointView } from '../../src/engine/point-view.ts'
import type { PartRecord } from '../../src/format/records.ts'
import type { FileEntry, Hole } from '../../src/format/tree.ts'
import { MemoryBlobs } from '../support/memory-blobs.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { dirEntry, fileEntry, symlinkEntry } from '../support/tree-entries.ts'

const part = (name: string, trees: Uint8Array): PartRecord => {
  return { name, source: 'directory', version: 1, attributes: new Map(), trees }
}
const path = (text: string): ByteString => byteStringOf(text)

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) {
    expect(piece.byteLength).toBeLessThanOrEqual(2 << 20)
    all.push(piece)
  }
  return Buffer.concat(all)
}

/** Adds a file of `size` bytes in chunks, with holes, under lists of `level`. Returns its entry and its bytes. */
function addFile(
  blobs: MemoryBlobs,
  { size, chunkBytes, holes = [], level = 0 }: { size: number; chunkBytes: number; holes?: Hole[]; level?: number },
): { entry: FileEntry; bytes: Buffer } {
  const bytes = Buffer.from(patternBytes(size, size))
  const data: Buffer[] = []
  let offset = 0
  for (const hole of holes) {
    bytes.fill(0, hole.offset, hole.offset + hole.length)
    data.push(bytes.subarray(offset, hole.offset))
    offset = hole.offset + hole.length
  }
  data.push(bytes.subarray(offset))
  const stream = Buffer.concat(data)
  let ids: Uint8Array[] = []
  for (let at = 0; at < stream.byteLength; at += chunkBytes)
    ids.push(blobs.add('data', stream.subarray(at, at + chunkBytes)))
  for (let n = 0; n < level; n++) {
    const lists: Uint8Array[] = []
    for (let i = 0; i < ids.length; i += 3) lists.push(blobs.add('list', concatBytes(...ids.slice(i, i + 3))))
    ids = lists
  }
  return { entry: fileEntry('f', { size, holes, content: { level, ids: concatBytes(...ids) } }), bytes }
}

describe('paths', () => {
  const blobs = new MemoryBlobs()
  const inner = blobs.addTree([fileEntry('deep'), symlinkEntry('link', '/etc')])
  const root = blobs.addTree([dirEntry('etc', inner), fileEntry('z'), symlinkEntry('a', 'etc')])
  const view = openPointView(blobs, [part('files', root)])

  test('lead to entries, and nowhere else', async () => {
    expect((await view.lookup(path('/')))?.kind).toBe('dir')
    expect((await view.lookup(path('/etc/deep')))?.name).toBe('deep')
    expect((await view.lookup(path('/etc/')))?.name).toBe('etc')
    for (const missing of ['/no', '/etc/no', '/z/deep', '/..', '/etc/../z', '/.', '/ET']) {
      expect(await view.lookup(path(missing)), missing).toBeUndefined()
    }
  })

  test('do not follow symbolic links', async () => {
    expect((await view.lookup(path('/a')))?.kind).toBe('symlink')
    expect(await view.lookup(path('/a/deep'))).toBeUndefined()
  })

  test('are walked in order, parents before children', async () => {
    const walked: string[] = []
    for await (const each of view.walk(path('/'), view.root)) walked.push(each.path)
    expect(walked).toEqual(['/a', '/etc', '/etc/deep', '/etc/link', '/z'])
  })

  test('of a walk that starts further down begin there', async () => {
    const walked: string[] = []
    const entry = (await view.lookup(path('/etc')))!
    for await (const each of view.walk(path('/etc'), entry)) walked.push(each.path)
    expect(walked).toEqual(['/etc/deep', '/etc/link'])
  })
})

test('further parts are directories of the root, whatever they are called', async () => {
  const blobs = new MemoryBlobs()
  const first = blobs.addTree([fileEntry('db')])
  const second = blobs.addTree([fileEntry('dump.sql')])
  const parts = [part('files', first), ...['db', 'a/b', '..', 'db'].map((name) => part(name, second))]
  const view = openPointView(blobs, parts)
  expect((await view.entries(view.root)).map(({ name }) => name)).toEqual(['a_b', 'db', 'db~2', 'db~3', 'part'])
  expect((await view.lookup(path('/db')))?.kind).toBe('file')
  expect((await view.lookup(path('/db~3/dump.sql')))?.kind).toBe('file')
})

test('a directory split over several blobs is one, with all its owners', async () => {
  const blobs = new MemoryBlobs()
  const names = Array.from({ length: 500 }, (_, i) => `n${String(i).padStart(3, '0')}`)
  const trees = [0, 100, 350].map((from, i, starts) =>
    blobs.addTree(
      names.slice(from, starts[i + 1]).map((name) => fileEntry(name, { uid: i })),
      { users: new Map([[i, `user${i}`]]) },
    ),
  )
  const view = openPointView(blobs, [part('p', concatBytes(...trees))])
  const listing = await view.listing(view.root)
  expect(listing.entries.map(({ name }) => name)).toEqual(names)
  expect([...listing.users.values()]).toEqual(['user0', 'user1', 'user2'])
  expect((await view.lookup(path('/n349')))?.uid).toBe(1)
})

test('a directory whose blobs overlap is refused', async () => {
  const blobs = new MemoryBlobs()
  const trees = [blobs.addTree([fileEntry('b')]), blobs.addTree([fileEntry('a')])]
  const view = openPointView(blobs, [part('p', concatBytes(...trees))])
  await expect(view.entries(view.root)).rejects.toMatchObject({ code: 'MALFORMED' })
})

test('many directories are read with few requests', async () => {
  const blobs = new MemoryBlobs()
  const dirs = Array.from({ length: 400 }, (_, i) => dirEntry(`d${i}`, blobs.addTree([fileEntry(`f${i}`)])))
  const view = openPointView(blobs, [part('p', blobs.addTree(dirs))])
  let count = 0
  for await (const each of view.walk(path('/'), view.root)) if (each.entry.kind === 'file') count++
  expect(count).toBe(400)
  expect(blobs.reads.length).toBeLessThan(5)
})

test('a damaged directory keeps only itself from being read', async () => {
  const blobs = new MemoryBlobs()
  const bad = blobs.addTree([fileEntry('lost')])
  const good = blobs.addTree([fileEntry('found')])
  const view = openPointView(blobs, [part('p', blobs.addTree([dirEntry('bad', bad), dirEntry('good', good)]))])
  blobs.lose('tree', bad)
  const entries = await view.entries(view.root)
  await view.prepare(entries)
  await expect(view.entries(entries[0]!)).rejects.toMatchObject({ code: 'BLOB_MISSING' })
  expect((await view.entries(entries[1]!))[0]?.name).toBe('found')
})

describe('content', () => {
  const holes = [
    { offset: 0, length: 5 },
    { offset: 10, length: 20 },
    { offset: 95, length: 5 },
  ]
  test.each([
    { size: 0, chunkBytes: 7 },
    { size: 100, chunkBytes: 7 },
    { size: 100, chunkBytes: 7, holes },
    { size: 100, chunkBytes: 7, holes: [{ offset: 0, length: 100 }] },
    { size: 100, chunkBytes: 4, holes, level: 1 },
    { size: 100, chunkBytes: 3, holes, level: 3 },
  ])('is that of the file, and of every range of it: $size bytes, level $level', async (shape) => {
    const blobs = new MemoryBlobs()
    const { entry, bytes } = addFile(blobs, shape)
    const view = openPointView(blobs, [])
    expect(await collect(view.content(entry))).toEqual(bytes)
    for (let offset = 0; offset <= shape.size + 1; offset += 3) {
      for (let length = 0; length <= shape.size; length += 11) {
        const range = { offset, length }
        expect(await collect(view.content(entry, range)), `[${offset}, +${length})`).toEqual(
          bytes.subarray(offset, offset + length),
        )
      }
    }
  })

  test('comes in pieces with bounded read-ahead', async () => {
    const blobs = new MemoryBlobs()
    const { entry, bytes } = addFile(blobs, { size: 40 << 20, chunkBytes: 1 << 20 })
    const view = openPointView(blobs, [])
    const pieces = view.content(entry)[Symbol.asyncIterator]()
    await pieces.next()
    expect(blobs.reads.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(10)
    await pieces.return?.()
    expect((await collect(view.content(entry))).equals(bytes)).toBe(true)
  })

  test('of a large hole costs no read', async () => {
    const blobs = new MemoryBlobs()
    const size = 5 << 20
    const entry = fileEntry('f', { size, holes: [{ offset: 0, length: size }] })
    expect((await collect(openPointView(blobs, []).content(entry))).equals(Buffer.alloc(size))).toBe(true)
    expect(blobs.reads.filter(({ count }) => count > 0)).toEqual([])
  })

  test('that does not add up to the size is refused', async () => {
    const blobs = new MemoryBlobs()
    const { entry } = addFile(blobs, { size: 100, chunkBytes: 7 })
    const view = openPointView(blobs, [])
    await expect(collect(view.content({ ...entry, size: 101 }))).rejects.toMatchObject({ code: 'MALFORMED' })
  })

  test('whose blob is missing fails, naming it', async () => {
    const blobs = new MemoryBlobs()
    const { entry } = addFile(blobs, { size: 100, chunkBytes: 7 })
    const ids = entry.content.ids.slice()
    ids[0]! ^= 1
    const view = openPointView(blobs, [])
    await expect(collect(view.content({ ...entry, content: { level: 0, ids } }))).rejects.toMatchObject({
      code: 'BLOB_MISSING',
    })
  })
})
