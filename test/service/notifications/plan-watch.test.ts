import { describe, expect, onTestFinished, test } from 'vitest'

import { present } from '../../../src/base/assert.ts'
import type { Job, JobId, JobResult } from '../../../src/service/jobs/job.ts'
import { SqliteJobStore } from '../../../src/service/jobs/sqlite-job-store.ts'
import { Notifier } from '../../../src/service/notifications/notifier.ts'
import { PlanWatch } from '../../../src/service/notifications/plan-watch.ts'
import { decodePlans } from '../../../src/service/plans/decode-plans.ts'
import type { Plan } from '../../../src/service/plans/plan.ts'
import { INSTANCE, notificationStore, SetClock } from '../../support/notification-fixture.ts'
import { temporaryMemoryFolder } from '../../support/temporary-folder.ts'

const HOUR_MS = 3_600_000
const NIGHTLY = `
repositories: { disk: { url: /backup } }
channels: { hook: { webhook: https://hook.example } }
plans:
  nightly:
    sources: [/home]
    repository: disk
    trigger: '@daily'
    promise: { recovery: 2 hours, no-success-since: 3 days }
    steps: [incremental, { copy: disk, name: copy }]
`

function plan(text = NIGHTLY): Plan {
  return present(decodePlans({ file: '/config.yaml', text, home: '/home' })[0], 'the plan')
}

/** A watch over a real store of jobs, two channels, and what was told. */
function watched() {
  const clock = new SetClock()
  const stateDirectory = temporaryMemoryFolder()
  const jobs = SqliteJobStore.open({ stateDirectory, clock, onDamaged: () => undefined })
  onTestFinished(async () => jobs[Symbol.asyncDispose]())
  const store = notificationStore(clock, stateDirectory)
  let raised = 0
  const channels = () => ['mail', 'hook']
  const notifier = new Notifier({ store, instance: INSTANCE, clock, channels, onRaised: () => raised++ })
  const watch = new PlanWatch({ jobs, instance: INSTANCE, notifier })
  /** A job runs and ends. */
  const end = async (
    of: Plan,
    step: string,
    result: Partial<JobResult>,
    state: 'done' | 'errored' = 'done',
  ): Promise<Job> => {
    await jobs.add({ instance: INSTANCE, kind: 'command', message: null, plan: of.name, step }, clock.ms)
    const claim = { instance: INSTANCE, worker: 'w', kinds: ['command'], nowMs: clock.ms, leaseMs: 1000 }
    const { id } = present(await jobs.claim(claim), 'the job')
    const outcome = state === 'done' ? 'done' : 'failed'
    const full = { exitCode: state === 'done' ? 0 : 1, summary: undefined, error: undefined, ...result }
    await jobs.settle(id, 'w', { nowMs: clock.ms, outcome, result: full, next: { state } })
    const job = present(await jobs.get(id), 'the job')
    await watch.jobEnded(job, of)
    return job
  }
  const told = async () =>
    (await store.list({ instance: INSTANCE, limit: 100 })).map(({ category, state }) => `${category} ${state}`)
  return { clock, jobs, store, watch, end, told, raised: () => raised }
}

function summary(point: string, changes: Record<string, unknown> = {}): Partial<JobResult> {
  const counts = { filesNew: 0, filesChanged: 0, filesUnchanged: 900, dirs: 90, others: 10, errors: 0 }
  return {
    summary: { type: 'summary', point, ...counts, troubles: {}, suspect: [], ...changes },
  }
}

describe('a step that fails', () => {
  test('is told once, however often it fails, and its recovery once', async () => {
    const { end, told, store, raised, clock } = watched()
    const nightly = plan()
    const error = { code: 'STORE_FULL', message: 'the disk is full', hint: 'Make room.' }
    for (let night = 0; night < 5; night++) await end(nightly, 'copy', { error }, 'errored')
    expect(await told()).toEqual(['failure active'])
    expect(await store.dueDeliveries(INSTANCE, clock.ms)).toHaveLength(2)
    expect(raised()).toBe(1)
    const [failure] = await store.list({ instance: INSTANCE, limit: 1 })
    expect(failure).toMatchObject({ count: 5, priority: 'high', title: 'nightly: copy failed' })
    expect(failure?.message).toMatch(/the disk is full\.\nMake room\./)
    await end(nightly, 'copy', {})
    await end(nightly, 'copy', {})
    expect(await told()).toEqual(['recovery resolved', 'failure resolved'])
  })

  test('for want of its store is told once for all steps of the plan, and over once each of them succeeds', async () => {
    const { end, told, store } = watched()
    const nightly = plan()
    const error = { code: 'NO_REPOSITORY', message: 'there is no repository at /backup', hint: 'Attach the volume.' }
    await end(nightly, 'incremental', { error, exitCode: 10 }, 'errored')
    await end(nightly, 'copy', { error, exitCode: 10 }, 'errored')
    expect(await told()).toEqual(['failure active'])
    expect((await store.list({ instance: INSTANCE, limit: 1 }))[0]?.message).toMatch(
      /no repository at \/backup\.\nAttach/,
    )
    await end(nightly, 'incremental', {})
    expect(await told()).toEqual(['failure active'])
    await end(nightly, 'copy', {})
    expect(await told()).toEqual(['recovery resolved', 'failure resolved'])
  })

  test('is not told by a channel that the plan does not name, nor at all by one that wants to hear nothing', async () => {
    const { end, store, clock, told } = watched()
    const quiet = plan(NIGHTLY.replace('promise:', 'notify: { on: [tripwire], to: [hook] }\n    promise:'))
    await end(quiet, 'copy', {}, 'errored')
    expect(await told()).toEqual(['failure active'])
    expect(await store.dueDeliveries(INSTANCE, clock.ms)).toEqual([])
    const some = plan(NIGHTLY.replace('promise:', 'notify: { to: [hook] }\n    promise:'))
    await end(some, 'incremental', {}, 'errored')
    expect((await store.dueDeliveries(INSTANCE, clock.ms)).map(({ channel }) => channel)).toEqual(['hook'])
  })
})

test('that all went well is told where a plan wants that, and what went well in part as that', async () => {
  const { end, store } = watched()
  const eager = plan(NIGHTLY.replace('promise:', 'notify: { on: [success] }\n    promise:'))
  await end(eager, 'copy', {})
  await end(eager, 'incremental', { exitCode: 3, ...summary('p', { errors: 2, troubles: { denied: 2 } }) })
  const titles = (await store.list({ instance: INSTANCE, limit: 100 })).map(({ title }) => title)
  expect(titles.filter((title) => title.includes('done'))).toEqual([
    'nightly: incremental done in part',
    'nightly: copy done',
  ])
})

describe('a point', () => {
  test('as all others is not told of', async () => {
    const { end, told } = watched()
    for (let night = 0; night < 7; night++) await end(plan(), 'incremental', summary(`p${night}`))
    expect(await told()).toEqual([])
  })

  test('with more than 5 % fewer entries than the median of the last five is told of, each by itself', async () => {
    const { end, told, store } = watched()
    // One night of ten thousand entries is not what is usual.
    for (const filesUnchanged of [900, 900, 10_000, 900, 900]) {
      await end(plan(), 'incremental', summary('p', { filesUnchanged }))
    }
    await end(plan(), 'incremental', summary('same', { filesUnchanged: 851 }))
    expect(await told()).toEqual([])
    await end(plan(), 'incremental', summary('less', { filesUnchanged: 849 }))
    await end(plan(), 'incremental', summary('lesser', { filesUnchanged: 800 }))
    expect(await told()).toEqual(['coverage active', 'coverage active'])
    const [last] = await store.list({ instance: INSTANCE, limit: 1 })
    expect(last?.message).toMatch(/it holds 900 entries where there usually are 1,000/)
  })

  test('without one of its sources is told of, also the first', async () => {
    const { end, store } = watched()
    await end(plan(), 'incremental', summary('p', { errors: 1, troubles: { missing: 1 } }))
    const told = await store.list({ instance: INSTANCE, limit: 9 })
    expect(told.map(({ category }) => category)).toEqual(['coverage'])
    expect(told[0]?.message).toMatch(/1 source of it is not there/)
  })

  test('that lacks what could not be read is told of until one lacks nothing', async () => {
    const { end, told } = watched()
    await end(plan(), 'incremental', summary('p', { errors: 3, troubles: { denied: 3 } }))
    expect(await told()).toEqual(['failure active'])
    await end(plan(), 'incremental', summary('q'))
    expect(await told()).toEqual(['recovery resolved', 'failure resolved'])
  })

  test('that is suspect is told of with what makes it so', async () => {
    const { end, store } = watched()
    await end(
      plan(),
      'incremental',
      summary('abcdef0123456789', { suspect: [{ reason: 'fewer-files', usual: 900, found: 20 }] }),
    )
    const [told] = await store.list({ instance: INSTANCE, limit: 9 })
    expect(told).toMatchObject({ category: 'tripwire', priority: 'high', title: 'nightly: point abcdef01 is suspect' })
    expect(told?.message).toMatch(/20 files where there usually are 900/)
  })

  test('whose summary another program wrote is not taken for one', async () => {
    const { end, told } = watched()
    for (const summary of [null, 'text', [], { point: 'p' }, { point: 'p', filesNew: -1 }]) {
      await end(plan(), 'incremental', { summary })
    }
    expect(await told()).toEqual([])
  })
})

test('no point for longer than promised is told of, and the next point ends that', async () => {
  const { clock, end, told, watch } = watched()
  const sinceMs = clock.ms
  const look = async (): Promise<void> => watch.look(plan(), { sinceMs, nowMs: clock.ms })
  clock.ms += 71 * HOUR_MS
  await look()
  expect(await told()).toEqual([])
  clock.ms += 2 * HOUR_MS
  await look()
  await look()
  expect(await told()).toEqual(['no-success active'])
  await watch.look({ ...plan(), name: 'paused', paused: true }, { sinceMs, nowMs: clock.ms })
  await end(plan(), 'incremental', summary('p'))
  expect(await told()).toEqual(['recovery resolved', 'no-success resolved'])
  clock.ms += 71 * HOUR_MS
  await look()
  expect(await told()).toHaveLength(2)
})

test('a store that is nearly full is told of until it has room again', async () => {
  const { told, watch } = watched()
  const measured = async (freeBytes: number): Promise<void> =>
    watch.spaceMeasured(plan(), { repository: 'disk', freeBytes, totalBytes: 2 ** 38 })
  await measured(2 ** 37)
  expect(await told()).toEqual([])
  await measured(2 ** 33)
  expect(await told()).toEqual(['store-full active'])
  await measured(2 ** 37)
  expect(await told()).toEqual(['recovery resolved', 'store-full resolved'])
})

test('a promise of recovery that is missed is told of until it is kept', async () => {
  const { told, watch } = watched()
  await watch.recoveryProven(plan(), HOUR_MS)
  expect(await told()).toEqual([])
  await watch.recoveryProven(plan(), 3 * HOUR_MS)
  expect(await told()).toEqual(['promise active'])
  await watch.recoveryProven(plan(), HOUR_MS)
  expect(await told()).toEqual(['recovery resolved', 'promise resolved'])
})

test('a job of a step that the plan has no more says nothing', async () => {
  const { end, told, watch } = watched()
  const job = await end(plan(), 'gone', {}, 'errored')
  await watch.jobEnded({ ...job, id: 99 as JobId }, plan())
  expect(await told()).toEqual([])
})
