import { expect, test } from 'vitest'

import type { DifferenceData, EntryData } from '../../src/service/application/shown.ts'
import { TestDashboard } from '../support/dashboard.ts'
import { DashboardState } from '../support/dashboard-state.ts'
import { DEPOT } from '../support/busy-application.ts'
import { pointId, seededApplication } from '../support/seeded-application.ts'

test('Enter on a file that differs between two points shows both versions line by line, and Esc leads back', async () => {
  const dashboard = new TestDashboard(seededApplication())
  await dashboard.press('2')
  await dashboard.shows('5 points')
  await dashboard.press('d')
  await dashboard.shows('3 differences')
  await dashboard.press('end', 'enter')
  const frame = await dashboard.shows('- version 3')
  expect(frame).toContain('+ version 4')
  expect(frame).toContain('+1 -1 lines')
  expect(frame).toMatch(/2026-11-21 \d\d:00 → 2026-11-21 \d\d:00 {2}\/home\/arthur\/notes\.txt/)
  await dashboard.press('esc')
  await dashboard.shows('3 differences')
})

function entry(path: string, kind: EntryData['kind'] = 'file'): EntryData {
  const owned = { modifiedMs: 0, mode: 0o644, owner: 'u', group: 'g', target: undefined }
  return { name: path, path, shownPath: path, kind, bytes: 1, ...owned }
}

/** A dashboard in a difference with one item. */
function differing({ from, ...item }: Omit<DifferenceData, 'shownPath' | 'from'> & { readonly from?: string }) {
  const dashboard = new DashboardState().start().answer('repositories', [DEPOT])
  dashboard.answer('points', seededApplication().pointList).press('2', 'd')
  return dashboard.answer('diff', [{ ...item, shownPath: '/b', from }])
}

test('a file that was renamed and changed is read where each of the points has it', () => {
  const dashboard = differing({ kind: 'renamed', from: '/a', before: entry('/a'), after: entry('/b') }).press('enter')
  const asked = dashboard.effects.flatMap((effect) =>
    effect.kind === 'call' && effect.method === 'content' ? [effect.args.slice(1, 3)] : [],
  )
  expect(asked).toEqual([
    [pointId(3), '/a'],
    [pointId(4), '/b'],
  ])
  dashboard.press('esc')
  expect(dashboard.effects.slice(-2)).toEqual([
    { kind: 'drop', slot: 'points:before' },
    { kind: 'drop', slot: 'points:after' },
  ])
})

test('a version that cannot be read says why where the lines would be', () => {
  const dashboard = differing({ kind: 'content', before: entry('/b'), after: entry('/b') }).press('enter')
  dashboard.fail('content', 'STORE_UNAVAILABLE', 'depot does not answer')
  expect(dashboard.state.screens.points.difference?.comparison?.lines).toMatchObject({
    kind: 'failed',
    problem: { message: 'depot does not answer' },
  })
})

test.each([
  ['added', undefined, entry('/b'), 'Only one of the points has it.'],
  ['type', entry('/b', 'dir'), entry('/b'), 'Only files are compared line by line.'],
  ['metadata', entry('/b'), entry('/b'), 'Its content is the same in both points.'],
] as const)('where there are no two contents to compare that is said: %s', (kind, before, after, text) => {
  const dashboard = differing({ kind, before, after }).press('enter')
  expect(dashboard.state.message?.text).toBe(text)
  expect(dashboard.calls('content')).toBe(0)
})
