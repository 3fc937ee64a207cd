import { defineConfig } from 'vitest/config'

const long = process.env['TIDEMARK_TEST_LONG'] === '1'

export default defineConfig({
  test: {
    include: long ? ['test/**/*.long.test.ts'] : ['test/**/*.test.{ts,tsx}'],
    exclude: long ? [] : ['test/**/*.long.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: long ? 3_600_000 : 60_000,
    hookTimeout: 60_000,
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default'],
  },
})
