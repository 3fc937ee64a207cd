import { describe, expect, test, vi } from 'vitest'
import { copyThrough } from './copying.ts'
import { liveThrough } from './simulate.ts'

vi.mock(import('../../src/base/limits.ts'), async (original) =>
  (await import('./small-limits.ts')).smallLimits(await original()),
)
vi.mock(import('../../src/crypto/secret.ts'), async (original) =>
  (await import('./plain-secrets.ts')).plainSecrets(await original()),
)
vi.mock(import('../../src/crypto/ed25519.ts'), async (original) =>
  (await import('./verified-once.ts')).verifiedOnce(await original()),
)

const SEEDS = 5000
const COPY_SEEDS = 1000
const REPAIR_SEEDS = 1000
/** Chance that a program is a repair. */
const REPAIRS = 0.3
const PROGRAMS = 20
/** How many seeds one test lives through, so that it is seen how far it is. */
const AT_ONCE = 250

describe.each([
  ['lists what it has', false],
  ['lists late', true],
])('over a store that %s', (_, isLate) => {
  test.each(Array.from({ length: SEEDS / AT_ONCE }, (_, i) => 1000 + i * AT_ONCE))(
    `${AT_ONCE} seeds from %d lose no point`,
    async (from) => {
      const seen = await liveThrough({ from, seeds: AT_ONCE, programs: PROGRAMS, isLate })
      expect(seen.crashes).toBeGreaterThan(AT_ONCE)
      expect(seen.deaths).toBeGreaterThan(AT_ONCE / 10)
      expect(seen.packsRemoved).toBeGreaterThan(AT_ONCE / 5)
    },
  )
})

test.each([
  ['list what they have', false],
  ['list late', true],
])('copies between stores that %s lose no point', async (_, isLate) => {
  const seen = await copyThrough({ from: 1000, seeds: COPY_SEEDS, programs: PROGRAMS, isLate })
  expect(seen.points).toBeGreaterThan(COPY_SEEDS)
  expect(seen.crashes).toBeGreaterThan(COPY_SEEDS / 2)
  expect(seen.packsRemoved).toBeGreaterThan(COPY_SEEDS / 10)
})

test('repairs beside writers that crash, sleep, forget and prune lose no point', async () => {
  const seen = await liveThrough({
    from: 1000,
    seeds: REPAIR_SEEDS,
    programs: PROGRAMS,
    isLate: false,
    repairs: REPAIRS,
  })
  expect(seen.points).toBeGreaterThan(4 * REPAIR_SEEDS)
  expect(seen.packsRemoved).toBeGreaterThan(REPAIR_SEEDS / 10)
})
