import { beforeEach, describe, expect, test } from 'vitest'

import type { Job, JobId, NewJob } from '../../src/service/jobs/job.ts'
import type { Claim, JobStore, Settlement } from '../../src/service/jobs/job-store.ts'
import { INSTANCE } from './job-store-cancelling.ts'

const NOW_MS = 1_000_000
const LATER_MS = NOW_MS + 50
const LEASE_MS = 30_000
const DAY_MS = 86_400_000

/** The part of the contract about runs of jobs, and of plans; `storeOf` returns the store of the running test. */
export function describeRuns(storeOf: () => JobStore): void {
  describeOrder(storeOf)
  describeTimes(storeOf)
}

/** Of steps of a plan that were asked for together. */
function describeOrder(storeOf: () => JobStore): void {
  const add = (job: Partial<NewJob> = {}): Promise<Job> =>
    storeOf().add({ instance: INSTANCE, kind: 'work', message: null, plan: 'home', ...job }, NOW_MS)
  const claim = async (nowMs: number, held?: JobId): Promise<JobId | undefined> => {
    const asked = { instance: INSTANCE, worker: 'w1', kinds: ['work'], nowMs, leaseMs: LEASE_MS }
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

function describeTimes(storeOf: () => JobStore): void {
  describe('the time that a job ran', () => {
    let id: JobId
    const claimAt = (nowMs: number, worker = 'w1'): Claim => ({
      ...{ instance: INSTANCE, worker, kinds: ['work'], nowMs, leaseMs: LEASE_MS },
    })
    const settleAt = (nowMs: number, next: Settlement['next'], worker = 'w1'): Promise<boolean> =>
      storeOf().settle(id, worker, { nowMs, outcome: 'failed', result: undefined, next })
    const job = async (): Promise<Job | undefined> => storeOf().get(id)

    beforeEach(async () => {
      id = (await storeOf().add({ instance: INSTANCE, kind: 'work', message: null }, NOW_MS - 1000)).id
    })

    test('is that of all its runs, without what it waited', async () => {
      expect(await storeOf().claim(claimAt(NOW_MS))).toMatchObject({ ranMs: 0, runStartedMs: NOW_MS })
      await settleAt(NOW_MS + 20, { again: true, dueMs: NOW_MS + 5000 })
      expect(await job()).toMatchObject({ ranMs: 20, runStartedMs: undefined })
      await storeOf().claim(claimAt(NOW_MS + 6000))
      await settleAt(NOW_MS + 6003, { state: 'errored' })
      expect(await job()).toMatchObject({ ranMs: 23, runStartedMs: undefined })
    })

    test('goes on up to the last word of a worker that ended, and from when another one took it over', async () => {
      await storeOf().claim(claimAt(NOW_MS))
      await storeOf().renew({ job: id, worker: 'w1', untilMs: NOW_MS + 300 + LEASE_MS })
      const foundMs = NOW_MS + DAY_MS
      const left = await storeOf().takeOver(claimAt(foundMs, 'w2'), [])
      expect(left?.job).toMatchObject({ ranMs: 300, runStartedMs: foundMs })
      await settleAt(foundMs + 4, { state: 'cancelled' }, 'w2')
      expect(await job()).toMatchObject({ ranMs: 304 })
    })

    test('loses nothing to a clock that was set back', async () => {
      await storeOf().claim(claimAt(NOW_MS))
      await settleAt(NOW_MS - 1000, { state: 'errored' })
      expect(await job()).toMatchObject({ ranMs: 0 })
    })
  })
}
