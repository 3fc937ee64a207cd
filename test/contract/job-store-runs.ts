import { expect, test } from 'vitest'

import type { Job, JobId, NewJob } from '../../src/service/jobs/job.ts'
import type { JobStore, Settlement } from '../../src/service/jobs/job-store.ts'
import { INSTANCE } from './job-store-cancelling.ts'

const NOW_MS = 1_000_000
const LATER_MS = NOW_MS + 50

/** The part of the contract about steps of a plan that were asked for together; `storeOf` returns the store of the running test. */
export function describeOrderOfRuns(storeOf: () => JobStore): void {
  const add = (job: Partial<NewJob> = {}): Promise<Job> =>
    storeOf().add({ instance: INSTANCE, kind: 'work', message: null, plan: 'home', ...job }, NOW_MS)
  const claim = async (nowMs: number, held?: JobId): Promise<JobId | undefined> => {
    const asked = { instance: INSTANCE, worker: 'w1', kinds: ['work'], nowMs, leaseMs: 1000 }
    return (await storeOf().claim(asked, async ({ id }) => id === held))?.id
  }
  const settle = (job: JobId, next: Settlement['next'], outcome: Settlement['outcome'] = 'done'): Promise<boolean> =>
    storeOf().settle(job, 'w1', { nowMs: NOW_MS, outcome, result: undefined, next })

  test('what is behind a job in the same run of its plan waits for its end, and nothing else does', async () => {
    const first = await add()
    const second = await add({ runOf: first.id })
    const third = await add({ runOf: first.id, priority: 9 })
    const apart = await add({ priority: -1 })
    expect(await claim(NOW_MS)).toBe(first.id)
    await settle(first.id, { again: true, dueMs: LATER_MS }, 'interrupted')
    expect(await storeOf().nextDueMs(INSTANCE, ['work'])).toBe(NOW_MS)
    expect(await claim(NOW_MS)).toBe(apart.id)
    await settle(apart.id, { state: 'done' })
    expect(await claim(NOW_MS)).toBeUndefined()
    expect(await storeOf().nextDueMs(INSTANCE, ['work'])).toBe(LATER_MS)
    expect(await claim(LATER_MS, first.id)).toBeUndefined()
    expect(await claim(LATER_MS)).toBe(first.id)
    await settle(first.id, { state: 'errored' }, 'failed')
    expect(await claim(LATER_MS)).toBe(second.id)
    await storeOf().resume(first.id, LATER_MS)
    await settle(second.id, { state: 'done' })
    expect(await claim(LATER_MS)).toBe(first.id)
    await settle(first.id, { state: 'done' })
    expect(await claim(LATER_MS)).toBe(third.id)
  })
}
