import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { dashboardIn, placeWithPlan } from '../support/plan-place.ts'

test('a job of the dashboard goes on in the daemon when the dashboard is killed, and the next one finds it', async () => {
  const place = await placeWithPlan(`hooks: { before: 'until [ -e $GO ]; do sleep 0.1; done' }`)
  const go = join(place.folder, 'go')
  Object.assign(place.environment, { GO: go })
  const daemon = await place.startDaemon()
  const first = dashboardIn(place)
  await first.waitFor(/disk: 0 points/)
  first.press('5')
  await first.waitFor(/› home/)
  first.press('r')
  first.press('7')
  await first.waitFor(/run by the daemon[^]*runs +backup/)
  first.kill()
  expect(await place.jobs()).toMatchObject([{ command: 'backup', state: 'running', runs: 1 }])

  const second = dashboardIn(place)
  await second.waitFor(/disk: 0 points/)
  second.press('7')
  await second.waitFor(/runs +backup/)
  daemon.kill('SIGKILL')
  // What it had begun goes on alone, and nobody is told that all is as it was.
  await second.waitFor(/the daemon is gone since[^]*alone +backup/)
  await daemon.ended
  expect(JSON.parse((await place.succeed(['job', 'list', '--json'])).stdout)).toMatchObject([
    { state: 'running', interrupted: true, goesOn: true },
  ])
  // The one that comes next takes over what it left.
  await place.startDaemon()
  await second.waitFor(/run by the daemon/)
  writeFileSync(go, '')
  await second.waitFor(/done +backup/)
  const [job] = await place.jobs()
  expect(job?.runs).toBeGreaterThan(1)

  second.press('q')
  // Nothing runs in it, so that it does not ask.
  await second.waitFor(/exit code 0/)
})
