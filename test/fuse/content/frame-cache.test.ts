import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { FrameCache, type PieceKey } from '../../../fuse/content/frame-cache.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { seededRandomness } from '../../support/seeded-randomness.ts'

function frame(number: number, epoch = 1): PieceKey {
  return { kind: 'frame', epoch, number }
}

/** Puts a piece, without a pin on it. */
function put(cache: FrameCache, key: PieceKey, bytes: Uint8Array): boolean {
  const room = cache.reserve(key, bytes.byteLength)
  if (room === undefined) return false
  room.set(bytes)
  const { slot } = cache
  cache.publish(slot, true)
  cache.unpin(slot)
  return true
}

/** Returns a copy of a piece, or how it is not there. */
function get(cache: FrameCache, key: PieceKey): Uint8Array | string {
  const found = cache.find(key)
  if (found !== 'ready') return found
  const bytes = cache.piece(cache.slot).slice()
  cache.unpin(cache.slot)
  return bytes
}

describe('the cache of frames', () => {
  test('gives back what was put, by kind, epoch and number', () => {
    const cache = FrameCache.create(1 << 16)
    put(cache, frame(5), patternBytes(100, 1))
    put(cache, { kind: 'blob', epoch: 1, number: 5 }, patternBytes(50, 2))
    expect(get(cache, frame(5))).toEqual(patternBytes(100, 1))
    expect(get(cache, { kind: 'blob', epoch: 1, number: 5 })).toEqual(patternBytes(50, 2))
    expect([get(cache, frame(5, 2)), get(cache, { kind: 'sealed', epoch: 1, number: 5 })]).toEqual(['absent', 'absent'])
  })

  test('is filled by one thread at a time, and remembers what failed', () => {
    const cache = FrameCache.create(1 << 16)
    const other = new FrameCache(cache.handle)
    expect(cache.reserve(frame(1), 10)).toBeDefined()
    expect(other.reserve(frame(1), 10)).toBeUndefined()
    expect(other.find(frame(1))).toBe('filling')
    cache.publish(cache.slot, false)
    expect(other.find(frame(1))).toBe('failed')
  })

  test('begins every piece at a multiple of eight, where copies are fast', () => {
    const cache = FrameCache.create(1 << 10)
    for (let number = 1; number <= 50; number++) {
      expect((cache.reserve(frame(number), 30 + number)?.byteOffset ?? 1) % 8).toBe(0)
      cache.publish(cache.slot, true)
      cache.unpin(cache.slot)
    }
  })

  test('gives up the oldest, never what is pinned or being filled', () => {
    const cache = FrameCache.create(1000)
    put(cache, frame(1), patternBytes(400, 1))
    put(cache, frame(2), patternBytes(400, 2))
    expect(cache.find(frame(1))).toBe('ready')
    const pinned = cache.slot
    expect(put(cache, frame(3), patternBytes(400, 3))).toBe(false)
    expect(get(cache, frame(1))).toEqual(patternBytes(400, 1))
    cache.unpin(pinned)
    expect(put(cache, frame(3), patternBytes(400, 3))).toBe(true)
    expect([get(cache, frame(1)), get(cache, frame(3))]).toEqual(['absent', patternBytes(400, 3)])
    expect(cache.reserve(frame(4), 300)).toBeDefined()
    expect(cache.reserve(frame(5), 900)).toBeUndefined()
  })

  test('remembers exactly which blobs of a piece were found right, until the piece goes', () => {
    const cache = FrameCache.create(1000)
    put(cache, frame(1), patternBytes(600, 1))
    expect(cache.find(frame(1))).toBe('ready')
    const { slot } = cache
    cache.setChecked(slot, 7)
    expect([7, 8, 7 + 32, 0].map((entry) => cache.isChecked(slot, entry))).toEqual([true, false, false, false])
    cache.unpin(slot)
    put(cache, frame(2), patternBytes(600, 2))
    put(cache, frame(1), patternBytes(600, 1))
    expect(cache.find(frame(1))).toBe('ready')
    expect(cache.isChecked(cache.slot, 7)).toBe(false)
  })

  test('holds what fits, whole, through thousands of pieces of all lengths', () => {
    const random = seededRandomness('frame cache')
    const cache = FrameCache.create(100_000)
    for (let i = 0; i < 3000; i++) {
      const [low = 0, high = 0] = random.bytes(2)
      const length = (low + high * 256) % 9000
      if (put(cache, frame(i), new Uint8Array(length).fill(i))) {
        expect(Buffer.compare(get(cache, frame(i)) as Uint8Array, new Uint8Array(length).fill(i))).toBe(0)
      }
      const old = get(cache, frame(i - (low % 30)))
      if (typeof old !== 'string') expect(old.every((byte) => byte === ((i - (low % 30)) & 0xff))).toBe(true)
    }
  })

  test('holds more small pieces than it has numbers for, one after the other', () => {
    const cache = FrameCache.create(1 << 20)
    for (let i = 0; i < 10_000; i++) expect(put(cache, frame(i), new Uint8Array(1))).toBe(true)
    expect(get(cache, frame(9999))).toEqual(new Uint8Array(1))
    expect(get(cache, frame(1))).toBe('absent')
  })

  test('never shows a thread the bytes of another piece while others fill it', async () => {
    const cache = FrameCache.create(300_000)
    const script = new URL('../../support/frame-cache-worker.ts', import.meta.url)
    const wrong = await Promise.all(
      [1, 2, 3].map(
        (seed) =>
          new Promise<number>((resolve, reject) => {
            const worker = new Worker(script, { workerData: { handle: cache.handle, seed, steps: 5000 } })
            worker.once('message', resolve)
            worker.once('error', reject)
          }),
      ),
    )
    expect(wrong).toEqual([0, 0, 0])
  })
})
