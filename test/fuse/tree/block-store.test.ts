import { describe, expect, test } from 'vitest'
import { BlockStore, BlockStoreView } from '../../../fuse/tree/block-store.ts'
import type { BlockRef } from '../../../fuse/tree/node-table.ts'
import { Turns } from '../../../fuse/tree/turns.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { seededRandomness } from '../../support/seeded-randomness.ts'

function contentOf(view: BlockStoreView, ref: BlockRef): Uint8Array | undefined {
  const offset = view.offset(ref)
  return offset < 0 ? undefined : view.bytes.slice(offset, offset + view.length(ref))
}

describe('the store of blocks', () => {
  test('shows every thread what was put, under its key as well', async () => {
    const store = BlockStore.create(1 << 16, Turns.create(2))
    const ref = await store.put('key', [patternBytes(100, 1), patternBytes(33, 2)])
    const view = new BlockStoreView(store.handle)
    expect(Buffer.from(contentOf(view, ref)!)).toEqual(Buffer.concat([patternBytes(100, 1), patternBytes(33, 2)]))
    expect(store.find('key')).toEqual(ref)
    expect([view.isFirstUse(ref), view.isFirstUse(ref)]).toEqual([true, false])
  })

  test('has no longer what was dropped, and never takes a new block for an old one', async () => {
    const store = BlockStore.create(1 << 16, Turns.create(1))
    const ref = await store.put('key', [patternBytes(100, 1)])
    store.drop(ref)
    expect(store.offset(ref)).toBe(-1)
    expect(store.find('key')).toBeUndefined()
    const next = await store.put('key', [patternBytes(100, 2)])
    expect(next.id).toBe(ref.id)
    expect(store.offset(ref)).toBe(-1)
    expect(store.offset({ id: next.id, serial: 0 })).toBe(-1)
  })

  test('drops the oldest to make room, and keeps all others whole, whatever their lengths are', async () => {
    const random = seededRandomness('block store')
    const store = BlockStore.create(20_000, Turns.create(1), 0)
    const put: { ref: BlockRef; bytes: Uint8Array }[] = []
    for (let i = 0; i < 500; i++) {
      const [low = 0, high = 0] = random.bytes(2)
      const bytes = patternBytes(1 + ((low + high * 256) % 3000), i)
      put.push({ ref: await store.put(`${i}`, [bytes]), bytes })
      const here = put.map(({ ref }) => contentOf(store, ref) !== undefined)
      // All that are gone are older than all that are there.
      expect(here.lastIndexOf(false)).toBe(here.indexOf(true) - 1)
      for (const { ref, bytes: wanted } of put.slice(-3)) {
        const found = contentOf(store, ref)
        if (found !== undefined) expect(Buffer.compare(found, wanted)).toBe(0)
      }
      expect(contentOf(store, put.at(-1).ref)).toBeDefined()
    }
  })

  test('keeps large blocks apart, and takes none that is longer than their room', async () => {
    const store = BlockStore.create(1000, Turns.create(1), 5000)
    const small = await store.put('small', [patternBytes(200, 1)])
    const refs = [2, 3, 4].map(async (seed) => store.put(`${seed}`, [patternBytes(2000, seed)]))
    const [first, second, third] = await Promise.all(refs)
    expect(contentOf(store, first!)).toBeUndefined()
    expect([small, second!, third!].map((ref) => contentOf(store, ref)?.length)).toEqual([200, 2000, 2000])
    expect(Buffer.compare(contentOf(store, third!)!, patternBytes(2000, 4))).toBe(0)
    await expect(store.put('too large', [patternBytes(5001, 3)])).rejects.toThrow(RangeError)
  })

  test('does not write over what a thread may be looking at', async () => {
    const turns = Turns.create(2)
    const store = BlockStore.create(4000, turns)
    const ref = await store.put('old', [patternBytes(900, 1)])
    for (let i = 0; i < 3; i++) await store.put(undefined, [patternBytes(900, 0)])
    turns.begin(1)
    const offset = store.offset(ref)
    let isPut = false
    const putting = store.put('new', [patternBytes(900, 2)]).then(() => (isPut = true))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(isPut).toBe(false)
    expect(store.offset(ref)).toBe(-1)
    expect(Buffer.compare(store.bytes.slice(offset, offset + 900), patternBytes(900, 1))).toBe(0)
    turns.end(1)
    await putting
    expect(isPut).toBe(true)
  })

  test('a turn that began later keeps nothing waiting', async () => {
    const turns = Turns.create(2)
    turns.begin(0)
    const passed = turns.passed()
    turns.end(0)
    turns.begin(0)
    await passed
    expect(turns.isQuiet).toBe(false)
  })
})
