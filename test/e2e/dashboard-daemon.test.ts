import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { PROGRAM } from '../support/cli.ts'
import { DaemonPlace } from '../support/daemon-place.ts'
import { eventually } from '../support/eventually.ts'
import { Terminal } from '../support/terminal.ts'

/** A place with one repository and a plan, whose backups wait until a file called `go` is there. */
async function placeWithPlan(plan: string): Promise<DaemonPlace> {
  const place = new DaemonPlace()
  writeFileSync(join(place.source, 'file'), 'content')
  place.configure({ disk: place.repository }, '')
  await place.succeed(['init', '-r', 'disk', '--no-recovery', '--kdf-memory', '8M'])
  place.configure(
    { disk: place.repository },
    `plans:
  home:
    sources: ${place.source}
    repository: disk
    trigger: '@cron * * * * * *'
    paused: true
    steps: [incremental: 1 hour]
    ${plan}
`,
  )
  return place
}

function dashboardIn(place: DaemonPlace): Terminal {
  return new Terminal(`${process.execPath} ${PROGRAM}`, place.environment)
}

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
  await second.waitFor(/the daemon is gone since/)
  // The one that comes next takes over what it left.
  await place.startDaemon()
  await second.waitFor(/run by the daemon/)
  writeFileSync(go, '')
  await second.waitFor(/done +backup/)
  const [job] = await place.jobs()
  expect(job?.runs).toBeGreaterThan(1)

  second.press('1')
  await second.waitFor(/disk: 1 points?/)
  second.press('c')
  const checked = await eventually(
    () => place.jobs(),
    (jobs) => jobs[1]?.state === 'done',
  )
  expect(checked).toMatchObject([{ command: 'backup' }, { command: 'check', state: 'done' }])
  second.press('q')
  // Nothing runs in it, so that it does not ask.
  await second.waitFor(/exit code 0/)
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
