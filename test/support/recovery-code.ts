import { expect } from 'vitest'

import type { TestDashboard } from './dashboard.ts'

/** Types the groups of the recovery code of the fake application that are asked for. */
export async function answerCode(dashboard: TestDashboard): Promise<void> {
  await dashboard.press('enter')
  const frame = await dashboard.shows('Is it written down?')
  const groups = [...frame.matchAll(/Group (\d)/g)].map(([, number]) => Number(number) - 1)
  expect(groups).toHaveLength(2)
  for (const group of groups) {
    dashboard.send(['abcde', 'FGHJK', 'LMNPQ', 'RSTUV'][group] ?? '')
    await dashboard.press('enter')
  }
}
