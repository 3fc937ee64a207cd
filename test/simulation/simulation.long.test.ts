import { describe, expect, test, vi } from 'vitest'
import { liveThrough } from './simulate.ts'

vi.mock(import('../../src/base/limits.ts'), async (original) =>
  (await import('./small-limits.ts')).smallLimits(await original()),
)
vi.mock(import('../../src/crypto/secret.ts'), async (original) =>
  (await import('./plain-secrets.ts')).plainSecrets(await original()),
)

const SEEDS = 5000
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
