import { describe, expect, test } from 'vitest'
import type { ByteString } from '../../src/base/byte-string.ts'
import type { BlobId } from '../../src/base/ids.ts'
import { blake3 } from '../../src/crypto/blake3.ts'
import { contentOf } from '../../src/engine/trees/content-lists.ts'
import { DirectoryEncoder } from '../../src/engine/trees/directory-encoder.ts'
import { decodeList } from '../../src/format/list-codec.ts'
import { decodeTree } from '../../src/format/tree-codec.ts'
import { fileEntry } from '../support/tree-entries.ts'

const seed = new Uint8Array(32).fill(3)
const owners = { userName: (uid: number) => (uid === 0 ? 'root' : undefined), groupName: () => undefined }
const nameOf = (i: number): string => `entry-${String(i).padStart(7, '0')}`

/** Encodes a directory of files with these names and returns its blobs in hexadecimal. */
function encode(names: readonly string[], mtime = 1, key = seed): string[] {
  const blobs: string[] = []
  const encoder = new DirectoryEncoder(key, owners, (blob) => blobs.push(Buffer.from(blob).toString('hex')))
  for (const name of names) encoder.add(fileEntry(name, { mtime: { seconds: mtime, nanoseconds: 0 } }))
  encoder.end()
  return blobs
}

const namesIn = (blobs: readonly string[]): ByteString[][] =>
  blobs.map((blob) => decodeTree(Buffer.from(blob, 'hex')).entries.map(({ name }) => name))

describe('a directory', () => {
  const many = Array.from({ length: 30_000 }, (_, i) => nameOf(i * 3))

  test('of none or few entries is one blob', () => {
    expect(encode([])).toHaveLength(1)
    expect(namesIn(encode(['a', 'b']))).toEqual([['a', 'b']])
    expect(encode(many.slice(0, 1023))).toHaveLength(1)
  })

  test('of many entries is several blobs that hold them all in order', () => {
    const blobs = encode(many)
    expect(blobs.length).toBeGreaterThan(2)
    expect(namesIn(blobs).flat()).toEqual(many)
    for (const blob of blobs) expect(blob.length / 2).toBeLessThanOrEqual(2 << 20)
  })

  test('is cut at the same names whatever their times are', () => {
    const [early, late] = [encode(many, 1), encode(many, 2_000_000_000)]
    expect(namesIn(late)).toEqual(namesIn(early))
    expect(late.some((blob, i) => blob === early[i])).toBe(false)
  })

  test('with one name more changes in one blob, or, where a cut was forced by size, in two', () => {
    const before = new Set(encode(many))
    const changed = [100, 11_111, 30_001, 44_444, 89_000].map((i) => {
      const after = encode([...many, nameOf(i)].sort())
      return after.filter((blob) => !before.has(blob)).length
    })
    expect(Math.max(...changed)).toBeLessThanOrEqual(2)
    expect(changed).toContain(1)
  })

  test('is cut elsewhere under another key', () => {
    const ends = (blobs: readonly string[]): (ByteString | undefined)[] => namesIn(blobs).map((names) => names.at(-1))
    expect(ends(encode(many, 1, new Uint8Array(32).fill(4)))).not.toEqual(ends(encode(many)))
  })

  test('names the owners of the entries of each blob', () => {
    const blobs: Uint8Array[] = []
    const encoder = new DirectoryEncoder(seed, owners, (blob) => blobs.push(blob))
    encoder.add(fileEntry('a', { uid: 0, gid: 5 }))
    encoder.end()
    encoder.add(fileEntry('b', { uid: 1, gid: 5 }))
    encoder.end()
    expect(blobs.map((blob) => decodeTree(blob).users)).toEqual([new Map([[0, 'root']]), new Map()])
  })
})

describe('the ids of a file', () => {
  const idsOf = (count: number): Uint8Array => {
    const ids = new Uint8Array(count * 32)
    for (let i = 0; i < count; i++) ids.set(blake3(Buffer.from(`${i}`)), i * 32)
    return ids
  }
  async function lists(ids: Uint8Array): Promise<{ level: number; ids: Uint8Array; made: Map<string, Uint8Array> }> {
    const made = new Map<string, Uint8Array>()
    const content = await contentOf(ids, async (list) => {
      const id = blake3(list) as BlobId
      made.set(Buffer.from(id).toString('hex'), list)
      return id
    })
    return { ...content, made }
  }
  function expand({ level, ids, made }: { level: number; ids: Uint8Array; made: Map<string, Uint8Array> }): Buffer {
    let current = Buffer.from(ids)
    for (let left = level; left > 0; left--) {
      const next: Uint8Array[] = []
      for (let at = 0; at < current.byteLength; at += 32) {
        next.push(decodeList(made.get(current.subarray(at, at + 32).toString('hex'))!))
      }
      current = Buffer.concat(next)
    }
    return current
  }

  test.each([0, 1, 16])('stand in the entry when there are %d', async (count) => {
    expect(await lists(idsOf(count))).toMatchObject({ level: 0, ids: idsOf(count) })
  })

  test.each([17, 511, 512, 513, 5000, 60_000])('stand in lists when there are %d', async (count) => {
    const content = await lists(idsOf(count))
    expect(content.level).toBeGreaterThan(0)
    expect(content.ids.byteLength).toBeLessThanOrEqual(16 * 32)
    expect(expand(content).equals(idsOf(count))).toBe(true)
  })

  test('of a file that grew share all lists but the last', async () => {
    const [before, after] = [await lists(idsOf(40_000)), await lists(idsOf(41_000))]
    const fresh = [...after.made.keys()].filter((id) => !before.made.has(id))
    expect(fresh.length).toBeLessThanOrEqual(1 + after.level + 2)
    expect(after.made.size).toBeGreaterThan(10)
  })
})
