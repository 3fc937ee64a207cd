import { expect, test } from 'vitest'

import { StorageError } from '../../src/base/errors.ts'
import type { JobData } from '../../src/service/application/shown.ts'
import { NEVER_RUN } from '../support/busy-application.ts'
import { TestDashboard } from '../support/dashboard.ts'
import { FakeTree } from '../support/fake-tree.ts'
import { pointId, seededApplication, TEST_NOW_MS } from '../support/seeded-application.ts'

const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
] as const

test.each(SIZES)('the overview at $columns x $rows: health, growth, coverage, keys', async (size) => {
  const dashboard = new TestDashboard(seededApplication({ pointCount: 40 }), size)
  const frame = await dashboard.shows('Repository size 139 MiB')
  expect(frame).toContain('● All points verified 2 h ago.')
  expect(frame).toContain('depot: 40 points')
  expect(frame).toContain('Deduplication and compression 27.4x')
  await dashboard.shows('⡇')
  expect(frame).toMatch(/2026-11-21 \d\d:00 {2}1,039 files 3\.7 GiB \+3 ~2 -1 {2}\/home\/arthur \/etc/)
  expect(dashboard.lines().at(-1)).toContain('q quit')
  expect(Math.max(...dashboard.lines().map((line) => line.length))).toBeLessThanOrEqual(size.columns)
})

test('the overview shows the speed of what runs, second by second, and what comes next', async () => {
  const application = seededApplication()
  application.planList = [
    {
      name: 'nightly',
      sources: ['/home'],
      repository: 'depot',
      isPaused: false,
      trigger: 'every day at 1am',
      steps: [{ ...NEVER_RUN, words: 'x', kind: 'backup', nextMs: TEST_NOW_MS + 7_200_000 }],
      proven: { seconds: 185, atMs: TEST_NOW_MS - 86_400_000, isKept: true },
    },
  ]
  const dashboard = new TestDashboard(application)
  await dashboard.shows('nightly: backup in 2 h')
  expect(dashboard.frame()).toContain('recovery proven in 3 min 05 s, 1 d ago')
  await dashboard.press('c')
  await dashboard.shows('► check depot ████')
  await dashboard.shows('Throughput now 50.0 MiB/s')
  expect(application.asked.find(({ method }) => method === 'check')?.given).toEqual(['depot', 10])
})

test('what was put aside before a restore is none of the last points that cover something', async () => {
  const application = seededApplication({ pointCount: 2 })
  application.pointList = application.pointList.map((point, at) => (at === 1 ? { ...point, isUndo: true } : point))
  const dashboard = new TestDashboard(application)
  await dashboard.shows(/Last points: what they cover\n\d{4}-[^\n]*\n\n/)
})

test('what is wrong is said in the health line, and f goes where it is mended', async () => {
  const application = seededApplication()
  application.healthData = {
    color: 'amber',
    message: 'Two points look suspect.',
    fix: 'points',
    repository: undefined,
    others: [],
  }
  const dashboard = new TestDashboard(application)
  await dashboard.shows('▲ Two points look suspect. — f looks at the points')
  await dashboard.press('f')
  await dashboard.shows('[2 Points]')
})

test("a repository on the source's own disk, and one that is not reached, are told from the others", async () => {
  const application = seededApplication()
  const [depot] = application.repositoryList
  application.repositoryList = [{ ...depot!, sharesDisk: true }]
  const dashboard = new TestDashboard(application, { columns: 120, rows: 40 })
  await dashboard.shows("on the source's own disk: lost together with it")
  const sinceMs = TEST_NOW_MS - 3_600_000
  const state = { kind: 'unreachable', sinceMs, message: 'no route to host', hint: undefined } as const
  application.repositoryList = [{ ...depot!, state }]
  application.tell('repositories')
  await dashboard.shows(/unreachable since 2026-11-21 \d\d:00 \(1 h ago\): no route to host/)
})

test('what is said of health is said to its end at 80 x 24, and so is a problem', async () => {
  const application = seededApplication()
  const words = (count: number): string => Array.from({ length: count }, (_, index) => `word${index}`).join(' ')
  application.healthData = { color: 'amber', message: words(20), fix: 'points', repository: undefined, others: [] }
  const dashboard = new TestDashboard(application)
  await dashboard.shows('— f looks at the points')
  application.failures.set('check', new StorageError('STORE_UNAVAILABLE', words(25)))
  await dashboard.press('c')
  await dashboard.shows('word24')
  expect(dashboard.lines()[0]).toContain('[1 Overview]')
  expect(dashboard.lines().at(-1)).toContain('q quit')
})

test('notifications are acknowledged one by one', async () => {
  const application = seededApplication()
  const data = { atMs: TEST_NOW_MS, category: 'backup', priority: 'high', message: 'm', isAcknowledged: false } as const
  application.notificationList = [
    { id: 'n1', title: 'First', ...data, atMs: TEST_NOW_MS - 1 },
    { id: 'n2', title: 'Second', ...data },
  ]
  const dashboard = new TestDashboard(application)
  await dashboard.shows('First')
  await dashboard.press('j', 'a')
  await dashboard.until((frame) => !frame.includes('First') && frame.includes('Second'))
})

test.each(SIZES)('points at $columns x $rows: on a line of time and in a table, the newest first', async (size) => {
  const dashboard = new TestDashboard(seededApplication(), size)
  await dashboard.press('2')
  const frame = await dashboard.shows(/5 points[^]*full/)
  expect(frame.split('\n').filter((line) => /(inc|full) {2}/.test(line))).toHaveLength(5)
  expect(frame).toMatch(/› .*11:00 {2}inc {3}server +1,004 +660 MiB/)
  expect(frame).toContain('▲')
})

test('points are filtered by tag, instance, source and anything else, while one types', async () => {
  const dashboard = new TestDashboard(seededApplication())
  await dashboard.press('2')
  await dashboard.shows('5 points')
  await dashboard.press('/')
  dashboard.send('tag:nightly instance:lap')
  await dashboard.shows('1 of 5')
  await dashboard.press('enter', 'esc')
  await dashboard.shows('5 points')
})

test('details of a point tell its parents, and two marked points are compared', async () => {
  const dashboard = new TestDashboard(seededApplication())
  await dashboard.press('2')
  await dashboard.shows('5 points')
  await dashboard.press('i')
  expect(await dashboard.shows(`incremental point ${pointId(4)}`)).toContain(`parents ${pointId(3).slice(0, 8)}`)
  await dashboard.press('space', 'down', 'down', 'space', 'd')
  const frame = await dashboard.shows('3 differences')
  expect(frame).toContain('/home/arthur/new-1.txt')
  expect(frame).toMatch(/~ content +30 B +30 B {2}\/home\/arthur\/notes\.txt/)
})

test('a point is mounted where one types, shown as mounted, and unmounted', async () => {
  const application = seededApplication()
  const dashboard = new TestDashboard(application)
  await dashboard.press('2')
  await dashboard.shows('5 points')
  await dashboard.press('m')
  await dashboard.shows('Mount at  /home/arthur/tidemark▏')
  await dashboard.press('ctrl+u')
  dashboard.paste('/mnt/point\r')
  await dashboard.shows('/mnt/point')
  await dashboard.press('enter')
  await dashboard.shows('Mounted at /mnt/point.')
  expect(application.mountList).toMatchObject([{ directory: '/mnt/point', point: pointId(4) }])
  await dashboard.shows(/› {2}m/)
  await dashboard.press('u')
  await dashboard.shows('The mount has ended.')
  expect(application.mountList).toEqual([])
})

test('a folder that cannot be mounted on is corrected where it was typed, and another point is never mounted', async () => {
  const application = seededApplication()
  application.failures.set('mount', new StorageError('STORE_FAILED', 'the folder is not empty'))
  const dashboard = new TestDashboard(application)
  await dashboard.press('2')
  await dashboard.shows('5 points')
  await dashboard.press('m')
  await dashboard.shows(pointId(4).slice(0, 8))
  // What is typed is typed into the folder: no key of the screen is offered.
  expect(dashboard.frame()).not.toContain('forget')
  await dashboard.press('ctrl+u')
  dashboard.paste('mnt')
  await dashboard.press('enter')
  await dashboard.shows('✗ begins with /')
  await dashboard.press('home')
  dashboard.paste('/')
  await dashboard.press('enter')
  await dashboard.shows('✗ the folder is not empty')
  expect(dashboard.frame()).toContain('Mount at  /▏mnt')
  // The list is another one by now.
  application.pointList = application.pointList.slice(0, -1)
  application.tell('points')
  application.failures.delete('mount')
  await dashboard.press('end')
  dashboard.send('2')
  await dashboard.press('enter')
  await dashboard.shows('Mounted at /mnt2.')
  expect(application.mountList).toMatchObject([{ directory: '/mnt2', point: pointId(4) }])
})

test('nothing is forgotten without a yes, and with it exactly what was asked about', async () => {
  const application = seededApplication()
  const dashboard = new TestDashboard(application)
  await dashboard.press('2')
  await dashboard.shows('5 points')
  await dashboard.press('x')
  await dashboard.shows('Forget this point?')
  await dashboard.press('enter', 'n')
  await dashboard.until((frame) => !frame.includes('Forget this'))
  expect(application.asked.some(({ method }) => method === 'forget')).toBe(false)
  await dashboard.press('down', 'x')
  await dashboard.shows('Forget this point?')
  await dashboard.press('y')
  await dashboard.shows('4 points')
  expect(application.asked.find(({ method }) => method === 'forget')?.given).toEqual(['depot', [pointId(3)]])
})

test.each(SIZES)(
  'a point is walked into at $columns x $rows: tree, metadata, and the beginning of a file',
  async (size) => {
    const dashboard = await browsing(size)
    await dashboard.press('p')
    dashboard.send('/home/arthur/notes.txt')
    await dashboard.press('enter')
    const frame = await dashboard.shows('version 4')
    expect(frame).toMatch(/▾ home/)
    expect(frame).toMatch(/›.*notes\.txt +30 B/)
    expect(frame).toContain('rw-r--r-- arthur:users')
  },
)

test('whoever goes into the preview of a file sees that the keys scroll it, and how to come back', async () => {
  const dashboard = await browsing()
  await goTo(dashboard, '/home/arthur/notes.txt')
  await dashboard.press('right')
  await dashboard.shows('› Preview: ↑ ↓ scroll')
  await dashboard.press('left')
  await dashboard.until((frame) => !frame.includes('› Preview') && frame.includes('notes.txt'))
})

test('what is marked is not lost by q without a question', async () => {
  const dashboard = await browsing()
  await goTo(dashboard, '/home/arthur/notes.txt')
  await dashboard.press('space', 'q')
  await dashboard.shows('1 entry in Browse would no longer be marked.')
})

test('pictures are shown by their size, other files in hexadecimal, folders open and close', async () => {
  const dashboard = await browsing()
  await goTo(dashboard, '/home/arthur/photo.png')
  await dashboard.shows('PNG image, 640 x 480')
  await goTo(dashboard, '/home/arthur/data.bin')
  await dashboard.shows('0008 0809 0a0b 0c0d 0e0f')
  await dashboard.press('left', 'left')
  await dashboard.until((frame) => !frame.includes('photo.png'))
})

test('the history of a file shows its versions, and what changed from one to the next', async () => {
  const dashboard = await browsing()
  await goTo(dashboard, '/home/arthur/notes.txt')
  await dashboard.shows('version 4')
  await dashboard.press('h')
  await dashboard.shows('5 versions')
  await dashboard.press('down', 'd')
  const frame = await dashboard.shows('+ version 3')
  expect(frame).toContain('- version 2')
  expect(frame).toMatch(/2026-11-21 \d\d:00 → 2026-11-21 \d\d:00/)
  // Any two of them, whichever is marked.
  await dashboard.press('esc', 'space', 'down', 'down', 'd')
  const two = await dashboard.shows('- version 1')
  expect(two).toContain('+ version 3')
  expect(two).toContain('+1 -1 lines')
  await dashboard.press('esc', 'up', 'up', 'enter')
  await dashboard.shows('version 3')
  expect(dashboard.frame()).toMatch(/Point of 2026-11-21 \d\d:00 +\/home\/arthur\/notes\.txt/)
})

test('a search lists what it finds, and Enter goes there', async () => {
  const dashboard = await browsing()
  await dashboard.press('/')
  dashboard.send('deep')
  await dashboard.press('enter')
  await dashboard.shows('deep (1)')
  await dashboard.press('enter')
  await dashboard.shows(/▾ lib[^]*›.*deep\.ts/)
})

test('a path that is not there is said to be missing', async () => {
  const dashboard = await browsing()
  await goTo(dashboard, '/home/nobody/x')
  await dashboard.shows('There is no /home/nobody here.')
})

test.each(SIZES)('files at $columns x $rows are restored after a preview and a yes, and not before', async (size) => {
  const application = seededApplication()
  application.disk = new FakeTree().file('/home/arthur/notes.txt', 'what is there now')
  const dashboard = await browsing({ application, ...size })
  await goTo(dashboard, '/etc/hosts')
  await dashboard.press('space')
  await goTo(dashboard, '/home/arthur/notes.txt')
  await dashboard.press('space')
  await dashboard.shows('2 marked')
  await dashboard.press('r')
  const frame = await dashboard.shows(/create 1 .*overwrite 1/)
  expect(frame).toContain('+ create')
  expect(frame).toContain('~ overwrite')
  expect(frame).toContain('100 GiB free')
  await dashboard.press('down')
  await dashboard.shows('there  file  17 bytes')
  expect(dashboard.frame()).toContain('point  file  30 bytes')
  await dashboard.press('s')
  await dashboard.shows('Restore in place?')
  await dashboard.press('enter')
  expect(application.restored).toEqual([])
  await dashboard.press('y')
  await dashboard.shows('Restore is running')
  expect(application.restored).toMatchObject([
    {
      point: pointId(4),
      selections: [
        { path: '/etc/hosts', overwrite: 'if-changed' },
        { path: '/home/arthur/notes.txt', overwrite: 'if-changed' },
      ],
      target: undefined,
      deleteOthers: false,
    },
  ])
})

test('a restore ends with its report, and undo shows what it would do, names what it is of, and does it after a yes', async () => {
  const application = seededApplication()
  application.undone = { id: 'u1', restored: pointId(4), target: '/', atMs: TEST_NOW_MS }
  const created = { path: '/etc/hosts', shownPath: '/etc/hosts', kind: 'file', bytes: 9 }
  application.undoItems = [{ ...created, action: 'delete', after: undefined, before: undefined }]
  const dashboard = await browsing({ application })
  await goTo(dashboard, '/etc/hosts')
  await dashboard.press('r')
  await dashboard.shows('+ create')
  await dashboard.press('s')
  await dashboard.shows('Restore in place?')
  await dashboard.press('y')
  await dashboard.shows('Restore is running')
  const job = application.jobList.find(({ kind }) => kind === 'restore') as JobData
  application.putJob({ ...job, state: 'done', outcome: '1 file verified', progress: undefined })
  const frame = await dashboard.shows('second line')
  expect(frame).toContain('✓ Restore is done: 1 file verified')
  await dashboard.press('u')
  await dashboard.shows(/Preview: take back the restore of .* to \/ from point 0+4/)
  await dashboard.shows('- delete')
  expect(application.asked.at(-1)).toEqual({ method: 'previewUndo', given: ['depot', 'u1'] })
  await dashboard.press('esc')
  await dashboard.shows('✓ Restore is done')
  await dashboard.press('u')
  await dashboard.shows('- delete')
  await dashboard.press('s')
  await dashboard.shows(/Take this restore back\?[^]*to \/ from point 0+4[^]*1 path that it created deleted/)
  expect(application.asked.some(({ method }) => method === 'undo')).toBe(false)
  await dashboard.press('y')
  await dashboard.shows('Undo is running')
})

test('paths are left out and taken in again, and overwritten each in its own way', async () => {
  const application = seededApplication()
  application.disk = new FakeTree().file('/home/arthur/src/main.ts', 'changed')
  const dashboard = await browsing({ application })
  await goTo(dashboard, '/home/arthur/src')
  await dashboard.press('r')
  await dashboard.shows(/create 2 .*overwrite 1/)
  await dashboard.press('down', 'space')
  await dashboard.shows('left out 2')
  await dashboard.press('space')
  await dashboard.until((frame) => !frame.includes('left out'))
  await dashboard.press('end', 'o')
  await dashboard.shows(/keep 1/)
  await dashboard.press('up', 'space', 's')
  await dashboard.shows('0 paths overwritten')
  await dashboard.press('y')
  await dashboard.shows('Restore is running')
  expect(application.restored[0]).toMatchObject({
    selections: [
      { path: '/home/arthur/src', overwrite: 'if-changed' },
      { path: '/home/arthur/src/main.ts', overwrite: 'never' },
    ],
    without: ['/home/arthur/src/lib/deep.ts'],
  })
})

test('a restore goes where one types, and says when there is too little room', async () => {
  const application = seededApplication()
  application.free = 10
  const dashboard = await browsing({ application })
  await goTo(dashboard, '/home/arthur/data.bin')
  await dashboard.press('r')
  await dashboard.shows('▲ needs 600 B, 10 B free')
  await dashboard.press('t')
  await dashboard.shows('where to, and how')
  dashboard.send('/tmp/x')
  await dashboard.press('tab', 'right', 'tab', 'space', 'enter')
  await dashboard.shows('Preview: restore to /tmp/x, overwrite never, delete what is not in the point')
  await dashboard.press('s')
  await dashboard.shows('▲ 600 B are needed, 10 B are free')
})

test('an unreachable repository leaves the dashboard alive and says what to do', async () => {
  const application = seededApplication()
  const failure = new StorageError('STORE_UNAVAILABLE', 'depot does not answer', { hint: 'Is it plugged in?' })
  application.failures.set('entries', failure)
  const dashboard = new TestDashboard(application)
  await dashboard.press('3')
  await dashboard.shows('✗ depot does not answer — Is it plugged in?')
  application.failures.clear()
  await dashboard.press('ctrl+r')
  await dashboard.shows('▸ etc')
})

async function browsing({
  application = seededApplication(),
  ...size
}: {
  readonly application?: ReturnType<typeof seededApplication>
  readonly columns?: number
  readonly rows?: number
} = {}): Promise<TestDashboard> {
  const dashboard = new TestDashboard(application, size)
  await dashboard.shows('depot')
  await dashboard.press('3')
  await dashboard.shows('▸ home')
  return dashboard
}

async function goTo(dashboard: TestDashboard, path: string): Promise<void> {
  await dashboard.press('p')
  await dashboard.shows('Go to: ')
  dashboard.send(path)
  await dashboard.press('enter')
  await dashboard.until((frame) => !frame.includes('Go to: '))
}
