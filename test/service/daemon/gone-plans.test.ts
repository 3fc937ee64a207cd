import { writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { present } from '../../../src/base/assert.ts'
import type { Notification } from '../../../src/service/notifications/notification.ts'
import { INSTANCE, SimulatedDaemon } from '../../support/simulated-daemon.ts'

const DAY_MS = 24 * 3_600_000
const FAILS = { exitCode: 2, event: { type: 'error', code: 'SOURCE_NOT_FOUND', message: '/home/ada is not there' } }

function configuration(steps: string): string {
  return `plans:\n  home:\n    sources: /home/ada\n    repository: /srv/a\n    trigger: '@at 2:00'\n    steps: [${steps}]\n`
}

/** A daemon of whose plan it was said that it fails. */
async function failing() {
  const daemon = new SimulatedDaemon({
    configuration: configuration('incremental'),
    nowMs: Date.UTC(2026, 5, 1, 12),
    timeZone: 'UTC',
  })
  daemon.runner.outcome = () => FAILS
  const loop = await daemon.start()
  await daemon.pass(DAY_MS)
  const [failure] = await daemon.holding()
  const { id } = present(failure, 'what holds')
  return {
    daemon,
    loop,
    configure: async (text: string): Promise<Notification> => {
      writeFileSync(daemon.configFile, text)
      expect(await loop.reload()).toBe(undefined)
      await daemon.settle()
      return present(await daemon.notifications.get(id), 'what was said')
    },
    /** How many there ever were. */
    count: async () => (await daemon.notifications.list({ instance: INSTANCE, limit: 100 })).length,
  }
}

test.each([
  ['plan', 'plans: {}\n'],
  ['step', configuration('full')],
])('what was said of a %s that is configured no longer is over, and nobody is told of that', async (_, changed) => {
  const { configure, count } = await failing()
  expect(await configure(changed)).toMatchObject({ key: 'failure home incremental', state: 'resolved' })
  expect(await count()).toBe(1)
})

test('so is what somebody has seen', async () => {
  const { configure, daemon, loop } = await failing()
  for (const { id } of await daemon.holding()) await loop.acknowledge(id)
  expect(await configure('plans: {}\n')).toMatchObject({ state: 'resolved' })
})

test('what was said of a plan holds while others come and go', async () => {
  const { configure } = await failing()
  const other = '  other: { sources: /a, repository: /srv/a, trigger: [], steps: [full] }\n'
  for (const text of [`${configuration('incremental')}${other}`, configuration('incremental')]) {
    expect(await configure(text)).toMatchObject({ state: 'active' })
  }
})

test('what was said of a plan that was taken out while no daemon ran is over when the next one begins', async () => {
  const { daemon } = await failing()
  await daemon.stop()
  writeFileSync(daemon.configFile, 'plans: {}\n')
  await daemon.start()
  expect(await daemon.holding()).toEqual([])
})
