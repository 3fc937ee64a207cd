import { setTimeout } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { StorageError } from '../../src/base/errors.ts'
import { drawChart } from '../../tui/components/draw-chart.ts'
import { BACKUP, busyApplication, NIGHTLY } from '../support/busy-application.ts'
import { TestDashboard } from '../support/dashboard.ts'
import { NEW_MOUNT } from '../support/fake-answers.ts'
import { FakeTree } from '../support/fake-tree.ts'
import { seededApplication } from '../support/seeded-application.ts'

test('the terminal is as it was before when the dashboard is left, or ended by a signal', async () => {
  const left = new TestDashboard(seededApplication())
  await left.shows('depot: 5 points')
  expect(left.isOnAlternateScreen()).toBe(true)
  await left.press('q')
  await left.ended
  await expect.poll(() => left.isOnAlternateScreen()).toBe(false)
  expect(left.output().lastIndexOf('\u001b[?25h')).toBeGreaterThan(left.output().lastIndexOf('\u001b[?25l'))
  expect(left.output()).toContain('\u001b[?2004l')

  const ended = new TestDashboard(seededApplication())
  await ended.shows('depot: 5 points')
  ended.abort()
  await ended.ended
  await expect.poll(() => ended.isOnAlternateScreen()).toBe(false)
})

test('a bug ends the dashboard with itself and leaves the terminal as it was', async () => {
  const application = seededApplication()
  const dashboard = new TestDashboard(application)
  await dashboard.shows('depot: 5 points')
  application.health = () => Promise.reject(new TypeError('a bug'))
  application.tell('health')
  await expect(dashboard.ended).rejects.toThrow('a bug')
  await expect.poll(() => dashboard.isOnAlternateScreen()).toBe(false)
})

test('a screen that cannot be drawn ends the dashboard, too', async () => {
  const application = seededApplication()
  const dashboard = new TestDashboard(application)
  await dashboard.shows('depot: 5 points')
  // What no implementation of the port may answer.
  application.health = () => Promise.resolve(undefined as never)
  application.tell('health')
  await expect(dashboard.ended).rejects.toThrow(TypeError)
  await expect.poll(() => dashboard.isOnAlternateScreen()).toBe(false)
})

test('charts leave errors and signals to the program that they are in', () => {
  const events = ['uncaughtException', 'unhandledRejection', 'SIGTERM', 'SIGINT', 'SIGQUIT'] as const
  const before = events.map((event) => process.listenerCount(event))
  const chart = { values: [1, 2, 3], labels: ['a', 'b', 'c'], unit: 'x' }
  expect(drawChart(chart, { columns: 40, rows: 10, color: undefined }).join('')).toMatch(/[\u2801-\u28ff]/)
  expect(events.map((event) => process.listenerCount(event))).toEqual(before)
})

test.each([
  [4, ['0']],
  [5, ['18', '0']],
  [8, ['22', '17', '11', '6', '0']],
])(
  'a chart of %s rows says what it is in above its axis, where no figure is, and no label twice in a row',
  (rows, axis) => {
    const labels = ['11-20', '11-20', '11-20', '11-21', '11-21', '11-22']
    const chart = { values: [4, 8, 12, 16, 20, 24], labels, unit: 'MiB/s' }
    const [unit, ...lines] = drawChart(chart, { columns: 40, rows, color: undefined })
    expect([unit, lines.length]).toEqual(['MiB/s', rows - 1])
    expect(lines.flatMap((line) => /^\d+/.exec(line) ?? [])).toEqual(axis)
    expect(lines.at(-1)?.trim().split(/ +/)).toEqual(['11-20', '11-21'])
  },
)

/** What a key may cost on a line of a modem's speed: less than a second of it. */
const KEY_BYTES_MAX = 1500

test.each([
  ['down a list', ['2'], /5 points/, 'down', /› .*10:00/],
  ['a letter in a form', ['5', 'n'], /A new plan/, 'x', /Name +x▏/],
  ['the next field', ['5', 'n'], /A new plan/, 'tab', /› Folders/],
  ['a letter in the palette', [':'], /go to Points/, 'q', /:q▏/],
] as const)('a key costs a slow line little: %s', async (_, keys, shown, key, wanted) => {
  const dashboard = new TestDashboard(seededApplication())
  await dashboard.shows('depot: 5 points')
  await dashboard.press(...keys)
  await dashboard.shows(shown)
  await dashboard.quiet()
  const before = dashboard.output().length
  await dashboard.press(key)
  await dashboard.shows(wanted)
  await dashboard.quiet()
  expect(dashboard.output().length - before).toBeLessThan(KEY_BYTES_MAX)
})

test('where nothing changes nothing is sent', async () => {
  const dashboard = new TestDashboard(seededApplication())
  await dashboard.press('2')
  await dashboard.shows('5 points')
  await dashboard.quiet()
  const before = dashboard.output().length
  await dashboard.press('up', 'F')
  await dashboard.quiet()
  expect(dashboard.output().length).toBe(before)
})

test('a terminal that is too small is told the size that is needed, and a larger one shows all again', async () => {
  const dashboard = new TestDashboard(seededApplication(), { columns: 60, rows: 20 })
  await dashboard.shows('Tidemark needs a terminal of 80x24; this one is 60x20')
  dashboard.resize(100, 30)
  await dashboard.shows('depot: 5 points')
  dashboard.resize(79, 24)
  await dashboard.shows('this one is 79x24')
})

test('resizes without end leave a whole frame', async () => {
  const dashboard = new TestDashboard(seededApplication())
  await dashboard.shows('depot: 5 points')
  for (let step = 0; step < 40; step++) {
    dashboard.resize(80 + ((step * 37) % 90), 24 + ((step * 11) % 30))
    await setTimeout(1)
  }
  dashboard.resize(90, 26)
  await dashboard.until((frame) => /^\[1 Overview\].*depot\n/.test(frame) && frame.endsWith('q quit'))
  const lines = dashboard.lines()
  expect(lines.filter((line) => line.includes('q quit'))).toHaveLength(1)
  expect(lines.filter((line) => line.includes('All points verified'))).toHaveLength(1)
})

test.each([
  ['on a screen', ['2'], '5 points'],
  ['in a form', ['5', 'n', 'x'], /Name +x▏/],
  ['over a screen', ['?'], 'Keys of Overview'],
] as const)('Ctrl+L paints anew what another program wrote over: %s', async (_, keys, shown) => {
  const dashboard = new TestDashboard(seededApplication())
  await dashboard.shows('depot: 5 points')
  await dashboard.press(...keys)
  await dashboard.shows(shown)
  dashboard.disturb('\u001b[2J\u001b[5;5HBroadcast message from root')
  await dashboard.shows('Broadcast message from root')
  await dashboard.press('ctrl+l')
  expect(await dashboard.shows(shown)).not.toContain('Broadcast')
})

test('a key repaints only the lines that it changes', async () => {
  const dashboard = new TestDashboard(seededApplication())
  await dashboard.press('2')
  await dashboard.shows('5 points')
  await setTimeout(50)
  const before = dashboard.output().length
  await dashboard.press('down')
  await dashboard.shows(/› .*10:00/)
  const painted = dashboard.output().slice(before)
  expect(painted).toContain('10:00')
  expect(painted).not.toContain('Overview')
  expect(painted).not.toContain('09:00')
  expect(painted.length).toBeLessThan(1500)
})

test('names with escape sequences are shown, and never obeyed by the terminal', async () => {
  const application = seededApplication({ pointCount: 0 })
  const evil = 'evil\u001b]0;owned\u0007\u001b[2J\u202ename'
  const base = seededApplication({ pointCount: 1 }).pointList[0]!
  application.addPoint(
    { ...base, instanceName: evil, tags: [evil], sources: [evil] },
    new FakeTree().file(`/${evil}`, evil),
  )
  const dashboard = new TestDashboard(application)
  await dashboard.press('2')
  await dashboard.shows('evil\\x1b')
  await dashboard.press('i', '3')
  await dashboard.shows(/evil\\x1b]0;owned/)
  await dashboard.press('h')
  await dashboard.shows('1 version')
  await dashboard.press('esc', 'r')
  await dashboard.shows('+ create')
  expect(dashboard.output()).not.toContain('\u001b]0;owned')
  expect(dashboard.output()).not.toContain('\u001b[2J\u202e')
})

test('no terminal obeys what jobs, logs, notifications, plans, mounts and servers say', async () => {
  const evil = 'evil\u001b]0;owned\u0007\u001b[2J\u202e'
  const application = busyApplication()
  const [depot] = application.repositoryList
  const [step] = NIGHTLY.steps
  const state = { kind: 'unreachable', sinceMs: 0, message: evil, hint: evil } as const
  application.repositoryList = [{ ...depot!, url: evil, state }]
  application.healthData = { color: 'red', message: evil, fix: undefined, repository: undefined, others: [] }
  const told = { category: evil, title: evil, message: evil } as const
  application.notificationList = [{ ...told, id: 'n', atMs: 0, priority: 'high', isAcknowledged: false }]
  application.planList = [
    { ...NIGHTLY, name: evil, sources: [evil], repository: evil, trigger: evil, steps: [{ ...step!, words: evil }] },
  ]
  application.jobList = [
    { ...BACKUP, kind: evil, plan: evil, repository: evil, progress: { ...BACKUP.progress!, at: evil } },
  ]
  application.log = [evil]
  application.mountList = [{ ...NEW_MOUNT, id: 'm', directory: evil, repository: evil, point: undefined }]
  application.failures.set('check', new StorageError('STORE_FAILED', evil, { hint: evil }))
  const dashboard = new TestDashboard(application, { columns: 120, rows: 40 })
  const shownOn = async (title: string): Promise<void> => {
    await dashboard.until((frame) => frame.includes(title) && frame.includes('evil\\x1b]0;owned'))
  }
  await shownOn('[1 Overview]')
  await dashboard.press('c')
  await dashboard.shows('✗ evil\\x1b')
  for (const [key, title] of [
    ['5', '[5 Plans]'],
    ['6', '[6 Drivers]'],
    ['8', '[8 Mounts]'],
    ['7', '[7 Jobs]'],
    ['enter', 'Log of evil'],
  ] as const) {
    await dashboard.press(key)
    await shownOn(title)
  }
  for (const order of ['\u001b]0;owned', '\u001b[2J', '\u202e']) expect(dashboard.output()).not.toContain(order)
})

test('those who hear the screen are read its text without rules and charts', async () => {
  const dashboard = new TestDashboard(seededApplication(), { isScreenReader: true })
  const frame = await dashboard.shows('Repository size 104 MiB')
  expect(frame).not.toContain('────')
  expect(frame).not.toContain('⡇')
})

test('a password is typed without being shown', async () => {
  const application = seededApplication()
  application.passwords.set('depot', 'open sesame')
  const dashboard = new TestDashboard(application)
  await dashboard.shows('Open depot')
  dashboard.send('wrong')
  await dashboard.press('enter')
  await dashboard.shows('✗ the password is wrong')
  dashboard.paste('open sesame\n')
  await dashboard.press('enter')
  await dashboard.shows('depot: 5 points')
  expect(dashboard.output()).not.toContain('sesame')
})

test('a slow application does not hold up the keys', async () => {
  const application = seededApplication()
  for (const method of ['points', 'entries', 'health', 'sizes'] as const) application.delaysMs.set(method, 400)
  const dashboard = new TestDashboard(application)
  await dashboard.press('2')
  await dashboard.shows('reading the points …')
  await dashboard.press('?')
  await dashboard.shows('Keys of Points')
  await dashboard.press('q')
  await dashboard.shows('5 points')
})
