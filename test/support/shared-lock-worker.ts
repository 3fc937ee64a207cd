import { workerData } from 'node:worker_threads'
import { SharedLock } from '../../src/base/shared-lock.ts'

// Counts in word 1 under the lock in word 0.

const { words, rounds } = workerData as { words: Int32Array; rounds: number }
const lock = new SharedLock(words, 0)
for (let round = 0; round < rounds; round++) {
  lock.take()
  words[1] = (words[1] ?? 0) + 1
  lock.release()
}
