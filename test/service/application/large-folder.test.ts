import { expect, test } from 'vitest'

import { byteStringOf, type ByteString } from '../../../src/base/byte-string.ts'
import { concatBytes } from '../../../src/base/bytes.ts'
import { collectGarbage } from '../../../src/base/collect-garbage.ts'
import { openPointView } from '../../../src/engine/point-view.ts'
import { CborWriter } from '../../../src/format/cbor-writer.ts'
import { encodeTree } from '../../../src/format/tree-codec.ts'
import { encodeTreeEntry } from '../../../src/format/tree-entry-codec.ts'
import { listTree } from '../../../src/service/application/browsing.ts'
import { PointTree } from '../../../src/service/application/point-trees.ts'
import type { EntryData } from '../../../src/service/application/shown.ts'
import { dirEntry, fileEntry } from '../../support/tree-entries.ts'

const ENTRIES = 200_000
const ENTRIES_OF_A_TREE = 4000
const signal = new AbortController().signal

/** A point whose folder `/large` has very many files, split over many tree blobs as a backup splits it. */
function largeTree(): PointTree {
  const stored = new Map<string, Uint8Array>()
  const put = (bytes: Uint8Array): Uint8Array => {
    const id = new Uint8Array(32)
    new DataView(id.buffer).setUint32(0, stored.size + 1)
    stored.set(Buffer.from(id).toString('hex'), bytes)
    return id
  }
  const tree = (entries: Parameters<typeof encodeTreeEntry>[1][]): Uint8Array => {
    const encoded = entries.map((entry) => {
      const writer = new CborWriter()
      encodeTreeEntry(writer, entry)
      return writer.bytes()
    })
    return put(encodeTree({ entries: encoded, users: new Map([[0, 'root']]), groups: new Map() }))
  }
  const trees: Uint8Array[] = []
  for (let from = 0; from < ENTRIES; from += ENTRIES_OF_A_TREE) {
    const files = Array.from({ length: ENTRIES_OF_A_TREE }, (_, i) => {
      return fileEntry(`photograph-${String(from + i).padStart(7, '0')}.jpeg`)
    })
    trees.push(tree(files))
  }
  const root = tree([dirEntry('large', concatBytes(...trees))])
  const part = { name: 'files', source: 'directory', version: 1, attributes: new Map<string, string>(), trees: root }
  const nothing = { find: () => -1, location: () => undefined }
  const readAll = async (ids: readonly Uint8Array[]): Promise<Uint8Array[]> => {
    return ids.map((id) => stored.get(Buffer.from(id).toString('hex')) ?? new Uint8Array())
  }
  return new PointTree(openPointView({ index: nothing, readAll }, [part]))
}

test('a folder of 200,000 entries is listed while all else goes on, in little more memory than the list itself', async () => {
  const tree = largeTree()
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  // Times of this thread's processor: other processes may have it, too.
  const turnsMs: number[] = []
  let last = process.threadCpuUsage()
  const watch = setInterval(() => {
    const { user, system } = process.threadCpuUsage(last)
    turnsMs.push((user + system) / 1000)
    last = process.threadCpuUsage()
  }, 1)
  let listed: readonly EntryData[] = []
  try {
    listed = await listTree(tree, '/large' as ByteString, signal)
  } finally {
    clearInterval(watch)
  }
  expect(listed).toHaveLength(ENTRIES)
  expect(listed.at(-1)).toMatchObject({
    name: 'photograph-0199999.jpeg',
    shownPath: '/large/photograph-0199999.jpeg',
    owner: 'root',
  })
  // One part is decoded and shown at a time: a small share of the whole, however fast the machine is.
  const cpuMs = turnsMs.reduce((sum, ms) => sum + ms, 0)
  expect(Math.max(...turnsMs)).toBeLessThan(cpuMs / 4)
  collectGarbage()
  const bytesEach = (process.memoryUsage().heapUsed - before) / ENTRIES
  expect(bytesEach).toBeLessThan(500)

  // Looking for one of its files decodes no more than is needed, and keeps nothing of it.
  const found = await tree.find(byteStringOf('/large/photograph-0100000.jpeg'))
  expect(found?.entry.name).toBe('photograph-0100000.jpeg')
  const stopping = new AbortController()
  const stopped = listTree(tree, '/large' as ByteString, stopping.signal)
  stopping.abort(new Error('no longer wanted'))
  await expect(stopped).rejects.toThrow('no longer wanted')
})
