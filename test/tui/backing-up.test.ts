import { expect, test } from 'vitest'

import type { PointData } from '../../src/service/application/shown.ts'
import { StorageError } from '../../src/base/errors.ts'
import { DEPOT } from '../support/busy-application.ts'
import { TestDashboard } from '../support/dashboard.ts'
import { DashboardState } from '../support/dashboard-state.ts'
import { seededApplication } from '../support/seeded-application.ts'

/** A dashboard that knows these points, the newest first. */
function knowing(change: (point: PointData, index: number) => PointData = (point) => point): DashboardState {
  const points = seededApplication({ pointCount: 3 }).pointList.map(change)
  return new DashboardState().start().answer('repositories', [DEPOT]).answer('points', points)
}

test.each(['1', '2'])('on screen %s, b backs up the same folders with the same tags again', (screen) => {
  const dashboard = knowing((point) => ({ ...point, sources: ['/home/a, b', '/etc'], tags: ['daily'] }))
  dashboard.press(screen, 'b')
  // Those that are not there are told at once.
  expect(dashboard.lastCall('placesAt').args).toEqual([['/home/a, b', '/etc']])
  dashboard.press('ctrl+s')
  const how = { tags: ['daily'], excludes: [] }
  expect(dashboard.lastCall('backup').args).toEqual([DEPOT.name, ['/home/a, b', '/etc'], how])
  const { state } = dashboard.answer('backup', 'job-7')
  expect([state.screen, state.message?.text]).toEqual(['jobs', 'The backup has begun.'])
})

test('the chosen point says what is backed up, not one that was put aside before a restore', () => {
  const points = knowing((point, at) => ({ ...point, sources: [`/srv/${at}`], isUndo: at === 2 }))
  points.press('1', 'b', 'ctrl+s')
  expect(points.lastCall('backup').args[1]).toEqual(['/srv/1'])
  const chosen = knowing((point, at) => ({ ...point, sources: [`/srv/${at}`] }))
  chosen.press('2', 'down', 'down', 'b', 'ctrl+s')
  expect(chosen.lastCall('backup').args[1]).toEqual(['/srv/0'])
})

test('where a point has no folders, or there is none, the folder of the user is offered', () => {
  for (const sources of [undefined, ['dump.sql']]) {
    const dashboard = knowing((point) => ({ ...point, sources }))
    dashboard.press('2', 'b', 'ctrl+s')
    expect(dashboard.lastCall('backup').args[1]).toEqual([dashboard.state.shared.home])
  }
  const none = new DashboardState().start().answer('repositories', [DEPOT]).answer('points', [])
  expect(none.press('2', 'b', 'ctrl+s').lastCall('backup').args[1]).toEqual([none.state.shared.home])
})

test('what cannot be backed up is corrected in the form, and what was typed is not lost without a question', () => {
  const dashboard = knowing((point) => ({ ...point, sources: ['/srv'], tags: [] }))
  dashboard.press('1', 'b').type(', relative').press('ctrl+s')
  expect(dashboard.calls('backup')).toBe(0)
  expect(dashboard.press('q').state.screens.overview.backingUp?.editor.isTouched).toBe(true)
  dashboard.press('esc')
  expect(dashboard.state.overlay).toMatchObject({ kind: 'question' })
  dashboard.press('y')
  expect(dashboard.state.screens.overview.backingUp).toBeUndefined()
  dashboard.press('b', 'tab').type('*.tmp, cache').press('ctrl+s')
  expect(dashboard.lastCall('backup').args[2]).toEqual({ tags: [], excludes: ['*.tmp', 'cache'] })
})

test('a backup that could not be asked for leaves the form as it was', async () => {
  const application = seededApplication()
  const dashboard = new TestDashboard(application)
  await dashboard.press('b')
  expect(await dashboard.shows('A point now, without a plan')).toMatch(
    /Folders to keep[^]*Leave out[^]*Repository[^]*Tags/,
  )
  application.failures.set('backup', new StorageError('STORE_FULL', 'the disk is full'))
  await dashboard.press('ctrl+s')
  await dashboard.shows('✗ the disk is full')
  application.failures.clear()
  await dashboard.press('ctrl+s')
  await dashboard.shows('The backup has begun.')
  expect(await dashboard.shows('▸ runs')).toContain('[7 Jobs]')
})

test('a form that is left while its backup is asked for leads nowhere, and the answer closes no other', () => {
  const dashboard = knowing()
  dashboard.press('2', 'b').type('x').press('ctrl+s', 'esc')
  expect(dashboard.state.screens.points.backingUp).toBeUndefined()
  expect(dashboard.state.overlay).toBeUndefined()
  const left = dashboard.answer('backup', 'job-7').state
  expect([left.screen, left.message?.text]).toEqual(['points', 'The backup has begun.'])
  dashboard.press('b', 'ctrl+s', 'esc', 'b').type('/more')
  const { screen, screens } = dashboard.answer('backup', 'job-8').state
  expect([screen, screens.points.backingUp?.editor.isTouched]).toEqual(['points', true])
  dashboard.press('ctrl+s').answer('backup', 'job-9')
  expect(dashboard.state.screen).toBe('jobs')
})

test('the form of a mount that is left while it is made is gone, and the answer closes that of no other point', () => {
  const dashboard = knowing()
  dashboard.press('2', 'm').type('/x').press('ctrl+s', 'esc')
  expect([dashboard.state.screens.points.mounting, dashboard.state.overlay]).toEqual([undefined, undefined])
  dashboard.press('down', 'm').type('/y').answer('mount', undefined)
  const { message, screens } = dashboard.state
  expect(message?.text).toMatch(/^Mounted at /)
  expect(screens.points.mounting?.editor.isTouched).toBe(true)
  dashboard.press('ctrl+s').answer('mount', undefined)
  expect(dashboard.state.screens.points.mounting).toBeUndefined()
})
