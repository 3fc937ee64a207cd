import { renameSync } from 'node:fs'

import { test } from 'vitest'

import { dashboardIn, placeWithPlan } from '../support/plan-place.ts'

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
