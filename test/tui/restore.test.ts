import { expect, test } from 'vitest'

import type { PreviewItem } from '../../src/service/application/shown.ts'
import { INITIAL_RESTORE, restoreRequest } from '../../tui/screens/restore/restore-state.ts'
import { restore, type RestoreCommand } from '../../tui/screens/restore/restore.ts'
import type { ScreenEvent } from '../../tui/state/event.ts'
import { openScreen } from '../../tui/state/navigate.ts'
import { DEPOT } from '../support/busy-application.ts'
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
  const asked = restore.reduce(run(OPENED, PREVIEWED, start), { ...PREVIEWED, slot: 'restore:look' }, shared)
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

test('while a preview comes, the chosen line stays chosen though others come in above it', () => {
  const part = { ...PREVIEWED, isLast: false }
  const [a, b, c, d, e] = ITEMS as [PreviewItem, PreviewItem, PreviewItem, PreviewItem, PreviewItem]
  const down = { kind: 'command', command: 'down' } as const
  const state = run(OPENED, { ...part, value: [a, b, e] }, down, down, { ...part, value: [c, d], isLast: true })
  expect(state.rows.map(({ item: { path } }) => path)).toEqual(['/a', '/a/b', '/a/b/c', '/a/b/d', '/a/e'])
  expect(state.rows[state.place.selected]?.item.path).toBe('/a/e')
})

/** A preview of `/a`, in which `s` was pressed, and what another look at the target answers to that. */
function lookedAgain(now: readonly PreviewItem[]): DashboardState {
  const dashboard = previewed().press('s')
  expect(dashboard.state.overlay).toBeUndefined()
  return dashboard.answer('preview', now)
}

function askedLines({ state: { overlay } }: DashboardState): readonly string[] {
  return overlay?.kind === 'question' ? overlay.question.lines : []
}

function previewed(): DashboardState {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT])
  dashboard.press('4')
  const { state, effects } = openScreen(dashboard.state, { screen: 'restore', marked: MARKED })
  dashboard.state = state
  dashboard.effects.push(...effects)
  return dashboard.send(PREVIEWED)
}

test('a restore is asked for with what another look at the target found, and begins when that is what was shown', () => {
  const larger = ITEMS.map((each) => ({ ...each, bytes: 1024 }))
  const dashboard = lookedAgain(larger)
  expect(askedLines(dashboard)).toContain('5 paths created, 3.0 KiB')
  dashboard.press('y')
  expect(dashboard.calls('restore')).toBe(1)
})

test('what changed in the target since the preview is shown, and nothing is begun until s is pressed again', () => {
  const extra: PreviewItem = { ...item('/a/extra', 'file'), action: 'delete' }
  const now = [...ITEMS.map((each) => (each.path === '/a/e' ? { ...each, action: 'overwrite' as const } : each)), extra]
  const dashboard = lookedAgain(now)
  expect(dashboard.state.overlay).toBeUndefined()
  const state = dashboard.state.screens.restore
  expect([...state.differing]).toEqual(['/a/e', '/a/extra'])
  expect(state.rows[state.place.selected]?.item.path).toBe('/a/e')
  expect(state.totals.delete.count).toBe(1)
  dashboard.press('s').answer('preview', now)
  expect(askedLines(dashboard)).toContain('1 path deleted')
  // The question stands for longer than its figures are worth: what came meanwhile is not deleted unseen.
  dashboard.send({ kind: 'tick', nowMs: dashboard.state.shared.nowMs + 120_000 }).press('y')
  dashboard.answer('preview', [...now, { ...extra, path: '/a/more', shownPath: '/a/more' }])
  expect(dashboard.calls('restore')).toBe(0)
  dashboard.press('s').answer('preview', now)
  expect([...dashboard.state.screens.restore.differing]).toEqual(['/a/more'])
  dashboard.press('s').answer('preview', now).press('y')
  expect(dashboard.calls('restore')).toBe(1)
})

test('what would fail is counted in the question, and a path that is deleted and created anew holds nothing up', () => {
  const replaced = [{ ...item('/a/x', 'dir'), action: 'delete' as const }, item('/a/x', 'file')]
  const failing = { ...item('/a/y', 'unknown'), action: 'fail', problem: 'no' } as const
  const shown = [...ITEMS, ...replaced, failing]
  const dashboard = previewed().press('s').answer('preview', shown)
  expect([...dashboard.state.screens.restore.differing]).toEqual(['/a/x', '/a/y'])
  dashboard.press('s').answer('preview', shown)
  expect(askedLines(dashboard)).toContain('▲ 1 path would fail: the preview says why')
  dashboard.press('n', 's').answer('preview', [failing]).press('s').answer('preview', [failing])
  expect(dashboard.state.overlay).toBeUndefined()
  expect(dashboard.state.message?.text).toContain('1 path would fail')
})

test('what is left out of a restore may change, and a look that was overtaken asks nothing', () => {
  const dashboard = previewed().press('end', 'space', 's')
  dashboard.answer(
    'preview',
    ITEMS.map((each) => (each.path === '/a/e' ? { ...each, action: 'overwrite' as const } : each)),
  )
  expect(dashboard.state.overlay).toMatchObject({ kind: 'question' })
  dashboard.press('n', 's', 'esc').answer('preview', ITEMS)
  expect(dashboard.state.screen).not.toBe('restore')
  expect(dashboard.state.overlay).toBeUndefined()
  expect(dashboard.state.message?.text).toContain('Not asked: Restore in place?')
})
