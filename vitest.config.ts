import { join } from 'node:path'

import { defineConfig } from 'vitest/config'

const long = process.env['TIDEMARK_TEST_LONG'] === '1'

export default defineConfig({
  // What the package exports, as it stands here.
  resolve: { alias: { 'tidemark/driver': join(import.meta.dirname, 'src', 'package', 'driver.ts') } },
  test: {
    include: long ? ['test/**/*.long.test.ts'] : ['test/**/*.test.{ts,tsx}'],
    exclude: long ? [] : ['test/**/*.long.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // However busy the machine is: what hangs is found all the same, and nothing else is told from it by a clock.
    testTimeout: long ? 3_600_000 : 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000, interval: 20 } },
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default'],
  },
})
