import { describe, expect, test } from 'vitest'

import type { DaemonEvent } from '../../../src/service/daemon/daemon.ts'
import type { Job } from '../../../src/service/jobs/job.ts'
import { INSTANCE, SimulatedDaemon } from '../../support/simulated-daemon.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const NOON = Date.UTC(2026, 5, 1, 12)

function daemon(plan: string): SimulatedDaemon {
  const lines = `sources: /home/ada\nrepository: /srv/a\n${plan}`.replaceAll('\n', '\n    ')
  return new SimulatedDaemon({ configuration: `plans:\n  home:\n    ${lines}\n`, nowMs: NOON, timeZone: 'UTC' })
}

async function jobsOf(d: SimulatedDaemon): Promise<readonly Job[]> {
  return (await d.jobs.list({ instance: INSTANCE, limit: 1000 })).jobs.toReversed()
}

async function statesOf(d: SimulatedDaemon): Promise<string[]> {
  return (await jobsOf(d)).map(({ state }) => state)
}

test('a new plan begins with its full point, and its next firing makes an incremental one', async () => {
  const d = daemon("trigger: '@at 2:00'\nsteps:\n  - full: 4 weeks\n  - incremental")
  const loop = await d.start()
  await loop.runPlan('home')
  await d.pass(DAY_MS)
  expect((await jobsOf(d)).map(({ step, state }) => [step, state])).toEqual([
    ['full', 'done'],
    ['incremental', 'done'],
  ])
})

test('a plan is run at once, a step that is under way not twice, and a job is cancelled and resumed', async () => {
  const d = daemon(
    'trigger: []\nsteps: [full: 4 weeks, incremental: 1 day, forget: { keep-last: 1 }]'.replace(
      '[full: 4 weeks, incremental: 1 day, forget: { keep-last: 1 }]',
      '\n  - full: 4 weeks\n  - incremental: 1 day\n  - forget: { keep-last: 1 }',
    ),
  )
  d.runner.outcome = () => ({ durationMs: 3 * MINUTE_MS })
  const loop = await d.start()
  const events: DaemonEvent[] = []
  const end = loop.subscribe((event) => void events.push(event))
  const asked = await loop.runPlan('home')
  expect(asked.map(({ step }) => step)).toEqual(['full', 'forget'])
  expect((await loop.runPlan('home')).map(({ id }) => id)).toEqual(asked.map(({ id }) => id))
  await d.pass(MINUTE_MS)
  expect(await statesOf(d)).toEqual(['running', 'queued'])
  await loop.cancelJob(asked[0]!.id)
  await d.pass(10_000)
  expect(await statesOf(d)).toEqual(['cancelled', 'cancelled'])
  for (const { id } of asked) await loop.resumeJob(id)
  await d.pass(HOUR_MS)
  expect(await statesOf(d)).toEqual(['done', 'done'])
  expect(events).toContainEqual({ type: 'job', job: asked[0]!.id })
  end()
  expect((await loop.runPlan('home')).map(({ step }) => step)).toEqual(['incremental', 'forget'])
  await expect(loop.runPlan('home', 'prune')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  await expect(loop.runPlan('hone')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})

describe('what is behind a step in the same run of a plan', () => {
  const STEPS = 'trigger: []\nsteps:\n  - incremental\n  - copy: /srv/b\n  - forget: { keep-last: 1 }\n  - prune'
  const ORDER = ['backup', 'copy', 'forget', 'prune']

  /** The commands that were run, in their order. */
  function commandsOf(d: SimulatedDaemon): (string | undefined)[] {
    return d.runner.calls.map(({ words }) => words[0])
  }

  test('waits for one that the end of the daemon interrupted', async () => {
    const d = daemon(STEPS)
    d.runner.outcome = () => ({ durationMs: 3 * MINUTE_MS })
    const loop = await d.start()
    await loop.runPlan('home')
    await d.pass(MINUTE_MS)
    await d.stop()
    expect(await statesOf(d)).toEqual(['queued', 'queued', 'queued', 'queued'])
    await d.start()
    await d.pass(HOUR_MS)
    expect(commandsOf(d)).toEqual(['backup', ...ORDER])
    expect(await statesOf(d)).toEqual(['done', 'done', 'done', 'done'])
  })

  test('waits for one that is tried again, and goes on when that has failed for good', async () => {
    const d = daemon(STEPS)
    const away = { type: 'error', code: 'STORE_UNAVAILABLE', message: 'no answer', transient: true }
    d.runner.outcome = () => (commandsOf(d).at(-1) === 'backup' ? { exitCode: 1, event: away } : {})
    const loop = await d.start()
    await loop.runPlan('home')
    await d.pass(HOUR_MS)
    expect(commandsOf(d)).toEqual(['backup', 'backup', 'backup', ...ORDER])
    expect(await statesOf(d)).toEqual(['errored', 'done', 'done', 'done'])
  })

  test('waits for one whose repository is locked', async () => {
    const d = daemon(STEPS)
    d.locked.add('/srv/b')
    const loop = await d.start()
    await loop.runPlan('home')
    await d.pass(HOUR_MS)
    expect(commandsOf(d)).toEqual(['backup'])
    d.locked.clear()
    loop.keysChanged()
    await d.pass(HOUR_MS)
    expect(commandsOf(d)).toEqual(ORDER)
  })

  test('waits for one that was under way when the rest was asked for, and not for a step that was asked for alone', async () => {
    const d = daemon(STEPS)
    d.locked.add('/srv/b')
    const loop = await d.start()
    await loop.runPlan('home', 'copy')
    await loop.runPlan('home', 'prune')
    await d.pass(HOUR_MS)
    expect(commandsOf(d)).toEqual(['prune'])
    d.locked.add('/srv/a')
    d.locked.delete('/srv/b')
    await loop.runPlan('home')
    d.locked.clear()
    loop.keysChanged()
    await d.pass(HOUR_MS)
    expect(commandsOf(d).toSorted()).toEqual(['backup', 'copy', 'forget', 'prune', 'prune'])
    expect(commandsOf(d).slice(-2)).toEqual(['forget', 'prune'])
  })
})
