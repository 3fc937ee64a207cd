import { expect, test } from 'vitest'

import { KeyError, StorageError } from '../../src/base/errors.ts'
import { BACKUP, NIGHTLY } from '../support/busy-application.ts'
import { TestDashboard } from '../support/dashboard.ts'
import { FakeApplication } from '../support/fake-application.ts'
import { pointId, seededApplication, TEST_NOW_MS } from '../support/seeded-application.ts'

const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
] as const
function planned(): FakeApplication {
  const application = seededApplication()
  application.planList = [NIGHTLY]
  return application
}

test.each(SIZES)('plans at $columns x $rows: when they run next and how the last time went', async (size) => {
  const dashboard = new TestDashboard(planned(), size)
  await dashboard.press('5')
  const frame = await dashboard.shows('› nightly')
  expect(frame).toMatch(/› nightly +in 15 h +✓ done 9 h ago +depot +\/home\/arthur/)
  expect(frame).toContain('nightly: every day at 2:30')
  expect(frame).toContain('a restore takes 3 min 05 s, proven 1 d ago')
  expect(frame).toContain('verify 5 %: not run yet')
  expect(frame).toMatch(size.columns === 80 ? /1 Over 2 Poin 3 Brow 4 Rest\[5 Plans\]/ : /4 Restore \[5 Plans\]/)
  expect(dashboard.lines().at(-1)).toContain('r run now')
})

test.each(SIZES)(
  'a plan at $columns x $rows says in words when it runs, and marks the points that would go',
  async (size) => {
    const application = planned()
    const dashboard = new TestDashboard(application, size)
    await dashboard.press('5')
    await dashboard.shows('nightly')
    await dashboard.press('e')
    const frame = await dashboard.shows('The plan nightly')
    expect(frame).toMatch(/Keep last +3/)
    await dashboard.shows('Runs at every day at 2:30')
    await dashboard.shows(/Of 5 points 2 would go: ●●●××/)
    expect(dashboard.frame().match(/\d{4}-\d\d-\d\d \d\d:\d\d/g)?.length).toBeGreaterThanOrEqual(5)
    if (size.rows === 40) expect(dashboard.frame()).toContain(`× goes  2026-11-21 07:00 full ${pointId(0).slice(0, 8)}`)
  },
)

test('a plan is made: its folders are chosen in a list, what is wrong with it is said at the field', async () => {
  const application = seededApplication()
  application.folderList = ['arthur', 'berta', 'comma, here']
  const dashboard = new TestDashboard(application)
  await dashboard.press('5')
  await dashboard.shows('nothing is planned')
  await dashboard.press('n')
  await dashboard.shows('A new plan')
  await dashboard.press('ctrl+s')
  await dashboard.shows('✗ a plan needs a name')
  dashboard.send('home')
  await dashboard.press('tab')
  dashboard.send('\u000f')
  await dashboard.shows('berta/')
  application.failures.set('folders', new StorageError('STORE_DENIED', 'the folder cannot be read'))
  await dashboard.press('b', 'right')
  await dashboard.shows('/home/arthur/berta ✗ the folder cannot be read')
  application.failures.clear()
  await dashboard.press('left')
  await dashboard.shows('berta/')
  await dashboard.press('b', 'space', 'down', 'space', 'enter')
  await dashboard.shows('/home/arthur/comma\\, here')
  await dashboard.press('ctrl+s')
  await dashboard.shows('The plan home is saved.')
  expect(application.asked.findLast(({ method }) => method === 'savePlan')?.given).toMatchObject([
    { name: 'home', sources: ['/home/arthur/berta', '/home/arthur/comma, here'], repository: 'depot' },
    undefined,
  ])
})

test('a half filled form survives Esc with a question, and pasted controls are not obeyed', async () => {
  const dashboard = new TestDashboard(planned())
  await dashboard.press('5')
  await dashboard.shows('nightly')
  await dashboard.press('n')
  await dashboard.shows('A new plan')
  dashboard.paste('weird\u001b[2Jname\r\nq')
  await dashboard.shows('weird [2Jname q')
  await dashboard.press('esc')
  await dashboard.shows('Leave this form?')
  await dashboard.press('n')
  await dashboard.shows('weird [2Jname q')
  await dashboard.press('ctrl+c')
  await dashboard.shows('A plan is half filled in.')
  await dashboard.press('n', 'esc')
  await dashboard.shows('Leave this form?')
  await dashboard.press('y')
  await dashboard.shows('› nightly')
})

test('a plan is run, paused and removed, the last after a yes', async () => {
  const application = planned()
  const dashboard = new TestDashboard(application)
  await dashboard.press('5')
  await dashboard.shows('nightly')
  await dashboard.press('r')
  await dashboard.shows('nightly runs')
  await dashboard.press('p')
  await dashboard.shows(/nightly +paused/)
  await dashboard.press('x')
  await dashboard.shows('Remove the plan nightly?')
  await dashboard.press('y')
  await dashboard.shows('nothing is planned')
})

test.each(SIZES)(
  'drivers at $columns x $rows: where repositories live, and since when one is not reached',
  async (size) => {
    const application = seededApplication()
    const [depot] = application.repositoryList
    application.repositoryList.push({
      ...depot!,
      name: 'attic',
      url: 'sftp://arthur@attic/~/backup',
      driver: 'sftp',
      isDefault: false,
      state: {
        kind: 'unreachable',
        sinceMs: TEST_NOW_MS - 3_600_000,
        message: 'no route to host',
        hint: 'Is it switched on?',
      },
    })
    const dashboard = new TestDashboard(application, size)
    await dashboard.press('6')
    await dashboard.shows('attic')
    await dashboard.press('down')
    const frame = await dashboard.shows('✗ since 2026-11-21')
    expect(frame).toContain('no route to host — Is it switched on?')
    expect(frame).toMatch(/depot +local +5 points +\/srv\/depot/)
    expect(frame).toMatch(/› .*attic +sftp +unreachable 1 h ago/)
  },
)

test('the test of a store is shown as it runs, and what opens a repository in a list', async () => {
  const application = seededApplication()
  application.delaysMs.set('testDriver', 150)
  application.slotList = [
    { id: '1', kind: 'password', scope: 'full', isCurrent: true, label: 'laptop', createdMs: TEST_NOW_MS },
    { id: '2', kind: 'recovery-code', scope: 'full', isCurrent: false, label: undefined, createdMs: undefined },
  ]
  const dashboard = new TestDashboard(application)
  await dashboard.press('6')
  await dashboard.shows('depot')
  await dashboard.press('t')
  await dashboard.until((frame) => frame.includes('✓  write') && frame.includes('… being asked'))
  await dashboard.shows('✓ It keeps what a repository needs.')
  await dashboard.press('esc', 's')
  const frame = await dashboard.shows('recovery-code')
  expect(frame).toMatch(/password +full +2026-11-21 \d\d:00 +laptop \(opened it now\)/)
})

test('what opens a repository is added, changed and removed, and a recovery code has to be written down', async () => {
  const application = seededApplication()
  application.slotList = [
    { id: '1', kind: 'password', scope: 'full', isCurrent: true, label: 'laptop', createdMs: TEST_NOW_MS },
    { id: '2', kind: 'key-file', scope: 'full', isCurrent: false, label: undefined, createdMs: undefined },
  ]
  const dashboard = new TestDashboard(application)
  await dashboard.press('6')
  await dashboard.shows('depot')
  await dashboard.press('s')
  await dashboard.shows('key-file')
  await dashboard.press('a', 'x', 'enter', 'y', 'enter')
  await dashboard.shows('the two passwords differ')
  await dashboard.press('x', 'enter', 'x', 'enter')
  await dashboard.shows('The password is added.')
  await dashboard.press('p', 'z', 'enter', 'z', 'enter')
  await dashboard.shows('The password is changed. Whoever knew the old one')
  await dashboard.press('down', 'x')
  await dashboard.shows('Remove this key-file of depot?')
  await dashboard.press('y')
  await dashboard.shows('It is removed.')
  await dashboard.press('c')
  await dashboard.shows('ABCDE-FGHJK-LMNPQ-RSTUV')
  await dashboard.press('q')
  // Whoever has not written it down does not leave by a key.
  await dashboard.shows('ABCDE-FGHJK-LMNPQ-RSTUV')
  const changes = application.asked.filter(({ method }) => /^(add|change|remove)/.test(method))
  expect(changes.map(({ method, given }) => [method, ...given])).toEqual([
    ['addPassword', 'depot'],
    ['changePassword', 'depot'],
    ['removeSlot', 'depot', '2'],
    ['addRecoveryCode', 'depot'],
  ])
})

test('a repository is made by the wizard: place, password twice, and the recovery code is asked for', async () => {
  const application = seededApplication()
  const dashboard = new TestDashboard(application)
  await dashboard.press('6')
  await dashboard.shows('depot')
  await dashboard.press('n')
  await dashboard.shows('where does it lie?')
  await dashboard.press('down', 'down', 'enter')
  await dashboard.shows('Opened by your SSH keys')
  await dashboard.press('ctrl+s')
  await dashboard.shows('✗ a host name or an address')
  dashboard.send('attic')
  await dashboard.press('tab')
  dashboard.send('me@home')
  await dashboard.press('tab', 'tab')
  dashboard.send('/~/back up')
  await dashboard.shows('It is sftp://me%40home@attic/~/back%20up')
  await dashboard.press('enter')
  await dashboard.shows('Call it')
  dashboard.send('attic')
  await dashboard.press('tab')
  dashboard.send('geheim')
  await dashboard.press('tab')
  dashboard.send('anders')
  await dashboard.press('enter')
  await dashboard.shows('✗ the two passwords differ')
  dashboard.send('geheim')
  await dashboard.press('tab')
  dashboard.send('geheim')
  await dashboard.press('enter')
  await dashboard.shows('ABCDE-FGHJK-LMNPQ-RSTUV')
  await answerCode(dashboard)
  await dashboard.shows('attic is added')
  expect(application.asked.findLast(({ method }) => method === 'addRepository')?.given).toEqual([
    { name: 'attic', url: 'sftp://me%40home@attic/~/back%20up', create: true, credentials: [] },
  ])
  expect(dashboard.output()).not.toContain('geheim')
})

test('the token of a server is asked for where it is needed, and never shown', async () => {
  const application = seededApplication()
  const dashboard = new TestDashboard(application)
  await dashboard.press('6')
  await dashboard.shows('depot')
  await dashboard.press('n', 'down', 'down', 'down', 'down', 'enter')
  await dashboard.shows('› Host')
  dashboard.send('dune.example')
  await dashboard.press('tab', 'tab')
  dashboard.send('mine')
  await dashboard.press('ctrl+s')
  await dashboard.shows('› Token')
  for (const text of ['a-token', 'attic', 'geheim', 'geheim']) {
    dashboard.send(text)
    await dashboard.press('enter')
  }
  await dashboard.shows('ABCDE-FGHJK-LMNPQ-RSTUV')
  expect(application.asked.findLast(({ method }) => method === 'addRepository')?.given).toEqual([
    {
      ...{ name: 'attic', url: 'dunesea+https://dune.example/mine', create: true },
      credentials: [{ kind: 'token', bytes: new Uint8Array(7) }],
    },
  ])
  expect(dashboard.output()).not.toContain('a-token')
})

test('a recovery code that was not written down is not taken, and is shown again', async () => {
  const dashboard = new TestDashboard(new FakeApplication())
  await newBackup(dashboard)
  await dashboard.press('enter')
  await dashboard.shows('Is it written down?')
  dashboard.send('WRONG')
  await dashboard.shows('WRONG')
  await dashboard.press('ctrl+s')
  await dashboard.shows('✗ is not what was shown')
  await dashboard.press('ctrl+c')
  await dashboard.shows('The recovery code of first is never shown again.')
  await dashboard.press('n', 'esc')
  await dashboard.shows('ABCDE-FGHJK-LMNPQ-RSTUV')
})

test.each(SIZES)('the first start at $columns x $rows makes a first point', async (size) => {
  const application = new FakeApplication()
  const dashboard = new TestDashboard(application, size)
  await newBackup(dashboard)
  await answerCode(dashboard)
  await dashboard.shows('► █████')
  expect(application.asked.find(({ method }) => method === 'backup')?.given).toEqual(['first', ['/home/arthur']])
  const job = application.jobList.find(({ kind }) => kind === 'backup')!
  application.putJob({ ...job, state: 'done', outcome: '12 MiB stored', progress: undefined })
  await dashboard.shows('✓ It is made: 12 MiB stored')
  await dashboard.press('enter')
  await dashboard.shows('[3 Browse]')
})

test('whoever needs files back connects to a repository; three wrong passwords lose nothing', async () => {
  const application = new FakeApplication()
  const dashboard = new TestDashboard(application)
  await dashboard.shows('I need my files back')
  await dashboard.press('enter')
  await dashboard.shows('where does it lie?')
  await dashboard.press('enter')
  await dashboard.shows('Folder')
  dashboard.send('/mnt/disk/backup')
  await dashboard.press('enter')
  await dashboard.shows('Open with')
  dashboard.send('old')
  await dashboard.press('tab', 'tab')
  application.failures.set('addRepository', new KeyError('WRONG_PASSWORD', 'the password opens no slot'))
  for (const times of [1, 2, 3]) {
    dashboard.send('falsch')
    await dashboard.press('enter')
    await dashboard.until(() => application.asked.filter(({ method }) => method === 'addRepository').length === times)
    await dashboard.shows('✗ the password opens no slot')
  }
  await dashboard.shows('3 times. The recovery code opens it as well')
  application.failures.set('addRepository', new StorageError('STORE_UNAVAILABLE', 'the disk does not answer'))
  dashboard.send('richtig')
  await dashboard.press('enter')
  await dashboard.shows('✗ the disk does not answer')
  expect(dashboard.frame()).toMatch(/Call it +old/)
  application.failures.clear()
  dashboard.send('richtig')
  await dashboard.press('enter')
  await dashboard.shows('old is open.')
  expect(dashboard.frame()).toContain('[3 Browse]')
})

test.each(SIZES)('jobs at $columns x $rows: what runs first, with its log followed', async (size) => {
  const application = seededApplication()
  application.jobList = [
    {
      ...BACKUP,
      id: 'job-1',
      state: 'errored',
      outcome: 'the disk is full',
      progress: undefined,
      queuedMs: 1,
      kind: 'copy',
    },
    BACKUP,
  ]
  const dashboard = new TestDashboard(application, size)
  await dashboard.press('7')
  const frame = await dashboard.shows('the disk is full')
  expect(frame).toMatch(/› ▸ runs +backup +depot +2026-11-21 \d\d:59.* █████░░░░░ 50%/)
  await dashboard.press('enter')
  await dashboard.shows('job-9: second line')
  expect(dashboard.frame()).toContain('2 lines (following')
  application.putJob({ ...BACKUP, state: 'done', outcome: '1 GiB stored', progress: undefined })
  await dashboard.shows('2 lines (whole)')
})

test('a job is cancelled after a yes, and a failed one is run again', async () => {
  const application = seededApplication()
  application.jobList = [BACKUP]
  const dashboard = new TestDashboard(application)
  await dashboard.press('7')
  await dashboard.shows('▸ runs')
  await dashboard.press('c')
  await dashboard.shows('Cancel this job?')
  await dashboard.press('y')
  await dashboard.shows('- ended')
  await dashboard.press('r')
  await dashboard.shows('○ waits')
})

test.each(SIZES)('mounts at $columns x $rows: a form that stays when the folder cannot be used', async (size) => {
  const application = seededApplication()
  const dashboard = new TestDashboard(application, size)
  await dashboard.press('8')
  await dashboard.shows('nothing is mounted')
  await dashboard.press('m')
  await dashboard.shows('/home/arthur/tidemark')
  application.failures.set('mount', new StorageError('STORE_UNAVAILABLE', 'there is no such folder'))
  await dashboard.press('ctrl+s')
  await dashboard.shows('✗ there is no such folder')
  application.failures.clear()
  await dashboard.press('right', 'ctrl+s')
  await dashboard.shows('Mounted at /home/arthur/tidemark.')
  expect(application.mountList).toMatchObject([{ point: pointId(4), directory: '/home/arthur/tidemark' }])
  await dashboard.shows(/› depot +00000004/)
  await dashboard.press('u')
  await dashboard.shows('End this mount?')
  await dashboard.press('y')
  await dashboard.shows('The mount has ended.')
})

test.each(SIZES)('settings at $columns x $rows do what they say at once', async (size) => {
  const dashboard = new TestDashboard(seededApplication(), size)
  await dashboard.press('9')
  await dashboard.shows('Jobs run in   the daemon')
  await dashboard.press('e')
  await dashboard.shows('‹ 16 ›')
  const before = dashboard.output().length
  await dashboard.press('left')
  await dashboard.shows('‹ none ›')
  expect(dashboard.output().slice(before)).not.toMatch(/\u001b\[3\dm/)
  await dashboard.press('tab', 'tab')
  dashboard.send('/x')
  await dashboard.press('ctrl+s')
  await dashboard.shows('/home/arthur/tidemark/x')
})

test('names with escape sequences are shown escaped wherever they come from', async () => {
  const application = planned()
  application.planList = [{ ...NIGHTLY, name: 'ev\u001b]0;il\u0007', sources: ['/a\u202eb'] }]
  application.jobList = [{ ...BACKUP, outcome: 'x\u001b[2J', state: 'errored', progress: undefined }]
  const dashboard = new TestDashboard(application)
  await dashboard.press('5')
  await dashboard.shows('ev\\u{1b}]0;il')
  await dashboard.press('7')
  await dashboard.shows('x\\u{1b}[2J')
  expect(dashboard.output()).not.toContain('\u001b]0;il')
})

/** Goes through the first start up to the recovery code. */
async function newBackup(dashboard: TestDashboard): Promise<void> {
  await dashboard.shows('I need my files back')
  await dashboard.press('down', 'enter')
  await dashboard.shows('A new backup of this machine')
  dashboard.send('geheim')
  await dashboard.press('tab')
  dashboard.send('geheim')
  await dashboard.press('enter')
  await dashboard.shows('ABCDE-FGHJK-LMNPQ-RSTUV')
}

/** Types the groups of the recovery code of the fake application that are asked for. */
async function answerCode(dashboard: TestDashboard): Promise<void> {
  await dashboard.press('enter')
  const frame = await dashboard.shows('Is it written down?')
  const groups = [...frame.matchAll(/Group (\d)/g)].map(([, number]) => Number(number) - 1)
  expect(groups).toHaveLength(2)
  for (const group of groups) {
    dashboard.send(['abcde', 'FGHJK', 'LMNPQ', 'RSTUV'][group] ?? '')
    await dashboard.press('enter')
  }
}
