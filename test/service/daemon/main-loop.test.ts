import { writeFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { StorageError } from '../../../src/base/errors.ts'
import { decodeCommandMessage } from '../../../src/service/jobs/command-message.ts'
import type { JobStore } from '../../../src/service/jobs/job-store.ts'
import type { Job } from '../../../src/service/jobs/job.ts'
import { withOther } from '../../support/job-fixture.ts'
import { INSTANCE, SimulatedDaemon } from '../../support/simulated-daemon.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const NOON = Date.UTC(2026, 5, 1, 12)

function daemon(plan: string): SimulatedDaemon {
  return new SimulatedDaemon({ configuration: configuration(plan), nowMs: NOON, timeZone: 'UTC' })
}

function configuration(plan: string): string {
  return `plans:\n  home:\n    sources: /home/ada\n    repository: /srv/a\n    ${plan.replaceAll('\n', '\n    ')}\n`
}

const NIGHTLY = "trigger: '@at 2:00'\nsteps: [incremental]"

async function jobsOf(d: SimulatedDaemon): Promise<readonly Job[]> {
  const { jobs } = await d.jobs.list({ instance: INSTANCE, limit: 1000 })
  return jobs.toReversed()
}

async function statesOf(d: SimulatedDaemon): Promise<string[]> {
  return (await jobsOf(d)).map(({ state }) => state)
}

/** Titles of all notifications that ever were, the oldest first. */
async function titlesOf(d: SimulatedDaemon): Promise<string[]> {
  const kept = await d.notifications.list({ instance: INSTANCE, limit: 1000 })
  return kept.map(({ title }) => title).toReversed()
}

const FAILS = { exitCode: 2, event: { type: 'error', code: 'SOURCE_NOT_FOUND', message: '/home/ada is not there' } }

test('steps follow each other in the order of their plan, each once', async () => {
  const d = daemon(
    "trigger: '@at 2:00'\nsteps:\n  - incremental\n  - copy: /srv/b\n  - forget: { keep-last: 3 }\n  - prune",
  )
  await d.start()
  await d.pass(DAY_MS)
  expect(d.runner.calls.map(({ words }) => words[0])).toEqual(['backup', 'copy', 'forget', 'prune'])
  await d.pass(DAY_MS)
  expect(d.runner.calls).toHaveLength(8)
})

test('a job starts at the very moment at which it is due', async () => {
  const d = daemon(NIGHTLY)
  await d.start()
  await d.pass(3 * DAY_MS)
  const due = [1, 2, 3].map((days) => NOON - 10 * HOUR_MS + days * DAY_MS)
  expect(d.runner.calls.map(({ atMs }) => atMs)).toEqual(due)
})

describe('what is told', () => {
  test('a source that is gone is told once, as long as it is gone, and its return once', async () => {
    const d = daemon(NIGHTLY)
    d.runner.outcome = () => FAILS
    await d.start()
    await d.pass(3 * DAY_MS)
    expect(await statesOf(d)).toEqual(['errored', 'errored', 'errored'])
    expect(await titlesOf(d)).toEqual(['home: incremental failed'])
    expect((await d.holding())[0]).toMatchObject({
      count: 3,
      message: expect.stringContaining('/home/ada is not there') as string,
    })
    d.runner.outcome = () => ({})
    await d.pass(2 * DAY_MS)
    expect(await titlesOf(d)).toEqual(['home: incremental failed', 'Over: home: incremental failed'])
    expect(await d.holding()).toEqual([])
  })

  test('a job that ended while nobody looked is told by the next daemon, once', async () => {
    const d = daemon(`${NIGHTLY}\nnotify: { on: [success] }`)
    await d.start({ jobs: withOther(d.jobs, { untold: async () => [] }) })
    await d.pass(DAY_MS)
    expect(await titlesOf(d)).toEqual([])
    await d.stop()
    await d.start()
    await d.stop()
    await d.start()
    expect(await titlesOf(d)).toEqual(['home: incremental done'])
  })

  test('a daemon that was killed between telling and noting that it told says nothing twice', async () => {
    const d = daemon(`${NIGHTLY}\nnotify: { on: [success] }`)
    let isDead = false
    const untold: JobStore['untold'] = async (instance) => (isDead ? [] : d.jobs.untold(instance))
    const told: JobStore['told'] = async () => void (isDead = true)
    await d.start({ jobs: withOther(d.jobs, { untold, told }) })
    await d.pass(DAY_MS)
    expect(await titlesOf(d)).toEqual(['home: incremental done'])
    await d.stop()
    await d.start()
    expect(await titlesOf(d)).toEqual(['home: incremental done'])
    expect(await d.jobs.untold(INSTANCE)).toEqual([])
  })

  test('no point for longer than promised is told by the hour, without a job that ends', async () => {
    const d = daemon('trigger: []\nsteps: [incremental]\npromise: { no-success-since: 2 days }')
    await d.start()
    await d.pass(2 * DAY_MS)
    expect(await titlesOf(d)).toEqual([])
    await d.pass(2 * HOUR_MS)
    expect(await titlesOf(d)).toEqual(['home: no point for 2 d 02 h'])
  })

  test('a store that is nearly full is told after the backup that made it so', async () => {
    const d = daemon(NIGHTLY)
    d.space = async () => ({ free: 1 << 30, total: 2 ** 40 })
    await d.start()
    await d.pass(DAY_MS)
    expect(await titlesOf(d)).toEqual(['/srv/a is nearly full: 1.0 GiB free'])
  })

  test('so is one that a copy filled', async () => {
    const d = daemon("trigger: '@at 2:00'\nsteps:\n  - copy: /srv/b")
    d.space = async (repository) => (repository === '/srv/b' ? { free: 1 << 30, total: 2 ** 40 } : undefined)
    await d.start()
    await d.pass(DAY_MS)
    expect(await titlesOf(d)).toEqual(['/srv/b is nearly full: 1.0 GiB free'])
  })

  test('a restore that would take longer than promised is told when it was proven', async () => {
    const d = daemon("trigger: '@at 2:00'\nsteps: [prove]\npromise: { recovery: 1 min }")
    d.runner.outcome = () => ({ event: { type: 'summary', proven: true, wouldTakeMs: 600_000 } })
    await d.start()
    await d.pass(DAY_MS)
    expect(await titlesOf(d)).toEqual(['home: a restore would take 10 min 00 s'])
    const [plan] = await d.loop!.plans()
    expect(plan?.proof).toEqual({ atMs: NOON + 14 * HOUR_MS + 1000, wouldTakeMs: 600_000, repository: '/srv/a' })
  })
})

describe('a repository that is locked', () => {
  test('has its jobs wait, says so, and has them run when it is unlocked', async () => {
    const d = daemon(NIGHTLY)
    d.locked.add('/srv/a')
    const loop = await d.start()
    await d.pass(3 * DAY_MS)
    expect(d.runner.calls).toEqual([])
    const [job, ...others] = await jobsOf(d)
    expect(others).toEqual([])
    expect(job).toMatchObject({ state: 'queued', runs: 0, failures: 0 })
    expect(await loop.lockedFor([job!])).toEqual(new Map([[job!.id, '/srv/a']]))
    expect((await loop.status()).locked).toEqual(['/srv/a'])
    expect(await titlesOf(d)).toEqual(['/srv/a is locked: its jobs wait'])
    await d.stop()
    await d.start()
    expect(await titlesOf(d)).toHaveLength(1)
    d.locked.clear()
    d.loop!.keysChanged()
    await d.pass(MINUTE_MS)
    expect((await jobsOf(d))[0]?.state).toBe('done')
    expect(await d.holding()).toEqual([])
  })

  test('has what is queued while it is looked at wait as well', async () => {
    const d = daemon('trigger: []\nsteps: [incremental]')
    let isAdded = false
    const canOpen = async (): Promise<boolean> => {
      if (!isAdded) {
        isAdded = true
        await d.loop!.ask({ words: ['check'], repository: '/srv/a' })
      }
      return false
    }
    const loop = await d.start({ keys: { canOpen } })
    await loop.runPlan('home')
    await d.pass(HOUR_MS)
    expect(await jobsOf(d)).toMatchObject([
      { state: 'queued', runs: 0 },
      { state: 'queued', runs: 0 },
    ])
    expect(d.runner.calls).toEqual([])
  })

  test('has nobody else wait', async () => {
    const d = daemon(NIGHTLY)
    writeFileSync(
      d.configFile,
      `${configuration(NIGHTLY)}${configuration(NIGHTLY).replace('plans:\n  home', '  work').replace('/srv/a', '/srv/b')}`,
    )
    d.locked.add('/srv/a')
    await d.start()
    await d.pass(DAY_MS)
    expect(d.runner.calls.map(({ words }) => words[2])).toEqual(['--repository=/srv/b'])
  })
})

describe('a repository that cannot be reached', () => {
  const AWAY = {
    exitCode: 1,
    event: { type: 'error', code: 'STORE_UNAVAILABLE', message: 'no answer', transient: true },
  }

  test('has its job wait and try again', async () => {
    const d = daemon(NIGHTLY)
    d.runner.outcome = () => (d.runner.calls.length < 3 ? AWAY : {})
    await d.start()
    await d.pass(DAY_MS)
    expect(await jobsOf(d)).toMatchObject([{ state: 'done', runs: 3, failures: 2 }])
    expect(await titlesOf(d)).toEqual([])
  })

  test('is told when trying does not help, and the next firing comes all the same', async () => {
    const d = daemon(NIGHTLY)
    d.runner.outcome = () => AWAY
    await d.start()
    await d.pass(DAY_MS)
    expect(await jobsOf(d)).toMatchObject([{ state: 'errored', runs: 4 }])
    expect(await titlesOf(d)).toEqual(['home: incremental failed'])
    d.runner.outcome = () => ({})
    await d.pass(DAY_MS)
    expect(await statesOf(d)).toEqual(['errored', 'done'])
  })
})

describe('clocks', () => {
  test('that are set back cost one run too many at most, and plans go on', async () => {
    const d = daemon(NIGHTLY)
    await d.start()
    await d.pass(3 * DAY_MS)
    expect(d.runner.calls).toHaveLength(3)
    d.time.jump(-2 * DAY_MS)
    await d.pass(4 * DAY_MS)
    expect(d.runner.calls.length - 3).toBeGreaterThanOrEqual(4)
    expect(d.runner.calls.length - 3).toBeLessThanOrEqual(5)
  })

  test('that jump ahead, as after a suspend, have what was missed caught up once', async () => {
    const d = daemon(NIGHTLY)
    await d.start({ lookMs: MINUTE_MS })
    await d.pass(HOUR_MS)
    d.time.jump(30 * DAY_MS)
    await d.pass(2 * MINUTE_MS)
    expect(d.runner.calls).toHaveLength(1)
    expect(d.time.nowMs() - d.runner.calls[0]!.atMs).toBeLessThanOrEqual(2 * MINUTE_MS)
  })
})

describe('events', () => {
  const WAITING = "trigger: ['@event deployed', '@boot']\nsteps: [incremental]"

  test('start the plans that wait for them, several at once one run', async () => {
    const d = daemon(WAITING)
    const loop = await d.start()
    await d.pass(HOUR_MS)
    expect(await loop.raiseEvent('other')).toEqual([])
    expect(await loop.raiseEvent('deployed', { version: 1 })).toEqual(['home'])
    expect(await loop.raiseEvent('deployed', { version: 2 })).toEqual(['home'])
    await d.pass(HOUR_MS)
    expect(d.runner.calls).toHaveLength(1)
    expect(await d.jobs.raised(INSTANCE)).toContainEqual(expect.objectContaining({ about: { version: 2 } }))
  })

  test('that are raised while the daemon starts wait until its plans are known', async () => {
    const d = daemon(WAITING)
    const gate = Promise.withResolvers<undefined>()
    const raised: JobStore['raised'] = async (instance) => gate.promise.then(() => d.jobs.raised(instance))
    const started = d.start({ jobs: withOther(d.jobs, { raised }) })
    const [raising, running] = [d.loop?.raiseEvent('deployed'), d.loop?.runPlan('home')]
    gate.resolve(undefined)
    expect(await raising).toEqual(['home'])
    expect(await running).toHaveLength(1)
    await started
  })

  test('are told to hooks, but of runs that they started alone', async () => {
    const d = daemon(WAITING.replace("'@boot'", "'@at 2:00'"))
    const loop = await d.start()
    await d.pass(HOUR_MS)
    await loop.raiseEvent('deployed', { version: 1 })
    await d.pass(DAY_MS)
    await loop.runPlan('home')
    await d.pass(HOUR_MS)
    const inputs = (await jobsOf(d)).map(({ message }) => decodeCommandMessage(message).hookInput)
    expect(inputs.slice(1)).toEqual([undefined, undefined])
    expect(JSON.parse(inputs[0] ?? '')).toMatchObject({ trigger: 'event', name: 'deployed', about: { version: 1 } })
  })

  test('that cannot be are refused', async () => {
    const loop = await daemon(WAITING).start()
    await expect(loop.raiseEvent('a b')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    await expect(loop.raiseEvent('deployed', 'x'.repeat(100_000))).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  })

  test('of a start of the machine are raised once for each, and not for the one before there was a daemon', async () => {
    const d = daemon(WAITING)
    await d.start()
    await d.pass(HOUR_MS)
    expect(d.runner.calls).toHaveLength(0)
    for (const [bootId, runs] of [
      ['second', 1],
      ['second', 1],
      ['third', 2],
    ] as const) {
      await d.stop()
      d.bootId = bootId
      await d.pass(HOUR_MS)
      await d.start()
      await d.pass(HOUR_MS)
      expect(d.runner.calls).toHaveLength(runs)
    }
  })
})

describe('the configuration', () => {
  test('that is wrong is told with line and key, and what was in force stays so until it is right', async () => {
    const d = daemon(NIGHTLY)
    const loop = await d.start()
    writeFileSync(d.configFile, configuration(NIGHTLY).replace('@at 2:00', '@at 25:00'))
    expect((await loop.reload())?.message).toContain('plans.home.trigger')
    await d.pass(DAY_MS)
    expect(d.runner.calls).toHaveLength(1)
    expect((await d.holding())[0]).toMatchObject({
      key: 'configuration',
      message: expect.stringContaining('line 5') as string,
    })
    expect((await loop.status()).mistake?.message).toContain('plans.home.trigger')
    const mistakes = d.problems.map((problem) => (problem as Error).message)
    expect(mistakes).toEqual([expect.stringMatching(/line 5.*plans\.home\.trigger/)])
    writeFileSync(d.configFile, configuration(NIGHTLY.replace('2:00', '1:00')))
    expect(await loop.reload()).toBe(undefined)
    await d.pass(DAY_MS)
    expect(await d.holding()).toEqual([])
    expect(d.runner.calls.map(({ atMs }) => new Date(atMs).getUTCHours())).toEqual([2, 1])
  })

  test('that is wrong when the daemon starts has it forget nothing of its plans', async () => {
    const d = daemon(NIGHTLY)
    await d.start()
    await d.stop()
    writeFileSync(d.configFile, 'plans: {')
    await d.start({ kept: { load: () => undefined, save: () => undefined } })
    await d.pass(2 * DAY_MS)
    writeFileSync(d.configFile, configuration(NIGHTLY))
    await d.loop!.reload()
    await d.pass(MINUTE_MS)
    // What was missed meanwhile.
    expect(d.runner.calls).toHaveLength(1)
  })

  test('has plans paused and go on, and what was missed is caught up once', async () => {
    const d = daemon(NIGHTLY)
    const loop = await d.start()
    await loop.pausePlan('home', true)
    await d.pass(3 * DAY_MS)
    expect(d.runner.calls).toEqual([])
    await loop.pausePlan('home', false)
    await d.pass(MINUTE_MS)
    expect(d.runner.calls).toHaveLength(1)
    await expect(loop.pausePlan('hone', true)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  })
})

test('a daemon that is stopped queues what runs again, and the next one runs it at once', async () => {
  const d = daemon(NIGHTLY)
  d.runner.outcome = () => ({ durationMs: 3 * MINUTE_MS })
  await d.start()
  await d.pass(14 * HOUR_MS + MINUTE_MS)
  expect(await statesOf(d)).toEqual(['running'])
  await d.stop()
  expect(await jobsOf(d)).toMatchObject([{ state: 'queued', interruptions: 1, failures: 0 }])
  await d.start()
  await d.pass(2 * HOUR_MS)
  expect(await jobsOf(d)).toMatchObject([{ state: 'done', runs: 2 }])
  expect(d.runner.calls).toHaveLength(2)
})

test('a full disk under the stores has nothing lost: what is due is added when there is room again', async () => {
  const d = daemon(NIGHTLY)
  let isFull = true
  const add: JobStore['add'] = async (job, nowMs) => {
    if (isFull) throw new StorageError('STORE_FULL', 'no room', { retry: 'transient' })
    return d.jobs.add(job, nowMs)
  }
  await d.start({ jobs: withOther(d.jobs, { add }) })
  await d.passTo(NOON + 14 * HOUR_MS + 5 * MINUTE_MS)
  expect(d.runner.calls).toEqual([])
  expect(d.problems[0]).toMatchObject({ code: 'STORE_FULL' })
  isFull = false
  await d.pass(MINUTE_MS)
  expect(await statesOf(d)).toEqual(['done'])
})

test('what is over for long is forgotten, but not what the schedule has to know', async () => {
  const d = daemon("trigger: '@at 2:00'\nsteps:\n  - incremental\n  - verify: 5%\n    every: 9 months")
  await d.start({ tidyMs: DAY_MS })
  await d.pass(95 * DAY_MS)
  const jobs = await jobsOf(d)
  expect(jobs.length).toBeLessThan(94)
  expect(jobs[0]).toMatchObject({ step: 'verify', state: 'done' })
  expect(d.callsOf('check')).toHaveLength(1)
})

test('what somebody asks for runs at once, or when its repository is unlocked; an interrupted restore not again', async () => {
  const d = daemon(NIGHTLY)
  d.locked.add('/srv/a')
  d.runner.outcome = () => ({ durationMs: 10 * MINUTE_MS })
  const loop = await d.start()
  const restore = await loop.ask({ words: ['restore', '--in-place', '--', 'p'], repository: '/srv/a', input: '{}' })
  await loop.ask({ words: ['check'], repository: '/srv/a' })
  await d.settle()
  expect(await loop.lockedFor([restore])).toEqual(new Map([[restore.id, '/srv/a']]))
  expect(d.runner.calls).toEqual([])
  d.locked.clear()
  loop.keysChanged()
  await d.settle()
  expect(d.runner.calls.map(({ words }) => words)).toEqual([
    ['restore', '--json', '--repository=/srv/a', '--in-place', '--', 'p'],
    ['check', '--json', '--repository=/srv/a'],
  ])
  await d.stop()
  await d.start()
  await d.pass(HOUR_MS)
  expect(d.callsOf('restore')).toHaveLength(1)
  expect(d.callsOf('check')).toHaveLength(2)
  expect(await jobsOf(d)).toMatchObject([
    { state: 'errored', result: { error: { code: 'INTERRUPTED' } } },
    { state: 'done' },
  ])
})
