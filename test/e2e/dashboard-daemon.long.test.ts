import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { dashboardIn, placeWithPlan } from '../support/plan-place.ts'

test('a backup whose daemon is killed comes to its end alone, and the dashboard records that it did', async () => {
  const place = await placeWithPlan('')
  const go = join(place.folder, 'go')
  const plan = {
    ...{ 'from-command': ['sh', '-c', `until [ -e ${go} ]; do sleep 0.1; done; echo dump`], file: 'dump' },
    ...{ repository: 'disk', trigger: '@event go', steps: ['incremental'] },
  }
  place.configure({ disk: place.repository }, `plans: ${JSON.stringify({ dump: plan })}\n`)
  const daemon = await place.startDaemon()
  const terminal = dashboardIn(place)
  await terminal.waitFor(/disk: 0 points/)
  await place.succeed(['event', 'go'])
  terminal.press('7')
  await terminal.waitFor(/runs +backup/)
  daemon.kill('SIGKILL')
  await terminal.waitFor(/alone +backup/)
  writeFileSync(go, '')
  await terminal.waitFor(/done +backup/)
  expect(await place.jobs()).toMatchObject([{ state: 'done', runs: 1 }])
  expect(JSON.parse((await place.succeed(['points', '-r', 'disk', '--json'])).stdout)).toHaveLength(1)
  terminal.press('q')
  await terminal.waitFor(/exit code 0/)
})

test('a schedule fires while its plan is shown, and a store that is lost and found again is told', async () => {
  const place = await placeWithPlan('')
  await place.startDaemon()
  const terminal = dashboardIn(place)
  await terminal.waitFor(/disk: 0 points/)
  terminal.press('5')
  await terminal.waitFor(/› home +paused +not run yet/)
  terminal.press('p')
  await terminal.waitFor(/› home .*done /)
  terminal.press('1')
  await terminal.waitFor(/disk: 1 points?/)

  renameSync(place.repository, `${place.repository}-away`)
  terminal.press('C-r')
  await terminal.waitFor(/disk: unreachable since/)
  renameSync(`${place.repository}-away`, place.repository)
  await terminal.waitFor(/disk: 1 points?/)
  terminal.press('q')
  await terminal.waitFor(/exit code 0/)
})
