import { describe, expect, test } from 'vitest'

import { StorageError } from '../../../src/base/errors.ts'
import {
  type JobHandler,
  type Recovery,
  type RunContext,
  RunEnds,
  type RunReport,
} from '../../../src/service/jobs/job-handler.ts'
import type { Claim, JobStore } from '../../../src/service/jobs/job-store.ts'
import type { JobId, JobResult } from '../../../src/service/jobs/job.ts'
import { INSTANCE, JobPlace, settled, withOther } from '../../support/job-fixture.ts'

const MINUTE_MS = 60_000
const NOTHING: JobResult = { exitCode: undefined, summary: undefined, error: undefined }
const DONE: RunReport = { verdict: 'done', result: { ...NOTHING, exitCode: 0 } }
const MAY_PASS: RunReport = { verdict: 'may-pass', result: { ...NOTHING, exitCode: 1 } }
const FAILED: RunReport = { verdict: 'failed', result: { ...NOTHING, exitCode: 2 } }

/** Does jobs as the test says: each run waits for its report, or for its end. */
class TestHandler implements JobHandler {
  readonly begun: JobId[] = []
  readonly recovered: unknown[] = []
  recovery: Recovery = { verdict: 'interrupted', result: NOTHING }
  readonly #waiting = new Map<JobId, { run: RunContext; end: (report: RunReport | Error) => void }>()

  async run(job: { readonly id: JobId }, run: RunContext): Promise<RunReport> {
    this.begun.push(job.id)
    const { promise, resolve, reject } = Promise.withResolvers<RunReport>()
    const end = (report: RunReport | Error): void => (report instanceof Error ? reject(report) : resolve(report))
    this.#waiting.set(job.id, { run, end })
    run.signal.addEventListener('abort', () => resolve(MAY_PASS))
    if (run.signal.aborted) resolve(MAY_PASS)
    return promise
  }

  async recover({ job, note }: Parameters<JobHandler['recover']>[0]): Promise<Recovery> {
    this.recovered.push([job.id, note])
    return this.recovery
  }

  runOf(job: { readonly id: JobId }): RunContext {
    return this.#waiting.get(job.id)!.run
  }

  async end(job: { readonly id: JobId }, report: RunReport | Error): Promise<void> {
    this.#waiting.get(job.id)!.end(report)
    await settled()
  }
}

class Place extends JobPlace {
  readonly work = new TestHandler()
  readonly handlers = { work: this.work }
}

test('a job that is done is done, with what it came to', async () => {
  const at = new Place()
  const worker = at.worker(at.handlers)
  const job = await at.add()
  await worker.turn()
  expect(await at.get(job.id)).toMatchObject({ state: 'running', runs: 1 })
  at.work.runOf(job).log('err', 'hello')
  await at.work.end(job, DONE)
  expect(await at.get(job.id)).toMatchObject({ state: 'done', result: { exitCode: 0 }, lease: undefined })
  expect(await at.log(job.id)).toEqual(['err: hello'])
  await worker.turn()
  expect(at.work.begun).toEqual([job.id])
})

test('no more jobs run at once than are allowed, and of a plan one', async () => {
  const at = new Place()
  const worker = at.worker(at.handlers)
  const [a, b, c, d] = [await at.add({ plan: 'p' }), await at.add({ plan: 'p' }), await at.add(), await at.add()]
  await Promise.all([worker.turn(), worker.turn(), worker.turn()])
  expect(at.work.begun).toEqual([a.id, c.id])
  await at.work.end(a, DONE)
  await worker.turn()
  expect(at.work.begun).toEqual([a.id, c.id, b.id])
  await at.work.end(c, DONE)
  await worker.turn()
  expect(at.work.begun).toEqual([a.id, c.id, b.id, d.id])
})

describe('a job that is held back', () => {
  test('is not leased, nor is one that is queued while it is asked about', async () => {
    const at = new Place()
    const a = await at.add()
    const asked: JobId[] = []
    const job = await at.store.claim(claimOf(at), async ({ id }) => {
      asked.push(id)
      if (id === a.id) await at.add()
      return true
    })
    expect(job).toBeUndefined()
    expect(asked).toEqual([a.id, a.id + 1])
    expect(await at.get(a.id)).toMatchObject({ state: 'queued', runs: 0 })
  })

  test('or is not, and was taken by somebody else while it was asked about, is not leased twice', async () => {
    const at = new Place()
    const [a, b] = [await at.add(), await at.add()]
    const job = await at.store.claim(claimOf(at), async ({ id }) => {
      if (id === a.id) expect((await at.store.claim(claimOf(at, 'w2')))?.id).toBe(a.id)
      return false
    })
    expect(job?.id).toBe(b.id)
    expect((await at.get(a.id)).lease?.worker).toBe('w2')
  })

  function claimOf({ time }: Place, worker = 'w1'): Claim {
    return { instance: INSTANCE, worker, kinds: ['work'], nowMs: time.nowMs(), leaseMs: MINUTE_MS }
  }
})

describe('retries', () => {
  test('what may pass is tried three times more, each time later, and then errors', async () => {
    const at = new Place()
    const worker = at.worker(at.handlers)
    const job = await at.add()
    const delays: number[] = []
    for (let run = 1; run <= 3; run++) {
      await worker.turn()
      await at.work.end(job, MAY_PASS)
      const { state, dueMs, failures } = await at.get(job.id)
      expect([state, failures]).toEqual(['queued', run])
      delays.push((dueMs - at.time.nowMs()) / MINUTE_MS)
      await at.time.pass(dueMs - at.time.nowMs() - 1)
      await worker.turn()
      expect(at.work.begun.length).toBe(run)
      await at.time.pass(1)
    }
    for (const [n, longest] of [1, 4, 16].entries()) {
      expect(delays[n]).toBeLessThanOrEqual(longest)
      expect(delays[n]).toBeGreaterThanOrEqual(longest / 2)
    }
    await worker.turn()
    await at.work.end(job, MAY_PASS)
    expect(await at.get(job.id)).toMatchObject({ state: 'errored', runs: 4, result: { exitCode: 1 } })
    expect((await at.store.runs(job.id)).map(({ outcome }) => outcome)).toEqual(Array(4).fill('failed'))
  })

  test('what would fail again errors at once', async () => {
    const at = new Place()
    const worker = at.worker(at.handlers)
    const job = await at.add()
    await worker.turn()
    await at.work.end(job, FAILED)
    expect(await at.get(job.id)).toMatchObject({ state: 'errored', runs: 1, result: { exitCode: 2 } })
  })

  test('errors say themselves whether they may pass', async () => {
    const at = new Place()
    const worker = at.worker(at.handlers)
    const [full, broken] = [await at.add(), await at.add()]
    await worker.turn()
    await at.work.end(full, new StorageError('STORE_FULL', 'no room', { retry: 'transient', hint: 'make room' }))
    await at.work.end(broken, new TypeError('x is not a function'))
    expect(await at.get(full.id)).toMatchObject({
      state: 'queued',
      result: { error: { code: 'STORE_FULL', message: 'no room', hint: 'make room' } },
    })
    expect(await at.get(broken.id)).toMatchObject({ state: 'errored', result: { error: { code: 'INTERNAL' } } })
  })
})

describe('cancelling', () => {
  test('a running job ends and is cancelled; what was done in time is done', async () => {
    const at = new Place()
    const worker = at.worker(at.handlers)
    const [job, quick] = [await at.add(), await at.add()]
    await worker.turn()
    expect(await worker.cancel(job.id)).toMatchObject({ cancelRequested: true })
    await settled()
    expect(await at.get(job.id)).toMatchObject({ state: 'cancelled', cancelRequested: false })
    expect(at.work.runOf(job).signal.reason).toMatchObject({ why: 'cancel' })
    void at.store.cancel(quick.id, at.time.nowMs())
    await at.work.end(quick, DONE)
    expect(await at.get(quick.id)).toMatchObject({ state: 'done' })
  })

  test('another process may ask for it', async () => {
    const at = new Place()
    const job = await at.add()
    await at.worker(at.handlers).turn()
    await at.open().cancel(job.id, at.time.nowMs())
    await at.time.pass(2000)
    expect(await at.get(job.id)).toMatchObject({ state: 'cancelled' })
    expect((await at.store.resume(job.id, at.time.nowMs()))?.state).toBe('queued')
  })
})

describe('leases', () => {
  test('a long job is never taken over while its worker lives, and tells how far it is', async () => {
    const at = new Place()
    const [first, second] = [at.worker(at.handlers), at.worker(at.handlers, at.open())]
    const job = await at.add()
    await first.turn()
    const progress = {
      atMs: 1,
      step: 'data',
      bytesDone: 5,
      bytesTotal: 9,
      itemsDone: 0,
      itemsTotal: undefined,
      path: '/a',
    }
    at.work.runOf(job).progress(progress)
    expect(first.progressOf(job.id)).toEqual(progress)
    for (let minute = 0; minute < 10; minute++) {
      await at.time.pass(MINUTE_MS)
      await second.turn()
    }
    expect(at.work.recovered).toEqual([])
    expect((await at.get(job.id)).progress).toEqual(progress)
  })

  test('what a worker leaves that ended without a word is put right by the next, and done again', async () => {
    const at = new Place()
    const dead = new TestHandler()
    const job = await at.add()
    await at.dyingWorker({ work: dead }).turn()
    const note = { stage: 'command', process: { pid: 1, started: 'then' } }
    await dead.runOf(job).note(note)
    const worker = at.worker(at.handlers)
    await at.time.pass(29_000)
    await worker.turn()
    expect(at.work.recovered).toEqual([])
    await at.time.pass(1000)
    await worker.turn()
    await settled()
    expect(at.work.recovered).toEqual([[job.id, note]])
    const progress = { step: 'put right after a crash', bytesDone: 0 }
    expect(await at.get(job.id)).toMatchObject({ state: 'queued', interruptions: 1, dueMs: at.time.nowMs(), progress })
    await worker.turn()
    await at.work.end(job, DONE)
    expect((await at.store.runs(job.id)).map(({ outcome }) => outcome)).toEqual(['interrupted', 'done'])
  })

  test('a job that no machine survives is given time, and given up at last', async () => {
    const at = new Place()
    const job = await at.add()
    let delayMsMax = 0
    for (let crash = 0; (await at.get(job.id)).state === 'queued'; crash++) {
      expect(crash).toBeLessThan(100)
      const { dueMs } = await at.get(job.id)
      delayMsMax = Math.max(delayMsMax, dueMs - at.time.nowMs())
      await at.time.pass(Math.max(0, dueMs - at.time.nowMs()))
      await at.dyingWorker({ work: new TestHandler() }).turn()
      await at.time.pass(MINUTE_MS)
      await at.worker(at.handlers).turn()
      await settled()
    }
    expect(delayMsMax).toBeGreaterThan(30 * MINUTE_MS)
    expect(await at.get(job.id)).toMatchObject({ state: 'errored', result: { error: { code: 'INTERRUPTED' } } })
  })

  test('a worker that was asleep for too long stops when another has taken over, and settles nothing', async () => {
    const at = new Place()
    const job = await at.add()
    const asleep = new TestHandler()
    await at.worker({ work: asleep }).turn()
    at.time.jump(MINUTE_MS)
    const worker = at.worker(at.handlers, at.open())
    await worker.turn()
    await settled()
    await worker.turn()
    expect(at.work.begun).toEqual([job.id])
    await at.time.pass(2000)
    expect(asleep.runOf(job).signal.reason).toMatchObject({ why: 'lost' })
    await expect(asleep.runOf(job).note({ stage: 'after' })).rejects.toThrow(RunEnds)
    expect(await at.get(job.id)).toMatchObject({ state: 'running', runs: 2 })
    await at.work.end(job, DONE)
    expect(await at.get(job.id)).toMatchObject({ state: 'done' })
  })

  test('a clock that jumps has nobody take over a job from himself', async () => {
    const at = new Place()
    const worker = at.worker(at.handlers)
    const job = await at.add()
    await worker.turn()
    for (const jumpMs of [365 * 24 * 60 * MINUTE_MS, -2 * 365 * 24 * 60 * MINUTE_MS]) {
      at.time.jump(jumpMs)
      await worker.turn()
      await at.time.pass(2000)
      await worker.turn()
    }
    expect(at.work.recovered).toEqual([])
    await at.work.end(job, DONE)
    expect(await at.get(job.id)).toMatchObject({ state: 'done', runs: 1 })
  })

  test('what could not be put right is tried again', async () => {
    const at = new Place()
    const job = await at.add()
    await at.dyingWorker({ work: new TestHandler() }).turn()
    let tries = 0
    const recover = async (): Promise<Recovery> => {
      if (++tries === 1) throw new TypeError('a defect')
      return { verdict: 'interrupted', result: NOTHING }
    }
    const worker = at.worker({ work: { run: async () => DONE, recover } })
    for (let turn = 0; turn < 3; turn++) {
      await at.time.pass(MINUTE_MS)
      await worker.turn()
    }
    await worker.idle()
    expect(tries).toBe(2)
    expect(await at.get(job.id)).toMatchObject({ state: 'done' })
    expect(at.problems).toMatchObject([{ message: 'a defect' }])
  })
})

describe('stopping', () => {
  test('ends what runs, and leaves it to the next worker at once', async () => {
    const at = new Place()
    const worker = at.worker(at.handlers)
    const [job, next] = [await at.add({ plan: 'p' }), await at.add({ plan: 'p' })]
    await worker.turn()
    await worker.stop()
    expect(at.work.runOf(job).signal.reason).toMatchObject({ why: 'stop' })
    expect(await at.get(job.id)).toMatchObject({ state: 'queued', failures: 0, interruptions: 1 })
    await worker.turn()
    expect(at.work.begun).toEqual([job.id])
    await at.worker(at.handlers).turn()
    expect(at.work.begun).toEqual([job.id, job.id])
    expect((await at.get(next.id)).state).toBe('queued')
  })
})

test('a store that fails for a while loses no end of a job', async () => {
  const at = new Place()
  const failing = failingStoreOf(at.store)
  const worker = at.worker(at.handlers, failing.store)
  const job = await at.add()
  await worker.turn()
  failing.fails = true
  at.work.runOf(job).log('err', 'said meanwhile')
  await at.time.pass(10 * MINUTE_MS)
  await at.work.end(job, DONE)
  await at.time.pass(MINUTE_MS)
  expect((await at.get(job.id)).state).toBe('running')
  expect(at.problems.length).toBeGreaterThan(2)
  failing.fails = false
  await at.time.pass(2000)
  await worker.idle()
  expect(await at.get(job.id)).toMatchObject({ state: 'done', runs: 1 })
  expect(await at.log(job.id)).toEqual(['err: said meanwhile'])
})

test('a job that was cancelled and whose end cannot be stored keeps no worker from stopping', async () => {
  const at = new Place()
  const failing = failingStoreOf(at.store)
  const worker = at.worker(at.handlers, failing.store)
  const job = await at.add()
  await worker.turn()
  failing.fails = true
  await worker.cancel(job.id)
  await settled()
  const stopped = worker.stop()
  await at.time.pass(MINUTE_MS)
  await stopped
  expect(await at.get(job.id)).toMatchObject({ state: 'running', cancelRequested: true })
})

/** A store whose disk is full when it is told so. */
function failingStoreOf(store: JobStore): { readonly store: JobStore; fails: boolean } {
  const fail = async (): Promise<never> => {
    throw new StorageError('STORE_FULL', 'no room', { retry: 'transient' })
  }
  const full = withOther(store, { renew: fail, settle: fail, log: fail })
  const failing = {
    fails: false,
    store: new Proxy(store, { get: (_, name) => Reflect.get(failing.fails ? full : working, name) as unknown }),
  }
  const working = withOther(store, {})
  return failing
}
