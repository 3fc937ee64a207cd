import { expect, test } from 'vitest'

import type { HostData, JobData, WaitData } from '../../src/service/application/shown.ts'
import { noDaemonText } from '../../tui/text/host.ts'
import { shownDue, shownWait } from '../../tui/text/wait.ts'
import { BACKUP, DEPOT, NIGHTLY } from '../support/busy-application.ts'
import { TestDashboard } from '../support/dashboard.ts'
import { DashboardState } from '../support/dashboard-state.ts'
import { seededApplication, TEST_NOW_MS } from '../support/seeded-application.ts'

const WAIT: WaitData = { for: 'turn', repository: undefined, job: undefined, untilMs: undefined }
const AGAIN: WaitData = { ...WAIT, for: 'time', untilMs: TEST_NOW_MS + 240_000 }
const WAITING: JobData = { ...BACKUP, state: 'queued', progress: undefined, wait: WAIT }
const DAEMON: HostData = { kind: 'daemon' }
const ALONE: HostData = { kind: 'this-process' }

test('what a job waits for is said with the time of its next try, never with one that is past', () => {
  const said = (wait: Partial<WaitData>): string => shownWait({ ...WAIT, ...wait }, TEST_NOW_MS)
  expect(said(AGAIN)).toMatch(/^next try at \d\d:04$/)
  expect(said({ for: 'time', untilMs: TEST_NOW_MS + 200_000_000 })).toMatch(/^next try at 2026-11-\d\d \d\d:\d\d$/)
  expect(said({ for: 'time' })).toBe('begins now')
  // Of others, or as it is about to begin: nothing else may be running.
  expect(said({ for: 'turn' })).toBe('waits for its turn')
  expect(said({ for: 'unlock', repository: 'disk' })).toBe('waits until disk is unlocked: Ctrl+U')
  expect(said({ for: 'job', job: '12' })).toBe('waits for job 12 of its plan')
  expect(said({ for: 'daemon', untilMs: TEST_NOW_MS + 240_000 })).toMatch(/^waits for a daemon, not before \d\d:04$/)
})

test('a step that is due says what keeps it from running', () => {
  const due = (jobs: readonly JobData[], host: HostData = DAEMON): string =>
    shownDue('nightly', jobs, { host, nowMs: TEST_NOW_MS })
  expect(due([])).toBe('due now')
  expect(due([], ALONE)).toBe('due now, waits for a daemon')
  expect(due([BACKUP])).toBe('due now: the plan runs')
  expect(due([{ ...WAITING, wait: AGAIN }])).toMatch(/^next try at \d\d:04$/)
  const behind: JobData = { ...WAITING, wait: { ...WAIT, for: 'job', job: '1' } }
  expect(due([behind, { ...WAITING, wait: { ...WAIT, for: 'unlock', repository: 'disk' } }])).toBe(
    'due now, waits until disk is unlocked: Ctrl+U',
  )
  expect(due([{ ...WAITING, plan: 'other', wait: AGAIN }])).toBe('due now')
  expect(due([{ ...BACKUP, left: 'goes-on' }])).toBe('due now')
})

test('the screen of jobs tells of what waits, of what a killed daemon left, and of what was cancelled', async () => {
  const application = seededApplication()
  const message = 'there is no repository at /mnt/disk'
  application.jobList = [
    { ...WAITING, id: '1', plan: 'a', wait: AGAIN, outcome: message },
    { ...BACKUP, id: '2', left: 'goes-on' },
    { ...BACKUP, id: '3', left: 'has-ended' },
    { ...WAITING, id: '4', state: 'cancelled', wait: undefined, outcome: undefined },
  ]
  const dashboard = new TestDashboard(application, { columns: 120, rows: 40 })
  await dashboard.press('7')
  const frame = await dashboard.shows('▲ alone')
  expect(frame).toMatch(/▲ alone +backup .* goes on without its daemon/)
  expect(frame).toMatch(/▲ ended +backup .* has ended, and its daemon is gone/)
  expect(frame).toMatch(/○ waits +backup .* next try at \d\d:\d\d: there is no/)
  expect(frame).toContain('- cancelled')
  expect(frame).not.toContain('interrupted')
})

test('what waits is on the Overview, and a queued step of a plan has no time that is past', async () => {
  const application = seededApplication()
  application.jobList = [{ ...WAITING, wait: AGAIN }]
  const [first, ...rest] = NIGHTLY.steps
  application.planList = [
    { ...NIGHTLY, isPaused: true, steps: [{ ...first!, lastState: 'queued', isQueued: true }, ...rest] },
  ]
  const dashboard = new TestDashboard(application)
  expect(await dashboard.shows('○ backup depot')).toMatch(/○ backup depot: next try at \d\d:04/)
  await dashboard.press('5')
  expect(await dashboard.shows('› nightly')).toMatch(/incremental every day: ○ waits; next try at \d\d:04/)
})

test('a job that waits to be tried again is tried now with a key, another one that waits is not', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT])
  dashboard.press('7').answer('jobs', [WAITING]).press('r')
  expect(dashboard.calls('retryJob')).toBe(0)
  dashboard.answer('jobs', [{ ...WAITING, wait: AGAIN }]).press('r')
  expect(dashboard.lastCall('retryJob').args).toEqual([WAITING.id])
})

test('whoever stops to follow a log is told, and one that is whole cannot be followed', () => {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT]).answer('jobs', [BACKUP])
  dashboard.press('7', 'enter').answer('jobLog', { lines: ['one'], place: { run: 1, line: 1 }, isEnd: true })
  expect(dashboard.press('f').state.message?.text).toContain('not followed')
  expect(dashboard.press('f').state.message?.text).toContain('is followed')
  dashboard.answer('jobs', [{ ...BACKUP, state: 'done' }])
  dashboard.answer('jobLog', { lines: [], place: { run: 1, line: 1 }, isEnd: true })
  const { screens } = dashboard.press('f').state
  expect(screens.jobs.log).toMatchObject({ isWhole: true, isFollowing: true })
})

test('without a daemon, plans say that none of them begins by itself, and what a due one waits for', async () => {
  const application = seededApplication()
  const [first, ...rest] = NIGHTLY.steps
  application.planList = [{ ...NIGHTLY, steps: [{ ...first!, nextMs: TEST_NOW_MS - 3_600_000 }, ...rest] }]
  application.host = ALONE
  const dashboard = new TestDashboard(application)
  await dashboard.press('5')
  const frame = await dashboard.shows(/› nightly +now /)
  expect(frame).toContain(noDaemonText(ALONE))
  expect(noDaemonText(ALONE)).toContain('tidemark daemon install')
  // It is said on one line, however small the terminal.
  for (const host of [ALONE, { kind: 'daemon-gone', sinceMs: 1 }] as const) {
    expect(noDaemonText(host).length).toBeLessThanOrEqual(80)
  }
  expect(frame).toContain('; due now, waits for a daemon')
  await dashboard.press('1')
  expect(await dashboard.shows(noDaemonText(ALONE))).not.toContain('○ nightly')
})

test('of several things that are to be mended, all are listed, each with what mends it', async () => {
  const application = seededApplication()
  const [shared, locked] = ['nas lies on the disk of what it keeps', '2 jobs wait until nas is unlocked']
  const common = { color: 'amber', repository: 'nas' } as const
  const others = [{ ...common, message: shared, fix: 'drivers' } as const]
  application.healthData = { ...common, message: locked, fix: 'unlock', others }
  const dashboard = new TestDashboard(application)
  await dashboard.shows(`▲ ${locked} (and 1 thing more) — f lists all`)
  await dashboard.press('f')
  expect(await dashboard.shows('2 things to mend')).toContain(`▲ ${shared}`)
  expect(dashboard.frame()).toContain('f goes to the repositories')
  await dashboard.press('down')
  await dashboard.press('enter')
  await dashboard.shows('[6 Drivers]')
})
