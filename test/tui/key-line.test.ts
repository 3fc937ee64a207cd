import { expect, test } from 'vitest'

import type { EntryData, NotificationData } from '../../src/service/application/shown.ts'
import { keyLine } from '../../tui/components/key-line.ts'
import { isTyping, keysOfScreen } from '../../tui/state/screen-step.ts'
import { BACKUP, DEPOT, NIGHTLY } from '../support/busy-application.ts'
import { DashboardState } from '../support/dashboard-state.ts'
import { NEW_MOUNT } from '../support/fake-answers.ts'
import { seededApplication } from '../support/seeded-application.ts'

const NOTIFICATION: NotificationData = {
  ...{ id: 'n', atMs: 0, category: 'backup', priority: 'high', title: 't', message: 'm', isAcknowledged: false },
}
const FILE: EntryData = {
  ...{ name: 'a', path: '/a', shownPath: '/a', kind: 'file', bytes: 1, modifiedMs: 0, mode: 0o644 },
  ...{ owner: 'u', group: 'g', target: undefined },
}
const TO_MEND = { color: 'amber', message: 'so it is', fix: 'check', repository: 'depot' } as const

/** A dashboard of which every screen has something to act on. */
function busy(): DashboardState {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT])
  dashboard.answer('points', seededApplication().pointList).answer('jobs', [BACKUP])
  dashboard.answer('health', { ...TO_MEND, others: [TO_MEND] }).answer('notifications', [NOTIFICATION])
  return dashboard.answer('mounts', [
    { ...NEW_MOUNT, id: 'm', directory: '/mnt', repository: 'depot', point: undefined },
  ])
}

function browsing(): DashboardState {
  return busy().press('3').answer('entries', [FILE])
}

function shownKeys({ state }: DashboardState, columns = 80): string {
  return keyLine(keysOfScreen(state), { columns, hasSharedKeys: !isTyping(state) })
}

test.each<[string, () => DashboardState, string]>([
  ['Overview', busy, 'f mend  b back up  c check  a acknowledge  v charts  : commands  ? help  q quit'],
  ['what is to be mended', () => busy().press('f'), 'Enter mend  Esc close  : commands  ? help  q quit'],
  [
    'Points',
    () => busy().press('2'),
    'Enter open  m mount  / filter  Space mark  d diff  x forget  : commands  ? help',
  ],
  [
    'details of a point',
    () => busy().press('2', 'i'),
    'Esc close  Enter open  m mount  / filter  Space mark  d diff  : commands  ? help',
  ],
  [
    'where a point is mounted',
    () => busy().press('2', 'm'),
    'Ctrl+S done  Ctrl+O folders  Esc leave  Tab next  Ctrl+G help',
  ],
  ['Browse', browsing, '→ open  Space mark  r restore  / search  h history  p path  : commands  ? help'],
  [
    'versions of a file',
    () => browsing().press('h'),
    'd diff  Space mark  Enter go to it  Esc close  : commands  ? help  q quit',
  ],
  [
    'Restore',
    () => browsing().press('r'),
    's restore  t target  Space leave out  o overwrite  c changes  : commands  ? help',
  ],
  [
    'Plans',
    () => busy().press('5').answer('plans', [NIGHTLY]),
    'Enter edit  r run now  p pause  x remove  n new  : commands  ? help  Esc back',
  ],
  [
    'a plan that is made',
    () => busy().press('5').answer('plans', []).press('n', 'tab'),
    'Ctrl+S done  Ctrl+T steps  Ctrl+P more  Ctrl+O folders  Esc leave  Ctrl+G help',
  ],
  ['Drivers', () => busy().press('6'), 's keys  t test  x remove  n new  a add  : commands  ? help  Esc back  q quit'],
  [
    'what opens a repository',
    () => busy().press('6', 's').answer('slots', []),
    'Esc close  a add  p change  c code  e file  x remove  : commands  ? help  q quit',
  ],
  ['Jobs', () => busy().press('7'), 'Enter log  c cancel  : commands  ? help  Esc back  q quit'],
  ['the log of a job', () => busy().press('7', 'enter'), 'f follow  c cancel  Esc close  : commands  ? help  q quit'],
  ['Mounts', () => busy().press('8'), 'm mount  u unmount  : commands  ? help  Esc back  q quit'],
  ['Settings', () => busy().press('9'), 'Enter change  : commands  ? help  Esc back  q quit'],
])('at 80 columns the main keys stand at the bottom, and what finds the others: %s', (_, open, line) => {
  expect(shownKeys(open())).toBe(line)
})

test('where there is room all keys stand at the bottom, those of all screens at the end', () => {
  const line = shownKeys(busy().press('2'), 140)
  expect(line).toMatch(/^Enter open.*i details {2}b back up {2}: commands {2}\? help {2}Esc back {2}q quit$/)
})
