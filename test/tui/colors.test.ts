import { expect, test, vi } from 'vitest'

import { busyApplication } from '../support/busy-application.ts'
import { TestDashboard } from '../support/dashboard.ts'
import { seededApplication } from '../support/seeded-application.ts'

// Read when what colours texts is loaded: no test here has a terminal that could tell.
vi.hoisted(() => {
  process.env['FORCE_COLOR'] = '3'
})

test.each([
  ['16', 'dark', /^(?:3[0-7]|39|9[0-7])$/],
  // Yellow, cyan and the bright ones are not seen on white.
  ['16', 'light', /^(?:3[012457]|39|90)$/],
  ['256', 'dark', /^(?:38;5;\d+|39)$/],
  ['256', 'light', /^(?:38;5;\d+|39)$/],
] as const)('%s colours on a %s background are the only ones that are used', async (colors, background, allowed) => {
  const dashboard = new TestDashboard(busyApplication(), { theme: { colors, background } })
  await dashboard.shows('depot: 40 points')
  // Charts are drawn in colours of their own making.
  await dashboard.shows(/[\u2801-\u28ff]/)
  await dashboard.press('7')
  await dashboard.shows('✗ failed')
  const used = new Set(
    [...dashboard.output().matchAll(/\u001b\[((?:3|4|9|10)[0-9](?:;[0-9;]+)?)m/g)].map(([, code = '']) => code),
  )
  expect(used.size).toBeGreaterThan(2)
  for (const code of used) expect(code).toMatch(allowed)
})

test('without colours nothing is coloured, and what colours tell stands there as a sign', async () => {
  const application = seededApplication()
  application.healthData = {
    color: 'red',
    message: 'A pack is missing.',
    fix: undefined,
    repository: undefined,
    others: [],
  }
  const dashboard = new TestDashboard(application, { theme: { colors: 'none', background: 'dark' } })
  await dashboard.shows('✗ A pack is missing.')
  await dashboard.shows('⡇')
  expect(dashboard.output()).not.toMatch(/\u001b\[(3|4|9|10)[0-9;]*m/)
})
