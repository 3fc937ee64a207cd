import { writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { SimulatedDaemon } from '../../support/simulated-daemon.ts'

const HOME = `plans:
  home: { sources: /home/ada, repository: /srv/a, trigger: '@at 2:00', steps: [incremental] }
`

function daemon(configuration: string): SimulatedDaemon {
  return new SimulatedDaemon({ configuration, nowMs: Date.UTC(2026, 5, 1, 12), timeZone: 'UTC' })
}

test('a configuration that is wrong when the daemon starts leaves that one in force which was right last', async () => {
  const d = daemon(HOME)
  await d.start()
  await d.stop()
  writeFileSync(d.configFile, 'plans: {')
  const loop = await d.start()
  await d.pass(2 * 86_400_000)
  expect(d.runner.calls).toHaveLength(2)
  expect(await d.holding()).toMatchObject([{ title: 'The configuration is wrong: an earlier one is in force' }])
  expect(await loop.plans()).toMatchObject([{ plan: { name: 'home' } }])
  expect(await loop.runPlan('home')).toHaveLength(1)
})

test('a configuration that was never right is told to be wrong by whatever asks for a plan', async () => {
  const d = daemon('plans: {')
  const loop = await d.start()
  expect(await d.holding()).toMatchObject([{ title: 'The configuration is wrong: no plan is in force' }])
  await expect(loop.runPlan('home')).rejects.toMatchObject({ code: 'BAD_CONFIGURATION' })
  await expect(loop.raiseEvent('go')).rejects.toMatchObject({ code: 'BAD_CONFIGURATION' })
  expect(await loop.plans()).toEqual([])
})
