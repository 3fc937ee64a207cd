import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { SharedLock } from '../../src/base/shared-lock.ts'

const ROUNDS = 20_000

test('no two threads have a shared lock at once', async () => {
  const words = new Int32Array(new SharedArrayBuffer(8))
  const script = new URL('../support/shared-lock-worker.ts', import.meta.url)
  await Promise.all(
    [1, 2, 3].map(
      () =>
        new Promise<void>((resolve, reject) => {
          const worker = new Worker(script, { workerData: { words, rounds: ROUNDS } })
          worker.once('exit', () => resolve())
          worker.once('error', reject)
        }),
    ),
  )
  // Counted without atomic operations: any two at once would have lost some.
  expect(words[1]).toBe(3 * ROUNDS)
  const lock = new SharedLock(words, 0)
  lock.take()
  lock.release()
  expect(words[0]).toBe(0)
})
