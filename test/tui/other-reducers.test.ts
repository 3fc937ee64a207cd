import { expect, test } from 'vitest'

import { parseDuneSeaUrl } from '../../drivers/dunesea/dunesea-location.ts'
import { parseExternalUrl } from '../../drivers/external/external-location.ts'
import { parseS3Url } from '../../drivers/s3/s3-location.ts'
import { parseSftpUrl } from '../../drivers/sftp/sftp-location.ts'
import { textWidth } from '../../src/base/text-width.ts'
import { parseTrigger } from '../../src/service/plans/trigger-text.ts'
import type { JobData, PlanForm, PlanMeaning, LogData } from '../../src/service/application/shown.ts'
import { editorOf, typeInEditor, withoutSecrets } from '../../tui/forms/editor.ts'
import { checkboxField, pasteInForm, secretField, textField, typeInForm } from '../../tui/forms/form.ts'
import { pickerAt, pickWithKey, withFolders } from '../../tui/forms/picker.ts'
import { listOf, listText } from '../../tui/forms/typed-list.ts'
import { type PlaceField, placeEditor, type PlaceKind, placeMistakes, urlOf } from '../../tui/screens/adding/places.ts'
import { addLines, emptyLog, moveInLog } from '../../tui/screens/jobs/job-log.ts'
import { chosenJob } from '../../tui/screens/jobs/jobs.ts'
import { newPlan, planEditor, planIn, TRIGGER_EXAMPLES } from '../../tui/screens/plans/plan-fields.ts'
import { chartsOf } from '../../tui/screens/overview/charts.ts'
import { shownCode, typeInCode } from '../../tui/screens/recovery-code/recovery-code.ts'
import { start } from '../../tui/screens/start/start.ts'
import { helpLines, helpRows } from '../../tui/state/help.ts'
import { BACKUP, DEPOT } from '../support/busy-application.ts'
import { TestDashboard } from '../support/dashboard.ts'
import { DashboardState } from '../support/dashboard-state.ts'
import { seededApplication } from '../support/seeded-application.ts'

const PLAN: PlanForm = {
  ...{ ...newPlan('gone'), name: 'n', sources: ['/a, b', '/c\\', ' /d '], trigger: 'every day' },
  steps: [
    { kind: 'full', settings: {} },
    { kind: 'copy', settings: { value: ['attic'], after: ['full'] } },
    { kind: 'forget', settings: { 'keep-last': ['1'], 'keep-tag': ['gold'] } },
  ],
}

/** Returns the form of a place with what was typed into it. */
function placeForm(kind: PlaceKind, typed: Readonly<Partial<Record<PlaceField, string | boolean>>>) {
  const { form } = placeEditor(kind, true)
  const fields = form.fields.map((each) => {
    const value = typed[each.name]
    if (value === undefined) return each
    return { ...each, field: typeof value === 'string' ? textField(value) : checkboxField(value) }
  })
  return { ...form, fields }
}

test.each([[[]], [['/home']], [['/home', '/etc']], [['/a, b', '/c\\', '/d,', '\\']], [[' /front', '/back ', ' ']]])(
  'a list in a line is taken apart into what it was put together from: %j',
  (items) => {
    expect(listOf(listText(items))).toEqual(items)
  },
)

test('a list that is typed may have spaces and commas too many', () => {
  expect(listOf(' /a b ,, /c,')).toEqual(['/a b', '/c'])
})

test.each<[PlaceKind, Partial<Record<PlaceField, string | boolean>>, unknown, (url: string) => unknown]>([
  [
    'sftp',
    { host: '::1', user: 'a@b', port: '2222', folder: '/~/b%k up' },
    { host: '::1', user: 'a@b', port: 2222, path: 'b%k up' },
    parseSftpUrl,
  ],
  [
    'sftp',
    { host: 'nas', folder: '/b', identityFile: '/home/me/a key+%26#?.pem' },
    { host: 'nas', path: '/b', identityFile: '/home/me/a key+%26#?.pem' },
    parseSftpUrl,
  ],
  [
    's3',
    {
      bucket: 'b',
      prefix: 'a b/c&d',
      endpoint: 'https://s3.example:9',
      region: 'r-1',
      storageClass: 'COLD',
      sse: 'AES256',
    },
    {
      ...{ bucket: 'b', prefix: 'a b/c&d/', endpoint: 'https://s3.example:9', region: 'r-1' },
      ...{ pathStyle: true, storageClass: 'COLD', sse: 'AES256' },
    },
    parseS3Url,
  ],
  ['s3', { bucket: 'b', pathStyle: 'in the path' }, { pathStyle: true, endpoint: undefined }, parseS3Url],
  ['external', { label: 'My Disk', folder: 'a/b' }, { label: 'My Disk', folder: 'a/b' }, parseExternalUrl],
  [
    'dunesea',
    { host: 'localhost', port: '8', domain: 'd', isSecure: false },
    { host: 'localhost', port: 8, domain: 'd', isSecure: false },
    parseDuneSeaUrl,
  ],
])('what is typed into the form of %s becomes a URL that its driver reads as the same', (kind, typed, read, parse) => {
  const form = placeForm(kind, typed)
  expect(placeMistakes(kind, form)).toEqual({})
  expect(parse(urlOf(kind, form))).toMatchObject(read as object)
})

test.each<[PlaceKind, Partial<Record<PlaceField, string>>, PlaceField]>([
  ['local', { folder: 'relative' }, 'folder'],
  ['local', { folder: '//' }, 'folder'],
  ['external', { folder: '../other' }, 'folder'],
  ['sftp', { host: 'a/b', folder: '/x' }, 'host'],
  ['sftp', { host: 'user@a', folder: '/x' }, 'host'],
  ['sftp', { host: 'a', folder: '/~/' }, 'folder'],
  ['sftp', { host: 'a', port: '70000', folder: '/x' }, 'port'],
  ['s3', { bucket: 'a?b' }, 'bucket'],
  ['s3', { bucket: 'b', endpoint: 's3.example' }, 'endpoint'],
  ['dunesea', { host: 'a', domain: '../x' }, 'domain'],
])('a place that is none is said at its field: %s %j', (kind, typed, field) => {
  expect(Object.keys(placeMistakes(kind, placeForm(kind, typed)))).toContain(field)
})

test('folders are walked and chosen, and names go to the field as they are', () => {
  let picker = withFolders(pickerAt('/home', []), '/home', ['arthur', 'berta'])
  for (const key of ['b', 'space', 'up', 'space', 'space']) picker = pickWithKey(picker, key, 5).picker
  expect(picker.chosen).toEqual(['/home/berta'])
  const opened = pickWithKey(picker, 'right', 5)
  expect(opened).toMatchObject({ outcome: 'opened', picker: { directory: '/home/arthur', chosen: ['/home/berta'] } })
  // Names of a folder that was left meanwhile are not those of this one.
  expect(withFolders(opened.picker, '/home', ['x']).folders.kind).toBe('loading')
  expect(pickWithKey(pickWithKey(opened.picker, 'left', 5).picker, 'left', 5).picker.directory).toBe('/')
})

test('a plan is the same after it was shown in a form, also with names that no list offers', () => {
  expect(planIn(planEditor(PLAN, ['depot']).form, PLAN)).toEqual(PLAN)
})

test('a plan with mistakes is not saved, and the first of them gets the focus', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT]).answer('points', [])
  dashboard.press('5').answer('plans', []).press('n', 'ctrl+s')
  const meaning: PlanMeaning = {
    mistakes: { 'steps.1.keep-last': 'no number' },
    remarks: {},
    trigger: undefined,
    nextMs: [],
    forgotten: [],
  }
  dashboard.answer('explainPlan', meaning)
  expect(dashboard.calls('savePlan')).toBe(0)
  const { editor } = dashboard.state.screens.plans.editing!
  expect(editor.form.fields[editor.form.focus]).toMatchObject({ name: 'keepLast', mistake: 'no number' })
  dashboard.press('ctrl+s').answer('explainPlan', { ...meaning, mistakes: {} })
  expect(dashboard.calls('savePlan')).toBe(1)
  dashboard.fail('savePlan', 'STORE_UNAVAILABLE', 'the disk is full')
  expect(dashboard.state.screens.plans.editing).toBeDefined()
})

test.each([newPlan('depot').trigger, ...TRIGGER_EXAMPLES])(
  'the trigger %s that the form of a plan suggests is one',
  (text) => {
    expect(() => parseTrigger(text, '/home/arthur')).not.toThrow()
  },
)

test('what a plan means is asked when it changes, not when the cursor moves on', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT]).press('5').answer('plans', [])
  const before = dashboard.press('n').calls('explainPlan')
  expect(dashboard.press('tab', 'down', 'up').calls('explainPlan')).toBe(before)
  expect(dashboard.press('x').calls('explainPlan')).toBe(before + 1)
})

test('whoever stops making a repository gets no answer of it any more', () => {
  const dashboard = new DashboardState().start().answer('repositories', [])
  dashboard.press('down', 'enter', 'a', 'tab', 'a', 'enter', 'x', 'esc')
  expect(dashboard.effects.at(-1)).toEqual({ kind: 'drop', slot: 'start:add' })
  expect(dashboard.state.screens.start).toMatchObject({ page: 'backup', isTrying: false })
})

test('the two ways to begin are shown to those who have nothing, once', () => {
  const dashboard = new DashboardState().start().answer('repositories', [])
  dashboard.press('1').send({ kind: 'changed', topic: 'repositories' }).answer('repositories', [])
  expect(dashboard.state.screen).toBe('overview')
  expect(new DashboardState().start().answer('repositories', [DEPOT]).state.screen).toBe('overview')
})

test('where it is known from the start that there is nothing, the two ways are there before anybody is asked, once', () => {
  const dashboard = new DashboardState({ hasNothing: true })
  expect([dashboard.state.screen, dashboard.effects]).toEqual(['start', []])
  dashboard.press('down', 'enter').start().answer('repositories', [])
  expect(dashboard.state.screens.start).toMatchObject({ page: 'backup' })
  dashboard.press('esc', 'esc')
  expect(dashboard.state.screen).toBe('overview')
  dashboard.press('ctrl+r').answer('repositories', [])
  expect(dashboard.state.screen).toBe('overview')
})

test('once something is configured, Esc leads to the first start no more', () => {
  const dashboard = new DashboardState({ hasNothing: true }).start().answer('repositories', [])
  dashboard.press('6').answer('repositories', [DEPOT]).press('3', 'esc', 'esc')
  expect(dashboard.state.screen).toBe('overview')
})

test.each([
  ['running', []],
  ['done', ['browse']],
  ['errored', ['again']],
] as const)('a first point that is %s offers what can be done then', (state, offered) => {
  const { shared } = new DashboardState().start().answer('jobs', [{ ...BACKUP, state }]).state
  const running = { page: 'running', repository: 'first', sources: [], job: BACKUP.id } as const
  expect(start.keys(running, shared).map(({ command }) => command)).toEqual(offered)
})

test('what all keys do is read in full, and no further than to its end', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT]).press('4', '?')
  const lines = helpLines(dashboard.state)
  expect(lines.filter((line) => textWidth(line) > 80)).toEqual([])
  expect(lines.join(' ').replace(/ +/g, ' ')).toContain(
    'open the repository with a password, a recovery code or a key file',
  )
  dashboard.press(...lines.map(() => 'down'))
  expect(dashboard.state.overlay).toEqual({
    kind: 'help',
    top: Math.max(0, lines.length - helpRows(dashboard.state.shared)),
  })
})

test('names of keys stand apart from what they do, however many there are', () => {
  const { state } = new DashboardState().start().answer('repositories', [DEPOT]).press('3')
  const browse = { ...state.screens.browse, focus: 'pane' } as const
  const lines = helpLines({ ...state, screens: { ...state.screens, browse } })
  const [line = ''] = lines.filter((each) => each.includes('go back to the tree'))
  expect(line).toMatch(/^ {2}Esc ← .* go back to the tree$/)
})

test('what is wrong with a label is told at the label, and what was typed beside it stays', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT]).press('6', 's')
  dashboard.answer('slots', []).press('a', 'p', 'tab', 'p', 'tab', 'L', 'ctrl+s')
  const { slot, method } = dashboard.lastCall('addPassword')
  const problem = { code: 'BAD_ARGUMENT', message: 'the label is too long', hint: undefined, field: 'label' } as const
  dashboard.send({ kind: 'failure', slot, method, problem })
  const { detail } = dashboard.state.screens.drivers
  const form = detail?.kind === 'slots' && detail.at.page === 'key' ? detail.at.editor.form : undefined
  const label = form?.fields.find(({ name }) => name === 'label')
  expect(label).toMatchObject({ mistake: 'the label is too long', field: { line: { text: 'L' } } })
  expect(form?.fields[form.focus]).toBe(label)
})

const AMBER = { color: 'amber', message: 'so it is', repository: 'attic', others: [] } as const

test.each([
  ['points', 'points'],
  ['plans', 'plans'],
  ['drivers', 'drivers'],
  ['jobs', 'jobs'],
] as const)('f goes to where the health line is mended: %s', (fix, screen) => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT, { ...DEPOT, name: 'attic' }])
  dashboard.answer('health', { ...AMBER, fix }).press('f')
  expect(dashboard.state.screen).toBe(screen)
  // Points are looked at in the repository that is amber.
  expect(dashboard.state.shared.repository).toBe(fix === 'points' ? 'attic' : 'depot')
})

test('f checks and opens the repository that the health line is about', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT, { ...DEPOT, name: 'attic' }])
  dashboard.answer('health', { ...AMBER, fix: 'check' }).press('f')
  expect(dashboard.lastCall('check').args[0]).toBe('attic')
  dashboard.answer('health', { ...AMBER, fix: 'unlock' }).press('f')
  expect(dashboard.state.overlay).toMatchObject({ kind: 'unlock', repository: 'attic' })
})

test('groups of a recovery code are compared as they are read: in any case, with O as 0 and I as 1', () => {
  const begun = typeInCode(shownCode({ repository: 'r', code: '0001-ABCD-1111' }, 0), 'enter').code
  expect(begun.asked).toEqual([0, 1])
  const type = (from: typeof begun, text: string) => ({
    ...from,
    check: { ...from.check, form: pasteInForm(from.check.form, text) },
  })
  const first = typeInCode(type(begun, 'oooi'), 'enter').code
  expect(typeInCode(type(first, 'abcx'), 'enter').outcome).toBe('shown')
  expect(typeInCode(type(first, ' abcd '), 'enter').outcome).toBe('checked')
})

test('other groups are asked for at another time, never the same one twice', () => {
  const asked = Array.from(
    { length: 200 },
    (_, at) => shownCode({ repository: 'r', code: 'a-b-c-d-e-f-g-h-i' }, at * 997).asked,
  )
  expect(new Set(asked.map(String)).size).toBeGreaterThan(10)
  for (const [first, second] of asked) expect(first).not.toBe(second)
})

test('a log follows its end until somebody looks up, and keeps its last 10,000 lines', () => {
  const lines = Array.from({ length: 9_999 }, (_, at) => `line ${at}`)
  const read = (lines: readonly string[]): LogData => ({ lines, place: { run: 1, line: 1 }, isEnd: true })
  let log = addLines(emptyLog('job'), read(lines), 10)
  expect(log.place).toEqual({ selected: 9_998, top: 9_989 })
  log = moveInLog(log, 'up', 10)
  expect(log.isFollowing).toBe(false)
  log = addLines(log, read(['a', 'b', 'c']), 10)
  expect(log.lines).toHaveLength(10_000)
  expect(log.count).toBe(10_002)
  // What is looked at stays the same line.
  expect(log.lines[log.place.selected]).toBe('line 9997')
  expect(moveInLog(log, 'last', 10).isFollowing).toBe(true)
})

test('a log is asked for on from where it was read, and no longer once its job is over', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT]).answer('jobs', [BACKUP])
  const [first, second, last] = [1, 2, 3].map((line) => ({ run: 1, line }))
  dashboard.press('7', 'enter')
  expect(dashboard.lastCall('jobLog').args).toEqual([BACKUP.id, undefined])
  // Where there is more than fits into one answer, it is read on at once.
  dashboard.answer('jobLog', { lines: ['one'], place: first, isEnd: false })
  expect(dashboard.lastCall('jobLog').args).toEqual([BACKUP.id, first])
  dashboard.answer('jobLog', { lines: ['two'], place: second, isEnd: true })
  dashboard.send({ kind: 'tick', nowMs: BACKUP.queuedMs })
  expect(dashboard.lastCall('jobLog').args).toEqual([BACKUP.id, second])
  dashboard
    .answer('jobLog', { lines: [], place: second, isEnd: true })
    .answer('jobs', [{ ...BACKUP, state: 'done' }])
    .answer('jobLog', { lines: ['three'], place: last, isEnd: true })
  const asked = dashboard.calls('jobLog')
  dashboard.send({ kind: 'tick', nowMs: BACKUP.queuedMs })
  expect(dashboard.calls('jobLog')).toBe(asked)
  expect(dashboard.state.screens.jobs.log?.lines).toEqual(['one', 'two', 'three'])
})

test('the job that the question was about is cancelled, whichever is chosen by then', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT]).answer('jobs', [BACKUP])
  dashboard.press('7', 'c').answer('jobs', [{ ...BACKUP, id: 'newer', queuedMs: BACKUP.queuedMs + 1 }, BACKUP])
  expect(dashboard.press('y').lastCall('cancelJob').args).toEqual([BACKUP.id])
})

test('a job that is told to end says so at once, and that it was done before it could', async () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT]).answer('jobs', [BACKUP])
  dashboard.press('7', 'c', 'y')
  expect(dashboard.state.screens.jobs.stopping).toEqual([BACKUP.id])
  dashboard.send({ kind: 'changed', topic: 'jobs' }).answer('jobs', [{ ...BACKUP, state: 'done' }])
  expect(dashboard.state.message?.text).toContain('backup depot was done before it could stop')
  dashboard.answer('jobs', [{ ...BACKUP, state: 'errored' }]).press('r')
  expect(dashboard.state.screens.jobs.stopping).toEqual([])

  const cancelJob = async (): Promise<void> => undefined
  const screen = new TestDashboard(Object.assign(seededApplication(), { jobList: [BACKUP], cancelJob }))
  await screen.press('7')
  await screen.shows('64.0 MiB/s')
  await screen.press('c')
  await screen.press('y')
  expect(await screen.shows('stopping …')).not.toContain('MiB/s')
})

test('a backup that was asked for here is the chosen job, however many there are', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT])
  const old = Array.from({ length: 43 }, (_, index): JobData => ({ ...BACKUP, id: `old-${index}`, state: 'done' }))
  dashboard.answer('jobs', old).press('7', 'down', 'down', '1', 'b')
  dashboard.press('ctrl+s')
  dashboard.answer('backup', 'new').answer('jobs', [...old, { ...BACKUP, id: 'new' }])
  const { screen, screens, shared } = dashboard.state
  expect([screen, chosenJob(screens.jobs, shared)?.id]).toEqual(['jobs', 'new'])
})

test('no speed is drawn of a job that goes on without its daemon', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT]).answer('jobs', [BACKUP])
  const tick = { kind: 'tick', nowMs: BACKUP.queuedMs } as const
  expect(dashboard.send(tick).state.screens.overview.throughput).toEqual([2 ** 26])
  dashboard.answer('jobs', [{ ...BACKUP, left: 'goes-on' }])
  expect(dashboard.send(tick).state.screens.overview.throughput).toEqual([])
})

test('a form without secrets keeps everything else', () => {
  const editor = editorOf({
    fields: [
      { name: 'a', label: 'A', field: textField('kept') },
      { name: 'b', label: 'B', field: secretField() },
    ],
    focus: 1,
  })
  const typed = typeInEditor(editor, 'x', { home: '/', height: 1 }).editor
  const emptied = withoutSecrets(typed)
  expect(emptied.form.fields[0]).toBe(typed.form.fields[0])
  expect(emptied.form.fields[1]?.field).toMatchObject({ kind: 'secret', secret: { length: 0 } })
  expect(typeInForm(emptied.form, 'y').form.fields[1]?.field).toMatchObject({ secret: { length: 1 } })
})

test('a chosen job and a chosen point stay chosen, whatever comes in before them', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT])
  const job = (id: string, queuedMs: number): JobData => ({ ...BACKUP, id, queuedMs, state: 'queued' })
  dashboard.press('7').answer('jobs', [job('a', 1), job('b', 2)])
  dashboard.press('down', 'enter').answer('jobs', [job('a', 1), job('b', 2), job('c', 3)])
  // Also while its log is read.
  dashboard.press('c', 'y')
  expect(dashboard.lastCall('cancelJob').args).toEqual(['a'])
  dashboard.press('esc', 'up', 'c', 'y')
  expect(dashboard.lastCall('cancelJob').args).toEqual(['b'])

  const points = seededApplication({ pointCount: 3 }).pointList
  dashboard.press('2').answer('points', points.slice(0, 2)).press('down')
  dashboard.send({ kind: 'changed', topic: 'points' }).answer('points', points)
  expect(dashboard.press('enter').state.screens.browse.point).toBe(points[0]!.id)
})

test('points a day are those of backups, and nothing before the points were read', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT])
  const perDay = (): readonly number[] => {
    const { screens, shared } = dashboard.state
    return chartsOf(screens.overview, shared).find(({ title }) => title.startsWith('Points a day'))?.values ?? []
  }
  expect(perDay()).toEqual([])
  const [backup, before] = seededApplication({ pointCount: 2 }).pointList
  dashboard.answer('points', [backup!, { ...before!, isUndo: true }])
  expect(perDay().reduce((sum, count) => sum + count, 0)).toBe(1)
})

test('of another repository that does not answer, Overview shows nothing of the one before', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT, { ...DEPOT, name: 'gone' }])
  const titles = (): readonly string[] => {
    const { screens, shared } = dashboard.state
    return chartsOf(screens.overview, shared).map(({ title }) => title)
  }
  dashboard.answer('sizes', [{ atMs: 0, bytesStored: 7, bytesRaw: 14 }])
  expect(titles().slice(0, 2)).toEqual(['Repository size 7 B', 'Deduplication and compression 2.0x'])
  expect(dashboard.press('ctrl+n').state.shared.repository).toBe('gone')
  expect(titles().slice(0, 2)).toEqual(['Repository size', 'Deduplication and compression'])
})

const MINUTE_MS = 60_000
const DAY_MS = 1440 * MINUTE_MS

test.each([
  ['times within a day', MINUTE_MS, /^\d\d:\d\d$/],
  ['days within a year', DAY_MS, /^\d\d-\d\d$/],
  ['months beyond one', 200 * DAY_MS, /^\d{4}-\d\d$/],
])('below charts stand %s', (_, stepMs, label) => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT])
  const first = new Date(2026, 10, 21, 12).getTime()
  const sizes = [0, 1, 2].map((n) => ({ atMs: first + n * stepMs, bytesStored: 1 + n, bytesRaw: 10 }))
  const { screens, shared } = dashboard.answer('sizes', sizes).state
  const { labels = [], unit } =
    chartsOf(screens.overview, shared).find(({ title }) => title.startsWith('Repository')) ?? {}
  expect([new Set(labels).size, unit]).toEqual([3, 'B'])
  for (const each of labels) expect(each).toMatch(label)
})
