import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { PointSet } from '../../../fuse/folders/mounted-points.ts'
import { type PointLook, PointWatch } from '../../../fuse/folders/point-watch.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A store whose points are counted instead of listed. */
class FakeStore {
  stampNow = 'a'
  looks = 0
  loads = 0
  answer: () => Promise<void> = async () => undefined

  async look(): Promise<PointLook> {
    this.looks++
    await this.answer()
    return { stamp: this.stampNow, load: async () => this.#load() }
  }

  #load(): PointSet {
    this.loads++
    return { changed: { seconds: this.loads, nanoseconds: 0 }, points: [], resolve: () => undefined }
  }
}

async function opened(): Promise<{ store: FakeStore; watch: PointWatch; problems: unknown[] }> {
  const store = new FakeStore()
  const problems: unknown[] = []
  const clock = { nowMs: () => Date.now(), monotonicMs: () => Date.now() }
  const onProblem = (problem: unknown): number => problems.push(problem)
  const watch = await PointWatch.open({ store, clock, freshMs: 2000, patienceMs: 5000, onProblem })
  return { store, watch, problems }
}

test('the store is asked when somebody looks, not more often than needed, and never otherwise', async () => {
  const { store, watch } = await opened()
  const first = await watch.current()
  expect(await watch.current()).toBe(first)
  expect(store).toMatchObject({ looks: 1, loads: 1 })
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(store.looks).toBe(1)
  expect(await watch.current()).toBe(first)
  expect(store).toMatchObject({ looks: 2, loads: 1 })
})

test('points are loaded when something changed', async () => {
  const { store, watch } = await opened()
  const first = await watch.current()
  await vi.advanceTimersByTimeAsync(2000)
  store.stampNow = 'b'
  const second = await watch.current()
  expect(second).not.toBe(first)
  expect(store.loads).toBe(2)
})

test('many who look at once ask once', async () => {
  const { store, watch } = await opened()
  await vi.advanceTimersByTimeAsync(2000)
  await Promise.all(Array.from({ length: 10 }, async () => watch.current()))
  expect(store.looks).toBe(2)
})

test('a store that is gone leaves the points as they were, and is told of once', async () => {
  const { store, watch, problems } = await opened()
  const first = await watch.current()
  store.answer = () => Promise.reject(new Error('gone'))
  for (let i = 0; i < 3; i++) {
    await vi.advanceTimersByTimeAsync(2000)
    expect(await watch.current()).toBe(first)
  }
  expect(problems).toHaveLength(1)
  store.answer = async () => undefined
  store.stampNow = 'b'
  await vi.advanceTimersByTimeAsync(2000)
  expect(await watch.current()).not.toBe(first)
})

test('nobody waits for long for a store that hangs, and its answer counts when it comes', async () => {
  const { store, watch } = await opened()
  const first = await watch.current()
  await vi.advanceTimersByTimeAsync(2000)
  store.stampNow = 'b'
  const { promise, resolve } = Promise.withResolvers<undefined>()
  store.answer = () => promise
  const looking = watch.current()
  await vi.advanceTimersByTimeAsync(5000)
  expect(await looking).toBe(first)
  resolve(undefined)
  await vi.advanceTimersByTimeAsync(0)
  expect(await watch.current()).not.toBe(first)
})
