import { expect, test } from 'vitest'

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
  expect(await statesOf(d)).toEqual(['cancelled', 'running'])
  await loop.resumeJob(asked[0]!.id)
  await d.pass(HOUR_MS)
  expect(await statesOf(d)).toEqual(['done', 'done'])
  expect(events).toContainEqual({ type: 'job', job: asked[0]!.id })
  end()
  expect((await loop.runPlan('home')).map(({ step }) => step)).toEqual(['incremental', 'forget'])
  await expect(loop.runPlan('home', 'prune')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  await expect(loop.runPlan('hone')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
})
