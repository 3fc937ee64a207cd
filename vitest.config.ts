import { availableParallelism } from 'node:os'
import { join } from 'node:path'

import { defineConfig } from 'vitest/config'

import { CODE_CACHE } from './test/support/program.ts'

const long = process.env['TIDEMARK_TEST_LONG'] === '1'
/** What mocks modules, sets variables or measures its own memory has a process of its own. */
const ALONE = [
  'test/simulation/**',
  'test/drivers/s3/**',
  'test/drivers/sftp/order*',
  'test/service/daemon/{week,year}*',
  'test/service/application/large-folder*',
  'test/tui/colors*',
]
/** Layers whose tests start no program, and wait for nobody. */
const UNITS = ['test/{base,cli,crypto,engine,format,repository,storage}/**']

/** The tests of some folders, or of some names, that are to run now. */
function testsOf(places: readonly string[]): string[] {
  return places.map((place) => `${place.replace(/\/\*\*$/, '/**/*')}${long ? '.long' : ''}.test.{ts,tsx}`)
}

const notNow = long ? [] : ['test/**/*.long.test.ts']

export default defineConfig({
  // What the package exports, as it stands here.
  resolve: { alias: { 'tidemark/driver': join(import.meta.dirname, 'src', 'package', 'driver.ts') } },
  test: {
    pool: 'forks',
    // Starting a process, and loading what is tested, is most of what a small file costs.
    isolate: long,
    // One more than there are processors: programs, servers and terminals are waited for.
    maxWorkers: Math.min(5, availableParallelism() + 1),
    // However busy the machine is: what hangs is found all the same, and nothing else is told from it by a clock.
    testTimeout: long ? 3_600_000 : 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000, interval: 20 } },
    reporters: ['default'],
    env: {
      NODE_COMPILE_CACHE: CODE_CACHE,
      // Packs in the making get fresh pages from the kernel each time, as a program's first ones do, instead of old ones to clear.
      MALLOC_MMAP_THRESHOLD_: `${1 << 20}`,
    },
    // One after the other by their names, so that none of the longest is left for the end.
    projects: [
      { extends: true, test: { name: 'alone', include: testsOf(ALONE), exclude: notNow, isolate: true } },
      {
        extends: true,
        test: {
          name: 'surroundings',
          include: testsOf(['test/**']),
          exclude: [...notNow, ...ALONE, ...UNITS],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
      { extends: true, test: { name: 'units', include: testsOf(UNITS), exclude: notNow } },
    ],
  },
})
