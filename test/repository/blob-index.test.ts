import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { generationLayout } from '../../src/repository/blob-generation.ts'
import { BlobIndex } from '../../src/repository/blob-index.ts'
import { FRAMES_PER_SEGMENT } from '../../src/base/limits.ts'
import type { ClaimTask } from '../support/claim-worker.ts'

function idOf(n: number): Uint8Array {
  return new Uint8Array(createHash('sha256').update(String(n)).digest())
}

function addFrame(index: BlobIndex, pack = 0): number {
  const frame = index.takeFrames()
  index.frames.set(frame, { pack, offset: 1224, storedBytes: 100, rawBytes: 80 })
  return frame
}

test('a blob is claimed once, and found where it was located', () => {
  const index = BlobIndex.create(10)
  const frame = addFrame(index, 3)
  expect(index.find(idOf(1))).toBe(-1)
  const entry = index.claim(idOf(1))
  expect(entry).toBeGreaterThanOrEqual(0)
  expect(index.location(entry)).toBeUndefined()
  expect(index.claim(idOf(1))).toBe(-1 - entry)
  index.locate(entry, { frame, offset: 10, length: 20 })
  expect(index.location(index.find(idOf(1)))).toEqual({ frame, offset: 10, length: 20 })
  expect(index.frames.get(frame)).toEqual({ pack: 3, offset: 1224, storedBytes: 100, rawBytes: 80 })
})

test('a blob in a doubtful frame stays readable and is claimed by exactly one more', () => {
  const index = BlobIndex.create()
  const frame = addFrame(index)
  const entry = index.claim(idOf(1))
  index.locate(entry, { frame, offset: 0, length: 5 })
  index.frames.markDoubtful(frame)
  expect(index.frames.get(frame).pack).toBe(0)
  expect(index.location(index.find(idOf(1)))?.length).toBe(5)
  expect(index.claim(idOf(1))).toBe(entry)
  expect(index.claim(idOf(1))).toBe(-1 - entry)
  const healed = addFrame(index)
  index.locate(entry, { frame: healed, offset: 1, length: 5 })
  expect(index.claim(idOf(1))).toBe(-1 - entry)
})

test('it grows by generations and keeps every entry', () => {
  const index = BlobIndex.create(0)
  const frame = addFrame(index)
  const count = 20_000
  for (let n = 0; n < count; n++) {
    index.ensure({ blobs: 1024, frames: 1 })
    index.locate(index.claim(idOf(n)), { frame, offset: n, length: 1 })
  }
  expect(index.onlyGeneration).toBeUndefined()
  for (let n = 0; n < count; n++) expect(index.location(index.find(idOf(n)))?.offset).toBe(n)
  expect(index.find(idOf(count))).toBe(-1)
})

test('the frame table grows by whole segments', () => {
  const index = BlobIndex.create(0)
  for (let frame = 0; frame <= FRAMES_PER_SEGMENT; frame++) {
    index.ensure({ blobs: 0, frames: 1 })
    expect(index.takeFrames()).toBe(frame)
  }
  expect(index.frames.segments.length).toBe(2)
})

test('its only generation, copied, makes the same index, which goes on growing', () => {
  const index = BlobIndex.create(1000)
  const frame = addFrame(index)
  for (let n = 0; n < 1000; n++) index.locate(index.claim(idOf(n)), { frame, offset: n, length: 1 })
  const { buffer, slots } = index.onlyGeneration!
  expect(generationLayout(slots).bytes).toBe(buffer.byteLength)
  const copy = new SharedArrayBuffer(buffer.byteLength)
  new Uint8Array(copy).set(new Uint8Array(buffer))
  const again = BlobIndex.fromGeneration(
    { buffer: copy, slots },
    { entries: index.entryCount, frames: index.frameCount, frameSegments: index.frames.segments },
  )
  for (let n = 0; n < 1000; n++) expect(again.location(again.find(idOf(n)))?.offset).toBe(n)
  expect(again.takeFrames()).toBe(1)
  again.ensure({ blobs: 5000, frames: 1 })
  for (let n = 1000; n < 6000; n++) again.locate(again.claim(idOf(n)), { frame, offset: n, length: 1 })
  for (let n = 0; n < 6000; n++) expect(again.location(again.find(idOf(n)))?.offset).toBe(n)
  expect(index.find(idOf(2000))).toBe(-1)
})

test('ten million blobs need at most 36 bytes each', () => {
  const blobs = 10_000_000
  const { tableBytes, idBytes, locationBytes } = generationLayout(2 ** Math.ceil(Math.log2(blobs / 0.8)))
  expect(tableBytes / blobs + idBytes + locationBytes).toBeLessThanOrEqual(36)
})

test('two threads that claim the same blobs at once win each blob exactly once', async () => {
  const blobs = 50_000
  const shared = new SharedArrayBuffer(blobs * 32)
  const ids = new Uint8Array(shared)
  for (let n = 0; n < blobs; n++) ids.set(idOf(n), n * 32)
  const index = BlobIndex.create(blobs + 1024)
  const gate = new SharedArrayBuffer(4)
  const won = await Promise.all(
    [0, 1].map((worker) => {
      const task: ClaimTask = { handle: index.handle, ids: shared, worker, gate, workers: 2 }
      const thread = new Worker(new URL('../support/claim-worker.ts', import.meta.url), { workerData: task })
      return new Promise<number[]>((resolve, reject) => {
        thread.once('message', resolve)
        thread.once('error', reject)
      })
    }),
  )
  expect(won[0]!.length + won[1]!.length).toBe(blobs)
  expect(new Set(won.flat()).size).toBe(blobs)
  const winner = new Map(won.flatMap((list, worker) => list.map((n) => [n, worker])))
  for (let n = 0; n < blobs; n++) {
    const location = index.location(index.find(ids, n * 32))!
    expect(location.offset).toBe(n)
    expect(location.length).toBe(winner.get(n)! + 1)
    expect(index.frames.get(location.frame).pack).toBe(winner.get(n))
  }
})
