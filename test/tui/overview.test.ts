import { expect, test } from 'vitest'

import { TestDashboard } from '../support/dashboard.ts'
import { seededApplication } from '../support/seeded-application.ts'

test('the overview says how all is, what was backed up last, and how it has grown', async () => {
  const dashboard = new TestDashboard(seededApplication())
  const frame = await dashboard.shows('Repository size 104 MiB')
  expect(frame).toContain('● All points verified 2 h ago.')
  expect(frame).toContain('1,004 files')
})
