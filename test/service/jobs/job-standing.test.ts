import { expect, test } from 'vitest'

import { ownIdentity } from '../../../src/base/process-identity.ts'
import { systemRandomness } from '../../../src/base/random.ts'
import { COMMAND_KIND } from '../../../src/service/jobs/command-message.ts'
import { leftOf, type Wait, waitOf } from '../../../src/service/jobs/job-standing.ts'
import type { Job, JobId, NewJob } from '../../../src/service/jobs/job.ts'
import { newWorkerName } from '../../../src/service/jobs/worker-name.ts'
import { deadProcessTag } from '../../support/dead-process.ts'
import { INSTANCE, JobPlace } from '../../support/job-fixture.ts'

/** Leases the next job to a worker that says nothing more, and passes the time of its lease. */
async function abandoned(at: JobPlace, process?: NonNullable<Job['process']>, worker = 'w'): Promise<Job> {
  const { id } = await at.add()
  const nowMs = at.time.nowMs()
  await at.store.claim({ instance: INSTANCE, worker, kinds: ['work'], nowMs, leaseMs: 1000 })
  const note = { stage: 'command', ...(process === undefined ? {} : { process }) }
  if (process !== undefined) await at.store.note({ job: id, worker, untilMs: nowMs + 1000 }, note)
  await at.time.pass(1000)
  return at.get(id)
}

test('of a job whose worker ended, it is known whether its very process goes on', async () => {
  const at = new JobPlace()
  const own = ownIdentity()
  const alone = await abandoned(at, own)
  expect(leftOf(alone, at.time.nowMs())).toBe('goes-on')
  // While the lease lasts, its worker is in charge.
  expect(leftOf(alone, at.time.nowMs() - 1)).toBeUndefined()
  expect(leftOf(await abandoned(at, { ...own, started: 'another/1' }), at.time.nowMs())).toBe('has-ended')
  expect(leftOf(await abandoned(at), at.time.nowMs())).toBe('has-ended')
  expect(leftOf(await at.add(), at.time.nowMs())).toBeUndefined()
})

test('a worker whose process is there has left nothing, though it was stopped while its lease lapsed', async () => {
  const at = new JobPlace()
  const stopped = newWorkerName(systemRandomness)
  expect(leftOf(await abandoned(at, ownIdentity(), stopped), at.time.nowMs())).toBeUndefined()
  const ended = `${deadProcessTag()}/${'0'.repeat(32)}`
  expect(leftOf(await abandoned(at, undefined, ended), at.time.nowMs() - 1)).toBe('has-ended')
})

test('a queued job waits for who runs it, for its repository, for its plan, for its time, or for its turn', async () => {
  const at = new JobPlace()
  const nowMs = at.time.nowMs()
  const add = (job: Partial<NewJob> = {}): Promise<Job> => at.add({ kind: COMMAND_KIND, ...job })
  const running = await add({ plan: 'home' })
  await at.store.claim({ instance: INSTANCE, worker: 'w', kinds: [COMMAND_KIND], nowMs, leaseMs: 1000 })
  const [first, later] = [await add({ plan: 'home' }), await add({ dueMs: nowMs + 60_000 })]
  const [other, step] = [await add(), await add({ kind: 'work' })]
  const behind = await add({ runOf: later.id })
  const active = await Promise.all([running, first, later, other, step, behind].map(({ id }) => at.get(id)))
  const wait = (job: Job, others: object = {}): Wait | undefined =>
    waitOf(job, { active, nowMs, hasDaemon: true, lockedFor: undefined, ...others })
  const nothing = { repository: undefined, job: undefined, untilMs: undefined }
  expect(wait(await at.get(running.id))).toBeUndefined()
  expect(wait(first)).toEqual({ ...nothing, for: 'job', job: running.id })
  expect(wait(behind)).toEqual({ ...nothing, for: 'job', job: later.id })
  expect(wait(later)).toEqual({ ...nothing, for: 'time', untilMs: nowMs + 60_000 })
  expect(wait(other)).toEqual({ ...nothing, for: 'turn' })
  expect(wait(other, { lockedFor: 'disk' })).toEqual({ ...nothing, for: 'unlock', repository: 'disk' })
  expect(wait(later, { hasDaemon: false })).toEqual({ ...nothing, for: 'daemon', untilMs: nowMs + 60_000 })
  // What no daemon runs waits for none.
  expect(wait(step, { hasDaemon: false })).toEqual({ ...nothing, for: 'turn' })
})

test('what a job waits for says what a claim does', async () => {
  const at = new JobPlace()
  const claim = (): Promise<Job | undefined> =>
    at.store.claim({ instance: INSTANCE, worker: 'w', kinds: ['work'], nowMs: at.time.nowMs(), leaseMs: 1000 })
  const ids: JobId[] = []
  for (const job of [{ plan: 'a' }, { plan: 'a' }, { dueMs: at.time.nowMs() + 1 }, { plan: 'b' }]) {
    ids.push((await at.add(job)).id)
  }
  for (;;) {
    const active = await Promise.all(ids.map((id) => at.get(id)))
    const free = active.filter((job) => {
      return waitOf(job, { active, nowMs: at.time.nowMs(), hasDaemon: true, lockedFor: undefined })?.for === 'turn'
    })
    const leased = await claim()
    expect(free.some(({ id }) => id === leased?.id)).toBe(leased !== undefined)
    if (leased === undefined) break
  }
})

test('a job that waits to be tried again is begun at once when it is resumed', async () => {
  const at = new JobPlace()
  const later = await at.add({ dueMs: at.time.nowMs() + 60_000 })
  const nowMs = at.time.nowMs()
  const standing = async (): Promise<Wait | undefined> =>
    waitOf(await at.get(later.id), { active: [], nowMs, hasDaemon: true, lockedFor: undefined })
  expect(await standing()).toMatchObject({ for: 'time' })
  expect(await at.store.resume(later.id, nowMs)).toMatchObject({ state: 'queued', dueMs: nowMs })
  expect(await standing()).toMatchObject({ for: 'turn', untilMs: undefined })
})
