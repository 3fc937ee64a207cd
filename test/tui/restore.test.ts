import { expect, test } from 'vitest'

import type { PreviewItem } from '../../src/service/application/shown.ts'
import { INITIAL_RESTORE, restoreRequest } from '../../tui/screens/restore/restore-state.ts'
import { restore, type RestoreCommand } from '../../tui/screens/restore/restore.ts'
import type { ScreenEvent } from '../../tui/state/event.ts'
import { DashboardState } from '../support/dashboard-state.ts'

const MARKED = {
  repository: 'depot',
  point: 'p1',
  items: [
    { path: '/a', shownPath: '/a' },
    { path: '/a/b/c', shownPath: '/a/b/c' },
  ],
}
const { shared } = new DashboardState().start().state

function item(path: string, kind: string): PreviewItem {
  return { path, shownPath: path, kind, action: 'create', bytes: 1, after: undefined, before: undefined }
}

const ITEMS = [
  item('/a', 'dir'),
  item('/a/b', 'dir'),
  item('/a/b/c', 'file'),
  item('/a/b/d', 'file'),
  item('/a/e', 'file'),
]

function run(...events: readonly ScreenEvent<RestoreCommand>[]): typeof INITIAL_RESTORE {
  return events.reduce((state, event) => restore.reduce(state, event, shared).state, INITIAL_RESTORE)
}

const OPENED = { kind: 'opened', destination: { screen: 'restore', marked: MARKED } } as const
const PREVIEWED = {
  kind: 'answer',
  slot: 'restore:preview',
  method: 'preview',
  args: [restoreRequest(INITIAL_RESTORE, MARKED)],
  value: ITEMS,
  isLast: true,
} as const

test('what was marked inside of a folder that is left out is left out by name: inner words count', () => {
  const previewed = run(OPENED, PREVIEWED)
  const state = run(OPENED, PREVIEWED, { kind: 'command', command: 'down' }, { kind: 'command', command: 'leave-out' })
  expect(previewed.totals.create.count).toBe(5)
  expect(state.totals['left out'].count).toBe(3)
  const request = restoreRequest(state, MARKED)
  expect(request.selections.map(({ path }) => path)).toEqual(['/a', '/a/b/c'])
  expect(request.without).toEqual(['/a/b', '/a/b/c'])
})

test('nothing is asked to be written before the preview is whole and a question was answered with yes', () => {
  const start = { kind: 'command', command: 'start' } as const
  const before = restore.reduce(run(OPENED), start, shared)
  expect(before).toMatchObject({ say: 'The preview is not whole yet.' })
  expect(before.effects ?? []).toEqual([])
  const asked = restore.reduce(run(OPENED, PREVIEWED), start, shared)
  expect(asked.ask?.name).toBe('restore')
  expect(asked.effects ?? []).toEqual([])
  const confirmed = restore.reduce(asked.state, { kind: 'confirmed', question: 'restore' }, shared)
  expect(confirmed.effects).toMatchObject([{ kind: 'call', method: 'restore' }])
})

test('a preview that comes in many parts has all lines and sums at its end', () => {
  const part = { ...PREVIEWED, value: [], isLast: false }
  const parts = ITEMS.map((each) => ({ ...part, value: [each] }))
  const state = run(OPENED, ...parts, { ...part, isLast: true })
  expect(state.rows.map(({ item: { path } }) => path)).toEqual(ITEMS.map(({ path }) => path))
  expect(state.totals.create).toEqual({ count: 5, bytes: 3 })
})
