import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { PACK_BLOBS_MAX, PACK_BYTES_TARGET } from '../../src/base/limits.ts'
import { PACK_HEADER_BYTES } from '../../src/format/pack.ts'
import { PackSlabs } from '../../src/repository/pack-slabs.ts'
import type { SlabTask } from '../support/slab-worker.ts'

type Places = [slab: number, row: number, number: number, offset: number][]

function run(task: SlabTask, onFull: (slab: number) => void): Promise<{ places: Places; failed: boolean }> {
  const worker = new Worker(new URL('../support/slab-worker.ts', import.meta.url), { workerData: task })
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.on('message', (message: { full: number } | { places: Places; failed: boolean }) => {
      if ('full' in message) onFull(message.full)
      else resolve(message)
    })
  })
}

test('threads share no number and no byte, and every slab is announced once', async () => {
  const seen: { slab: number; row: number; frames: number; bytes: number }[] = []
  let row = 0
  const send = (slab: number): void => {
    const { frames, bytes, packRow } = slabs.usage(slab)
    seen.push({ slab, row: packRow, frames, bytes })
    // What two threads wrote lies whole beside each other.
    const memory = slabs.slabs[slab]!.bytes
    for (let at = PACK_HEADER_BYTES; at < bytes; at += 700_001) {
      expect(memory[at]).toBe(memory[at + 700_000])
    }
    slabs.recycle(slab)
    slabs.prepare(slab, row++)
  }
  const slabs = PackSlabs.create(send, 3)
  for (let slab = 0; slab < 3; slab++) slabs.prepare(slab, row++)
  const task = { handle: slabs.handle, frames: 150, bytes: 700_001 }
  const results = await Promise.all([1, 2].map((mark) => run({ ...task, mark }, send)))
  const last = slabs.closeCurrent()
  if (last !== undefined) send(last)
  const taken = results.flatMap(({ places }) => places.map(([, packRow, number]) => `${packRow}/${number}`))
  expect(taken).toHaveLength(300)
  expect(new Set(taken).size).toBe(300)
  expect(new Set(seen.map((slab) => slab.row)).size).toBe(seen.length)
  expect(seen.reduce((sum, { frames }) => sum + frames, 0)).toBe(300)
  for (const { bytes } of seen) expect(bytes).toBeLessThanOrEqual(PACK_BYTES_TARGET)
})

test('where no slab is ready, threads wait until one is', async () => {
  const slabs = PackSlabs.create(() => undefined, 1)
  let ended = false
  const running = run({ handle: slabs.handle, frames: 1, bytes: 1000, mark: 1 }, () => undefined)
  void running.then(() => (ended = true))
  await setTimeout(150)
  expect(ended).toBe(false)
  slabs.prepare(0, 7)
  expect((await running).places).toEqual([[0, 7, 0, PACK_HEADER_BYTES]])
})

test('a failure wakes whoever waits', async () => {
  const slabs = PackSlabs.create(() => undefined, 1)
  const running = run({ handle: slabs.handle, frames: 1, bytes: 1000, mark: 1 }, () => undefined)
  await setTimeout(100)
  slabs.fail()
  expect(await running).toEqual({ places: [], failed: true })
  expect(slabs.reserve(1000, 1)).toBeUndefined()
})

test('a slab is full by bytes or by blobs, and is announced when its last frame is written', () => {
  const full: number[] = []
  const slabs = PackSlabs.create((slab) => full.push(slab), 2)
  slabs.prepare(0, 0)
  slabs.prepare(1, 1)
  const room = PACK_BYTES_TARGET - PACK_HEADER_BYTES
  const first = slabs.reserve(room - 100, 1)!
  const second = slabs.reserve(101, PACK_BLOBS_MAX)!
  expect([first.slab, second.slab]).toEqual([0, 1])
  expect(full).toEqual([])
  slabs.complete(0)
  expect(full).toEqual([0])
  expect(slabs.closeCurrent()).toBeUndefined()
  slabs.complete(1)
  expect(full).toEqual([0, 1])
  expect(slabs.usage(1)).toMatchObject({ frames: 1, blobs: PACK_BLOBS_MAX, packRow: 1 })
})

test('nothing is closed while nothing is in it', () => {
  const slabs = PackSlabs.create(() => undefined, 1)
  expect(slabs.closeCurrent()).toBeUndefined()
  slabs.prepare(0, 0)
  expect(slabs.closeCurrent()).toBeUndefined()
  expect(() => slabs.prepare(0, 1)).toThrow('is not prepared')
})
