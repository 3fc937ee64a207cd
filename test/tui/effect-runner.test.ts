import { setTimeout } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { StorageError } from '../../src/base/errors.ts'
import { call } from '../../tui/state/call.ts'
import { EffectRunner } from '../../tui/state/effect-runner.ts'
import type { Event } from '../../tui/state/event.ts'
import type { FakeApplication } from '../support/fake-application.ts'
import { pointId, seededApplication } from '../support/seeded-application.ts'

interface Running {
  readonly runner: EffectRunner
  readonly events: Event[]
  readonly bugs: unknown[]
}

function running(application: FakeApplication): Running {
  const events: Event[] = []
  const bugs: unknown[] = []
  const runner = new EffectRunner({
    application: Promise.resolve(application),
    clock: { nowMs: () => 0, monotonicMs: () => performance.now() },
    dispatch: (event) => events.push(event),
    quit: () => undefined,
    repaint: () => undefined,
    onBug: (error) => bugs.push(error),
  })
  return { runner, events, bugs }
}

test('an answer is an event that says what was asked', async () => {
  const { runner, events } = running(seededApplication({ pointCount: 2 }))
  runner.run(call('shared:points', 'points', 'depot'))
  await expect.poll(() => events).not.toEqual([])
  expect(events).toMatchObject([{ kind: 'answer', method: 'points', args: ['depot'], isLast: true }])
})

test('a call in the same slot takes the place of the one before, which is stopped and not heard of again', async () => {
  const application = seededApplication({ pointCount: 2 })
  application.delaysMs.set('entries', 20)
  const { runner, events, bugs } = running(application)
  runner.run(call('browse:x', 'entries', 'depot', pointId(0), '/'))
  runner.run(call('browse:x', 'entries', 'depot', pointId(0), '/etc'))
  await expect.poll(() => events).not.toEqual([])
  expect(events).toMatchObject([{ kind: 'answer', args: ['depot', pointId(0), '/etc'] }])
  expect(bugs).toEqual([])
})

test('what is dropped or closed is not heard of', async () => {
  const application = seededApplication()
  application.delaysMs.set('points', 10)
  const { runner, events } = running(application)
  runner.run(call('shared:points', 'points', 'depot'))
  runner.run({ kind: 'drop', slot: 'shared:points' })
  runner.run(call('shared:points', 'points', 'depot'))
  runner.close()
  await setTimeout(30)
  expect(events).toEqual([])
})

test('an expected failure is an event with what to do next', async () => {
  const application = seededApplication()
  const failure = new StorageError('STORE_UNAVAILABLE', 'depot does not answer', { hint: 'Is it plugged in?' })
  application.failures.set('points', failure)
  const { runner, events } = running(application)
  runner.run(call('shared:points', 'points', 'depot'))
  await expect.poll(() => events).not.toEqual([])
  expect(events).toEqual([
    {
      kind: 'failure',
      slot: 'shared:points',
      method: 'points',
      problem: { code: 'STORE_UNAVAILABLE', message: 'depot does not answer', hint: 'Is it plugged in?' },
    },
  ])
})

test('a bug is no event: it goes to who ends the dashboard', async () => {
  const application = seededApplication()
  application.health = () => Promise.reject(new TypeError('a bug'))
  const { runner, events, bugs } = running(application)
  runner.run(call('shared:health', 'health'))
  await expect.poll(() => bugs).not.toEqual([])
  expect(bugs).toMatchObject([{ message: 'a bug' }])
  expect(events).toEqual([])
})

test('a long stream comes in parts', async () => {
  const { runner, events } = running(seededApplication({ pointCount: 1, manyFiles: 12_000 }))
  const selections = [{ path: '/home', overwrite: 'always' }] as const
  const request = { repository: 'depot', point: pointId(0), without: [], target: undefined, deleteOthers: false }
  runner.run(call('restore:preview', 'preview', { ...request, selections }))
  await expect.poll(() => events.some((event) => event.kind === 'answer' && event.isLast)).toBe(true)
  expect(events.length).toBeGreaterThanOrEqual(3)
  const items = events.flatMap((event) => (event.kind === 'answer' && event.method === 'preview' ? event.value : []))
  expect(items).toHaveLength(12_003)
})
