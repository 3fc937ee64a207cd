import { expect, test } from 'vitest'

import { StorageError } from '../../src/base/errors.ts'
import { TestDashboard } from '../support/dashboard.ts'
import { seededApplication, TEST_NOW_MS } from '../support/seeded-application.ts'

test('of a repository that is away, Points and Browse say since when, and show what they know', async () => {
  const application = seededApplication()
  const [depot] = application.repositoryList
  const away = new StorageError('STORE_UNAVAILABLE', 'no route to host')
  const state = {
    kind: 'unreachable',
    sinceMs: TEST_NOW_MS - 3_600_000,
    message: away.message,
    hint: undefined,
  } as const
  const isAway = (is: boolean): void => {
    application.repositoryList = [is ? { ...depot!, state } : depot!]
    application.tell('repositories')
  }
  const dashboard = new TestDashboard(application)
  await dashboard.press('2')
  await dashboard.shows('5 points')
  isAway(true)
  const frame = await dashboard.shows(/▲ unreachable since 2026-11-21 \d\d:00 \(1 h ago\): the list is as last seen/)
  expect(frame).toMatch(/5 points[^]*full/)
  await dashboard.press('3')
  await dashboard.shows(/▲ unreachable since 2026-11-21 \d\d:00 \(1 h ago\): only what was read is shown/)
  isAway(false)
  await dashboard.until((shown) => !shown.includes('unreachable'))
  // Of one that never answered there is nothing to show.
  application.failures.set('points', away)
  isAway(true)
  const other = new TestDashboard(application)
  await other.press('2')
  await other.shows(/^ {2}unreachable since 2026-11-21 \d\d:00 \(1 h ago\): no route to host$/m)
})
