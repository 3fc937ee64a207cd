import { describe, expect, test } from 'vitest'

import type { InstanceId } from '../../src/base/ids.ts'
import type { Job, NewJob } from '../../src/service/jobs/job.ts'
import type { JobStore } from '../../src/service/jobs/job-store.ts'

export const INSTANCE = 'aa'.repeat(16) as InstanceId
export const OTHER = 'bb'.repeat(16) as InstanceId
const nowMs = 1_000_000

/** The part of the contract about jobs of plans that somebody cancels; `storeOf` returns the store of the running test. */
export function describeCancellingOfPlans(storeOf: () => JobStore): void {
  describe('cancelling what a plan does', () => {
    const add = (job: Partial<NewJob> = {}): Promise<Job> =>
      storeOf().add({ instance: INSTANCE, kind: 'work', message: null, ...job }, nowMs)

    test('what its plan has queued behind it is cancelled with a job, and nothing else', async () => {
      const plan = { plan: 'p' }
      const before = await add({ ...plan, step: 'full' })
      const wanted = await add({ ...plan, step: 'backup' })
      const behind = await add({ ...plan, step: 'forget' })
      const others = [
        await add({ ...plan, step: 'copy', firingMs: 5 }),
        await add({ ...plan, plan: 'q' }),
        await add({ ...plan, instance: OTHER }),
        await add(),
        before,
      ]
      await storeOf().cancel(wanted.id, nowMs)
      expect(await storeOf().get(behind.id)).toMatchObject({ state: 'cancelled', finishedMs: nowMs })
      for (const { id } of others) expect((await storeOf().get(id))?.state).toBe('queued')
      expect(await storeOf().cancel(wanted.id, nowMs)).toMatchObject({ state: 'cancelled' })
    })

    test('what a running job has behind it is cancelled at once', async () => {
      const running = await add({ plan: 'p', step: 'backup', firingMs: 7 })
      await storeOf().claim({ instance: INSTANCE, worker: 'w1', kinds: ['work'], nowMs, leaseMs: 1 })
      const behind = await add({ plan: 'p', step: 'forget', firingMs: 7 })
      expect(await storeOf().cancel(running.id, nowMs)).toMatchObject({ state: 'running', cancelRequested: true })
      expect((await storeOf().get(behind.id))?.state).toBe('cancelled')
    })

    test('they tell the firing of which a step was cancelled last, unless it was resumed or asked for by hand', async () => {
      const cancelled = async (): Promise<number | undefined> =>
        (await storeOf().histories(INSTANCE, ['home'], nowMs)).get('home')?.cancelledDueMs
      const byHand = await add({ plan: 'home', step: 'copy' })
      await storeOf().cancel(byHand.id, nowMs)
      expect(await cancelled()).toBeUndefined()
      const { id } = await add({ plan: 'home', step: 'full', firingMs: 40 })
      await storeOf().cancel(id, nowMs)
      expect(await cancelled()).toBe(40)
      await storeOf().resume(id, nowMs)
      expect(await cancelled()).toBeUndefined()
    })
  })
}
