import { expect, test } from 'vitest'

import type { ObjectId } from '../../src/base/ids.ts'
import type { HashJob } from '../../src/engine/check/check-jobs.ts'
import { WorkerPool } from '../../src/engine/workers/worker-pool.ts'

const MISSING: HashJob = { type: 'hash', id: '00'.repeat(32) as ObjectId, file: '/nowhere/at-all' }

/** Gives a team so many jobs at once; returns how many threads had joined it by the end. */
async function joinedFor(pool: WorkerPool, jobs: number): Promise<number> {
  let joined = 0
  const setup = (): { setup: undefined } => {
    joined++
    return { setup: undefined }
  }
  await using team = await pool.open('check', setup)
  const results = await Promise.all(Array.from({ length: jobs }, async () => team.run(MISSING)))
  expect(results).toEqual(results.map(() => ({ outcome: 'missing', bytes: 0 })))
  return joined
}

test('a few jobs start one thread, many start all, which then join every team', async () => {
  await using pool = new WorkerPool({ threads: 2 })
  expect(await joinedFor(pool, 3)).toBe(1)
  expect(await joinedFor(pool, 8)).toBe(2)
  expect(await joinedFor(pool, 1)).toBe(2)
})

test('threads that are started while a team is at work join it', async () => {
  await using pool = new WorkerPool({ threads: 2 })
  await using team = await pool.open('check', () => ({ setup: undefined }))
  pool.warm()
  const results = await team.runOnAll(MISSING)
  expect(results).toEqual([
    { outcome: 'missing', bytes: 0 },
    { outcome: 'missing', bytes: 0 },
  ])
})

test('threads that were started before they were needed join the first team', async () => {
  await using pool = new WorkerPool({ threads: 2 })
  pool.warm()
  expect(await joinedFor(pool, 1)).toBe(2)
})
