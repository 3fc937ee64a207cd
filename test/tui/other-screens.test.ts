import { expect, test } from 'vitest'

import { KeyError, StorageError } from '../../src/base/errors.ts'
import { BACKUP, NIGHTLY } from '../support/busy-application.ts'
import { TestDashboard } from '../support/dashboard.ts'
import { NEW_MOUNT } from '../support/fake-answers.ts'
import { FakeApplication } from '../support/fake-application.ts'
import { answerCode } from '../support/recovery-code.ts'
import { pointId, seededApplication } from '../support/seeded-application.ts'

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

test('a plan of which a step was done in part says so, also when the steps after it were done', async () => {
  const application = planned()
  const [first, verify] = NIGHTLY.steps
  const after = { ...verify!, lastMs: first!.lastMs! + 1000, lastState: 'done' } as const
  application.planList = [{ ...NIGHTLY, steps: [{ ...first!, isLastPartial: true }, after] }]
  const dashboard = new TestDashboard(application)
  await dashboard.press('5')
  const frame = await dashboard.shows(/› nightly +in 15 h +▲ partly 9 h ago/)
  expect(frame).toMatch(/incremental every day: ▲ partly 9 h ago/)
  expect(frame).toMatch(/verify 5 %: ✓ done/)
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

test.each(SIZES)('the steps and options of a plan at $columns x $rows have pages of their own', async (size) => {
  const application = planned()
  const dashboard = new TestDashboard(application, size)
  await dashboard.press('5')
  await dashboard.shows('nightly')
  await dashboard.press('e')
  await dashboard.shows('The plan nightly')
  expect(dashboard.lines().at(-1)).toMatch(/Ctrl\+S done {2}Ctrl\+T steps {2}Ctrl\+P more/)
  dashboard.send('\u0014')
  const steps = await dashboard.shows('its steps, in their order')
  expect(steps).toMatch(/› incremental\n {2}verify 5, after incremental\n {2}forget, keep-last 3, keep-daily 7/)
  await dashboard.shows(/Of 5 points 2 would go/)
  await dashboard.press('n')
  await dashboard.shows(/prove +restore a sample/)
  await dashboard.press('end', 'enter')
  await dashboard.shows('step 2, prove')
  dashboard.send('1 month')
  await dashboard.press('esc')
  await dashboard.shows('› prove 1 month')
  await dashboard.press('esc')
  await dashboard.shows(/Keep last +3/)
  dashboard.send('\u0010')
  await dashboard.shows('everything else')
  dashboard.send('mine')
  await dashboard.press('esc', 'ctrl+s')
  await dashboard.shows('is saved')
  const [saved] = application.asked.findLast(({ method }) => method === 'savePlan')!.given
  expect(saved).toMatchObject({ options: { tags: ['mine'] }, steps: [{}, { kind: 'prove' }, {}, {}] })
})

test('a plan is made: its folders are chosen in a list, what is wrong with it is said at the field', async () => {
  const application = seededApplication()
  application.folderList = ['arthur', 'berta', 'comma, here']
  const dashboard = new TestDashboard(application)
  await dashboard.press('5')
  await dashboard.shows('nothing is planned')
  await dashboard.press('n')
  await dashboard.shows('A new plan')
  await dashboard.shows(/Not a plan yet: a plan needs a name\nRuns at @daily\nNext: 2026-/)
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
  expect(dashboard.frame()).toContain('y leave it   n go on')
  await dashboard.press('n')
  await dashboard.shows('weird [2Jname q')
  await dashboard.press('ctrl+c')
  await dashboard.shows('A plan is half filled in.')
  await dashboard.press('n', 'esc')
  await dashboard.shows('Leave this form?')
  await dashboard.press('y')
  await dashboard.shows('› nightly')
})

test('the keys are explained in a form, too, where a question mark is text', async () => {
  const dashboard = new TestDashboard(planned())
  await dashboard.press('5')
  await dashboard.shows('nightly')
  await dashboard.press('n')
  await dashboard.shows('Ctrl+G help')
  dashboard.send('\u0007')
  await dashboard.shows('to the next field')
  await dashboard.press('esc')
  await dashboard.shows('A new plan')
})

test('a plan is run, paused and removed, the last after a yes', async () => {
  const application = planned()
  const dashboard = new TestDashboard(application)
  await dashboard.press('5')
  await dashboard.shows('nightly')
  await dashboard.press('r')
  await dashboard.shows('nightly runs')
  await dashboard.press('p')
  expect(await dashboard.shows(/nightly +paused/)).toContain('p resume')
  await dashboard.press('x')
  await dashboard.shows('Remove the plan nightly?')
  await dashboard.press('y')
  await dashboard.shows('nothing is planned')
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
  expect(dashboard.frame()).toMatch(/Call it +old[^]*Secret +••/)
  application.failures.clear()
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
  await dashboard.shows('- cancelled')
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
  await dashboard.shows(/› +depot +00000004[^]*the point 00000004 of depot, since 2026-.*, by the process 4711/)
  const unknown = { repository: undefined, point: undefined, sinceMs: undefined, process: undefined }
  application.mountList = [
    ...application.mountList,
    { ...NEW_MOUNT, ...unknown, id: 'other', directory: '/mnt/other' },
    { ...NEW_MOUNT, id: 'dead', directory: '/mnt/dead', repository: 'depot', point: undefined, answer: 'dead' },
    { ...NEW_MOUNT, id: 'silent', directory: '/mnt/silent', repository: 'depot', point: undefined, answer: 'silent' },
  ]
  application.tell('mounts')
  await dashboard.shows('4 mounts')
  await dashboard.press('down')
  await dashboard.shows(/▲ {2}not noted +.*\/mnt\/other[^]*was not noted\.[^]*an older one,\s+has\s+mounted it\./)
  await dashboard.press('down')
  await dashboard.shows(/✗ {2}depot +all .*\/mnt\/dead[^]*the process 4711, which is gone[^]*Nobody answers any more/)
  await dashboard.press('down')
  await dashboard.shows(/✗ {2}depot +all .*\/mnt\/silent[^]*by the process 4711[^]*It does not answer/)
  await dashboard.press('up', 'up', 'up', 'u')
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

test('a job that is done but for a source that was not there is no tick, and says so', async () => {
  const application = planned()
  const over = { state: 'done', progress: undefined, endedMs: BACKUP.queuedMs } as const
  application.jobList = [{ ...BACKUP, ...over, isPartial: true, outcome: '1 source missing, 12 MiB stored' }]
  const dashboard = new TestDashboard(application)
  await dashboard.press('7')
  const frame = await dashboard.shows('▲ partly')
  expect(frame).toContain('1 source missing')
  expect(frame).not.toContain('✓ done')
})

test('how long a job took leaves out what it waited between its runs, and nothing is said of one that waits', async () => {
  const application = planned()
  const over = { state: 'done', progress: undefined, endedMs: BACKUP.queuedMs + 7_200_000, attempt: 2 } as const
  const waiting = { ...BACKUP, state: 'queued', progress: undefined, id: 'job-1', ranMs: 65_000, attempt: 1 } as const
  application.jobList = [{ ...BACKUP, ...over, ranMs: 125_000 }, waiting]
  const dashboard = new TestDashboard(application, { columns: 120, rows: 40 })
  await dashboard.press('7')
  expect(await dashboard.shows(/✓ done .* 2 min 05 s/)).not.toMatch(/1 min 05 s|h /)
})

test('a line that is too long is read to its end where it is chosen, in the list of jobs and in a log', async () => {
  const application = planned()
  const outcome = `${'a long way to say it '.repeat(7)}and this is its end`
  const over = { state: 'errored', progress: undefined, outcome } as const
  const other = { ...BACKUP, ...over, id: 'job-1', queuedMs: 1, outcome: 'short' }
  application.jobList = [{ ...BACKUP, ...over }, other]
  const dashboard = new TestDashboard(application)
  await dashboard.press('7')
  const frame = await dashboard.shows(/this\s+is\s+its\s+end/)
  expect(frame).toMatch(/its\s+end\s+✗ failed[^\n]*short/)
  await dashboard.press('down')
  await dashboard.until((now) => !/its\s+end/.test(now))
  application.log = ['first', `${'x'.repeat(200)} the end of the line`]
  await dashboard.press('enter')
  await dashboard.shows('whole')
  await dashboard.press('up', 'down')
  await dashboard.shows('the end of the line')
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
