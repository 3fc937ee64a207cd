import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { Job, JobId, JobResult, NewJob } from '../../src/service/jobs/job.ts'
import { type Claim, type JobStore, LOG_LINES_MAX, type Settlement } from '../../src/service/jobs/job-store.ts'
import { describeCancellingOfPlans, INSTANCE, OTHER } from './job-store-cancelling.ts'
import { describeRuns } from './job-store-runs.ts'

const MINUTE_MS = 60_000
const LEASE_MS = 30_000
const FAILED: JobResult = {
  exitCode: 1,
  summary: { points: [1, 'two', null] },
  error: { code: 'STORE_UNAVAILABLE', message: 'no answer', hint: 'wait' },
}

/** The suite that every store of jobs passes. `open` makes a new, empty store for each test. */
export function describeJobStoreContract(name: string, open: () => Promise<JobStore>): void {
  describe(`${name} keeps the contract of stores of jobs`, () => {
    let store: JobStore
    let nowMs: number

    beforeEach(async () => {
      store = await open()
      nowMs = 1_000_000
    })
    afterEach(async () => store[Symbol.asyncDispose]())

    const add = (job: Partial<NewJob> = {}): Promise<Job> =>
      store.add({ instance: INSTANCE, kind: 'work', message: null, ...job }, nowMs)
    const claim = (claim: Partial<Claim> = {}): Promise<Job | undefined> =>
      store.claim({ instance: INSTANCE, worker: 'w1', kinds: ['work'], nowMs, leaseMs: LEASE_MS, ...claim })
    const settle = (job: JobId, settlement: Partial<Settlement> = {}, worker = 'w1'): Promise<boolean> =>
      store.settle(job, worker, {
        nowMs,
        outcome: 'done',
        result: undefined,
        next: { state: 'done' },
        ...settlement,
      })
    const finish = async (job: Partial<NewJob>, settlement: Partial<Settlement> = {}): Promise<Job> => {
      const { id } = await add(job)
      expect((await claim())?.id).toBe(id)
      expect(await settle(id, settlement)).toBe(true)
      nowMs += MINUTE_MS
      return (await store.get(id))!
    }

    describe('adding', () => {
      test('a job reads back as it was added, with what was left out filled in', async () => {
        const message = { words: ['backup', '/home/ä'], nested: [{ deep: null }, true, 1.5] }
        const added = await add({ message, plan: 'p', step: 's', firingMs: 5, priority: 7, timeLimitMs: 9, key: 'k' })
        expect(added).toMatchObject({
          ...{ instance: INSTANCE, kind: 'work', message, plan: 'p', step: 's', firingMs: 5, key: 'k' },
          ...{ priority: 7, state: 'queued', addedMs: nowMs, dueMs: nowMs, retriesMax: 3, timeLimitMs: 9 },
          ...{ runs: 0, failures: 0, interruptions: 0, cancelRequested: false },
        })
        expect(added.startedMs).toBeUndefined()
        expect(added.lease).toBeUndefined()
        expect(await store.get(added.id)).toEqual(added)
      })

      test('ids go up, and are not given again when the last job was forgotten', async () => {
        const first = await finish({})
        const second = await finish({})
        expect(second.id).toBeGreaterThan(first.id)
        expect(await store.prune(INSTANCE, nowMs)).toBe(2)
        expect((await add()).id).toBeGreaterThan(second.id)
      })

      test('what was added under a key is not added again, whatever became of it', async () => {
        const first = await finish({ key: 'plan/step/1' })
        expect(await add({ key: 'plan/step/1', message: 'another' })).toEqual(first)
        expect((await add({ key: 'plan/step/2' })).id).not.toBe(first.id)
        expect((await add({ key: 'plan/step/1', instance: OTHER })).id).not.toBe(first.id)
      })

      test('there is no job of a number that was never given', async () => {
        expect(await store.get(77 as JobId)).toBeUndefined()
        expect(await store.cancel(77 as JobId, nowMs)).toBeUndefined()
        expect(await store.resume(77 as JobId, nowMs)).toBeUndefined()
      })
    })

    describe('claiming', () => {
      test('goes by priority, then by time, then by order', async () => {
        const late = await add({ dueMs: nowMs })
        const later = await add({ dueMs: nowMs })
        const early = await add({ dueMs: nowMs - 5 })
        const urgent = await add({ priority: 1 })
        const order = [await claim(), await claim(), await claim(), await claim()].map((job) => job?.id)
        expect(order).toEqual([urgent.id, early.id, late.id, later.id])
        expect(await claim()).toBeUndefined()
      })

      test('gives a job that is leased, and begun for the nth time', async () => {
        const { id } = await add()
        const job = await claim()
        expect(job).toMatchObject({ id, state: 'running', runs: 1, startedMs: nowMs })
        expect(job?.lease).toEqual({ worker: 'w1', untilMs: nowMs + LEASE_MS })
        expect(await store.runs(id)).toMatchObject([{ number: 1, startedMs: nowMs }])
      })

      test('gives nothing that is not due, of another instance, or of an unknown kind', async () => {
        await add({ dueMs: nowMs + 1 })
        await add({ instance: OTHER })
        await add({ kind: 'other' })
        expect(await claim()).toBeUndefined()
        expect(await claim({ nowMs: nowMs + 1 })).toBeDefined()
        expect(await claim({ instance: OTHER })).toBeDefined()
        expect(await claim({ kinds: ['more', 'other'] })).toBeDefined()
      })

      test('of a plan, one job runs at a time; others do not wait for it', async () => {
        const first = await add({ plan: 'home' })
        const second = await add({ plan: 'home', priority: 9 })
        const other = await add({ plan: 'mail' })
        const foreign = await add({ plan: 'home', instance: OTHER })
        expect((await claim())?.id).toBe(second.id)
        expect((await claim())?.id).toBe(other.id)
        expect(await claim()).toBeUndefined()
        expect((await claim({ instance: OTHER }))?.id).toBe(foreign.id)
        await settle(second.id)
        expect((await claim())?.id).toBe(first.id)
      })

      test('tells when something is due next', async () => {
        expect(await store.nextDueMs(INSTANCE, ['work'])).toBeUndefined()
        await add({ dueMs: nowMs + 50 })
        await add({ dueMs: nowMs + 20 })
        await add({ dueMs: nowMs + 10, kind: 'other' })
        expect(await store.nextDueMs(INSTANCE, ['work'])).toBe(nowMs + 20)
      })
    })

    describe('leases', () => {
      test('whoever holds one lengthens it, and tells how far the job is', async () => {
        const { id } = await add()
        await claim()
        const progress = { atMs: 1, step: 'trees', bytesDone: 5, itemsDone: 2 }
        const all = { ...progress, bytesTotal: 9, itemsTotal: undefined, path: '/ä' }
        expect(await store.renew({ job: id, worker: 'w1', untilMs: nowMs + 99 }, all)).toBe('go-on')
        expect(await store.renew({ job: id, worker: 'w1', untilMs: nowMs + 100 })).toBe('go-on')
        const job = await store.get(id)
        expect(job?.progress).toEqual(all)
        expect(job?.lease?.untilMs).toBe(nowMs + 100)
      })

      test('a job is taken over with its last note once its lease has lapsed, and the first worker learns of it', async () => {
        const { id } = await add()
        await claim()
        const lease = { job: id, worker: 'w1', untilMs: nowMs + LEASE_MS }
        const note = { stage: 'command', process: { pid: 12, started: 'boot/7' } }
        expect(await store.note(lease, { stage: 'before' })).toBe(true)
        expect(await store.note(lease, note)).toBe(true)
        const claimOf = (ms: number, worker = 'w2'): Claim => ({
          ...{ instance: INSTANCE, worker, kinds: ['work'], nowMs: ms, leaseMs: LEASE_MS },
        })
        expect(await store.takeOver(claimOf(nowMs + LEASE_MS - 1), [])).toBeUndefined()
        expect(await store.takeOver(claimOf(nowMs + LEASE_MS), [id])).toBeUndefined()
        expect(await store.takeOver({ ...claimOf(nowMs + LEASE_MS), instance: OTHER }, [])).toBeUndefined()
        expect(await store.takeOver({ ...claimOf(nowMs + LEASE_MS), kinds: [] }, [])).toBeUndefined()
        const taken = await store.takeOver(claimOf(nowMs + LEASE_MS), [])
        expect(taken).toMatchObject({ job: { id, state: 'running', runs: 1 }, note })
        expect(await store.takeOver(claimOf(nowMs + LEASE_MS, 'w3'), [])).toBeUndefined()
        expect(await store.renew(lease)).toBe('lost')
        expect(await store.note(lease, note)).toBe(false)
        expect(await settle(id)).toBe(false)
        expect(await settle(id, { outcome: 'interrupted', next: { again: true, dueMs: nowMs } }, 'w2')).toBe(true)
        expect(await store.get(id)).toMatchObject({ state: 'queued', interruptions: 1, failures: 0 })
      })

      test('one of a worker that is known to have ended is taken over at once', async () => {
        const { id } = await add()
        await claim()
        const claimOf = { instance: INSTANCE, worker: 'w2', kinds: ['work'], nowMs, leaseMs: LEASE_MS }
        expect(await store.workers(INSTANCE)).toEqual(['w1'])
        expect(await store.workers(OTHER)).toEqual([])
        expect(await store.takeOver({ ...claimOf, ended: ['w0', 'w'] }, [])).toBeUndefined()
        expect(await store.takeOver({ ...claimOf, ended: ['w0', 'w1'] }, [id])).toBeUndefined()
        expect(await store.takeOver({ ...claimOf, ended: ['w0', 'w1'] }, [])).toMatchObject({ job: { id } })
        expect(await store.workers(INSTANCE)).toEqual(['w2'])
        await settle(id, {}, 'w2')
        expect(await store.workers(INSTANCE)).toEqual([])
      })

      test('one that was given before the clock was set back does not last for ever', async () => {
        await add()
        await claim({ nowMs: nowMs + 365 * 86_400_000 })
        const taken = await store.takeOver(
          { instance: INSTANCE, worker: 'w2', kinds: ['work'], nowMs, leaseMs: LEASE_MS },
          [],
        )
        expect(taken).toBeDefined()
        expect(taken?.note).toBeUndefined()
      })
    })

    describe('settling', () => {
      test('an end is kept, with what the run came to', async () => {
        const { id } = await add()
        await claim()
        nowMs += 5
        await settle(id, { outcome: 'failed', result: FAILED, next: { state: 'errored' } })
        expect(await store.get(id)).toMatchObject({ state: 'errored', finishedMs: nowMs, result: FAILED, failures: 1 })
        expect((await store.get(id))?.lease).toBeUndefined()
        expect(await store.runs(id)).toEqual([
          { number: 1, startedMs: nowMs - 5, finishedMs: nowMs, outcome: 'failed', result: FAILED },
        ])
        expect(await settle(id)).toBe(false)
      })

      test('a job that is to be tried again waits for its time', async () => {
        const { id } = await add()
        await claim()
        await settle(id, { outcome: 'failed', result: FAILED, next: { again: true, dueMs: nowMs + 100 } })
        expect(await store.get(id)).toMatchObject({ state: 'queued', failures: 1, dueMs: nowMs + 100, result: FAILED })
        expect(await claim()).toBeUndefined()
        nowMs += 100
        expect(await claim()).toMatchObject({ id, runs: 2, startedMs: nowMs - 100 })
        expect(await store.runs(id)).toMatchObject([{ number: 1, outcome: 'failed' }, { number: 2 }])
      })
    })

    describe('cancelling and resuming', () => {
      test('a queued job is cancelled at once, a running one asked to end', async () => {
        const queued = await add()
        expect(await store.cancel(queued.id, nowMs)).toMatchObject({ state: 'cancelled', finishedMs: nowMs })
        expect(await claim()).toBeUndefined()
        const running = await add()
        await claim()
        expect(await store.cancel(running.id, nowMs)).toMatchObject({ state: 'running', cancelRequested: true })
        expect(await store.renew({ job: running.id, worker: 'w1', untilMs: nowMs + 1 })).toBe('cancel')
        await settle(running.id, { outcome: 'cancelled', next: { state: 'cancelled' } })
        expect(await store.cancel(running.id, nowMs + 7)).toMatchObject({ state: 'cancelled', finishedMs: nowMs })
      })

      test('a job that errored or was cancelled is resumed with all its retries, another is left alone', async () => {
        const errored = await finish({}, { outcome: 'failed', next: { state: 'errored' } })
        expect(await store.resume(errored.id, nowMs)).toMatchObject({ state: 'queued', failures: 0, dueMs: nowMs })
        expect((await store.get(errored.id))?.finishedMs).toBeUndefined()
        expect(await claim()).toMatchObject({ id: errored.id, runs: 2, cancelRequested: false })
        expect(await store.resume(errored.id, nowMs)).toMatchObject({ state: 'running' })
        await settle(errored.id)
        expect(await store.resume(errored.id, nowMs)).toMatchObject({ state: 'done' })
      })
    })

    describeCancellingOfPlans(() => store)
    describeRuns(() => store)

    describe('listing', () => {
      test('gives the last added first, in pages', async () => {
        const ids: JobId[] = []
        for (let n = 0; n < 5; n++) ids.unshift((await add()).id)
        const first = await store.list({ instance: INSTANCE, limit: 2 })
        expect(first.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 2))
        const second = await store.list({ instance: INSTANCE, limit: 3, before: first.next! })
        expect(second.jobs.map(({ id }) => id)).toEqual(ids.slice(2))
        expect(second.next).toBeUndefined()
      })

      test('gives what its filters let through', async () => {
        const done = await finish({ plan: 'home', step: 'copy' })
        const queued = await add({ plan: 'home', step: 'full' })
        const other = await add({ kind: 'other' })
        await add({ instance: OTHER, plan: 'home' })
        const ids = async (filter: object): Promise<JobId[]> =>
          (await store.list({ instance: INSTANCE, limit: 10, ...filter })).jobs.map(({ id }) => id)
        expect(await ids({})).toEqual([other.id, queued.id, done.id])
        expect(await ids({ states: ['done', 'errored'] })).toEqual([done.id])
        expect(await ids({ kinds: ['other'] })).toEqual([other.id])
        expect(await ids({ plan: 'home' })).toEqual([queued.id, done.id])
        expect(await ids({ plan: 'home', step: 'full' })).toEqual([queued.id])
        expect(await ids({ plan: "'; DROP TABLE job; --" })).toEqual([])
      })
    })

    describe('what is to be told', () => {
      test('a job of a plan that ended is told of once, and once more when it ends again', async () => {
        const untold = async (): Promise<number[]> => (await store.untold(INSTANCE)).map(({ id }) => id)
        const { id } = await add({ plan: 'home', step: 'full' })
        await add()
        await claim()
        expect(await untold()).toEqual([])
        await settle(id, { next: { state: 'errored' }, outcome: 'failed' })
        await finishNext()
        expect(await untold()).toEqual([id])
        expect(await store.untold(OTHER)).toEqual([])
        await store.told(id)
        expect(await untold()).toEqual([])
        await store.resume(id, nowMs)
        await claim()
        await settle(id)
        expect(await untold()).toEqual([id])
      })

      test('the first that ended is told of first', async () => {
        const [a, b] = [await add({ plan: 'a' }), await add({ plan: 'b' })]
        await claim()
        await claim()
        await settle(b.id)
        nowMs += 1
        await settle(a.id)
        expect((await store.untold(INSTANCE)).map(({ id }) => id)).toEqual([b.id, a.id])
      })

      /** Ends the job that is next, which no plan asked for. */
      async function finishNext(): Promise<void> {
        const job = await claim()
        if (job !== undefined) await settle(job.id)
      }
    })

    test('a job that is held back is not claimed, and those behind it are', async () => {
      const [a, b] = [await add(), await add()]
      const request = { instance: INSTANCE, worker: 'w1', kinds: ['work'], nowMs, leaseMs: LEASE_MS }
      const isA = async ({ id }: Job): Promise<boolean> => id === a.id
      expect((await store.claim(request, isA))?.id).toBe(b.id)
      expect(await store.claim(request, isA)).toBe(undefined)
      expect((await store.claim(request))?.id).toBe(a.id)
    })

    test('of what happened the newest is kept, of each instance by itself', async () => {
      const event = { kind: 'event', name: 'deployed' } as const
      await store.raise(INSTANCE, { event, atMs: 5, about: { version: [1, 'x'] } })
      await store.raise(INSTANCE, { event, atMs: 9, about: undefined })
      await store.raise(INSTANCE, { event: { kind: 'boot' }, atMs: 7, about: 'id' })
      await store.raise(OTHER, { event, atMs: 11, about: null })
      const kept = await store.raised(INSTANCE)
      expect(kept.toSorted((a, b) => a.atMs - b.atMs)).toEqual([
        { event: { kind: 'boot' }, atMs: 7, about: 'id' },
        { event, atMs: 9, about: undefined },
      ])
      expect(await store.raised(OTHER)).toMatchObject([{ atMs: 11 }])
    })

    describe('histories', () => {
      test('a plan is seen first when it is asked for first, and again after it was gone', async () => {
        const since = async (plans: string[], atMs: number): Promise<(number | undefined)[]> => {
          const histories = await store.histories(INSTANCE, plans, atMs)
          return plans.map((plan) => histories.get(plan)?.sinceMs)
        }
        expect(await since(['a'], 1)).toEqual([1])
        expect(await since(['a', 'b'], 2)).toEqual([1, 2])
        expect(await since(['b'], 3)).toEqual([2])
        expect(await since(['a', 'b'], 4)).toEqual([4, 2])
        expect(await store.histories(OTHER, [], 5)).toEqual(new Map())
      })

      test('of each step they tell the last attempt, the last success and whether something is under way', async () => {
        const step = { plan: 'home', step: 'full' }
        await finish({ ...step, firingMs: 10 })
        const success = await finish({ ...step, firingMs: 20 })
        await finish({ ...step, firingMs: 30 }, { outcome: 'failed', next: { state: 'errored' } })
        const history = async (): Promise<unknown> =>
          (await store.histories(INSTANCE, ['home'], nowMs)).get('home')?.steps.get('full')
        const expected = { attemptDueMs: 30, active: false, success: { dueMs: 20, endedMs: success.finishedMs } }
        expect(await history()).toEqual(expected)
        const { id } = await add({ ...step, firingMs: 40 })
        expect(await history()).toEqual({ ...expected, attemptDueMs: 40, active: true })
        await claim()
        await settle(id, { outcome: 'failed', next: { again: true, dueMs: nowMs + 1 } })
        expect(await history()).toEqual({ ...expected, attemptDueMs: 40, active: true })
        await store.cancel(id, nowMs)
        expect(await history()).toEqual({ ...expected, attemptDueMs: 40 })
      })

      test('they outlive the history of jobs', async () => {
        const step = { plan: 'home', step: 'full' }
        for (let firingMs = 1; firingMs <= 3; firingMs++) await finish({ ...step, firingMs })
        await finish({ ...step, firingMs: 4 }, { outcome: 'failed', next: { state: 'errored' } })
        const before = await store.histories(INSTANCE, ['home'], nowMs)
        expect(await store.prune(INSTANCE, nowMs)).toBe(2)
        expect(await store.histories(INSTANCE, ['home'], nowMs)).toEqual(before)
      })
    })

    describe('logs', () => {
      const line = (text: string): { timeMs: number; from: 'err'; text: string } => ({
        timeMs: nowMs,
        from: 'err',
        text,
      })

      test('lines of all runs read back in order, in pages', async () => {
        const { id } = await add()
        for (let run = 1; run <= 2; run++) {
          await claim()
          await store.log(id, run, [line(`a${run}`), line(`b${run}`)])
          await settle(id, { outcome: 'failed', next: { again: true, dueMs: nowMs } })
        }
        const all = await store.readLog(id, { limit: 10 })
        expect(all.map(({ run, number, text }) => [run, number, text])).toEqual([
          [1, 1, 'a1'],
          [1, 2, 'b1'],
          [2, 1, 'a2'],
          [2, 2, 'b2'],
        ])
        expect(await store.readLog(id, { limit: 1, after: all[1]! })).toEqual([all[2]])
        expect(await store.readLog(id, { run: 2, limit: 10 })).toEqual(all.slice(2))
      })

      test('of a run that says very much the last lines are kept', async () => {
        const { id } = await add()
        await claim()
        const lines = Array.from({ length: LOG_LINES_MAX }, (_, n) => line(`line ${n}`))
        await store.log(id, 1, lines)
        await store.log(id, 1, [line('x'.repeat(1 << 20)), line('last')])
        const kept = await store.readLog(id, { limit: 2 * LOG_LINES_MAX })
        expect(kept.length).toBe(LOG_LINES_MAX)
        expect(kept[0]).toMatchObject({ number: 3, text: 'line 2' })
        expect(kept.at(-2)?.text.length).toBeLessThan(10_000)
        expect(kept.at(-1)).toMatchObject({ number: LOG_LINES_MAX + 2, text: 'last' })
      })

      test('they go with their job', async () => {
        const { id } = await add()
        await claim()
        await store.log(id, 1, [line('a')])
        await settle(id)
        expect(await store.prune(INSTANCE, nowMs)).toBe(0)
        expect(await store.prune(INSTANCE, nowMs + 1)).toBe(1)
        expect(await store.readLog(id, { limit: 1 })).toEqual([])
        expect(await store.runs(id)).toEqual([])
        await store.log(id, 1, [line('too late')])
        expect(await store.readLog(id, { limit: 1 })).toEqual([])
      })

      test('what is queued or runs is never forgotten, nor what is of another instance', async () => {
        await add()
        await claim()
        await add()
        await finish({ priority: 1 })
        expect(await store.prune(OTHER, nowMs)).toBe(0)
        expect(await store.prune(INSTANCE, nowMs)).toBe(1)
        expect((await store.list({ instance: INSTANCE, limit: 10 })).jobs.length).toBe(2)
      })
    })
  })
}
