import { availableParallelism } from 'node:os'
import { join } from 'node:path'

import { defineConfig } from 'vitest/config'

const long = process.env['TIDEMARK_TEST_LONG'] === '1'
/** Layers whose tests leave nothing behind in their process: its start, and loading what they test, is most of what they cost. */
const TOGETHER = ['test/{base,cli,crypto,engine,format,repository,storage}/**']

/** The tests of some folders that are to run now. */
function testsOf(folders: readonly string[]): string[] {
  return folders.map((folder) => `${folder}/*${long ? '.long' : ''}.test.{ts,tsx}`)
}

const notNow = long ? [] : ['test/**/*.long.test.ts']

export default defineConfig({
  // What the package exports, as it stands here.
  resolve: { alias: { 'tidemark/driver': join(import.meta.dirname, 'src', 'package', 'driver.ts') } },
  test: {
    pool: 'forks',
    // One more than there are processors: programs, servers and terminals are waited for.
    maxWorkers: Math.min(5, availableParallelism() + 1),
    // However busy the machine is: what hangs is found all the same, and nothing else is told from it by a clock.
    testTimeout: long ? 3_600_000 : 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000, interval: 20 } },
    reporters: ['default'],
    projects: [
      {
        extends: true,
        test: {
          // By their names, these begin.
          name: 'alone',
          include: testsOf(['test/**']),
          exclude: [...notNow, ...TOGETHER],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'together', include: testsOf(TOGETHER), exclude: notNow, isolate: false },
      },
    ],
  },
})
