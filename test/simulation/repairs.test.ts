import { expect, test, vi } from 'vitest'
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

const SEEDS = 4
const PROGRAMS = 6
/** One seed alone: TIDEMARK_SIMULATION_SEED=42 vitest run test/simulation/repairs.test.ts */
const ONLY = Number(process.env['TIDEMARK_SIMULATION_SEED'] ?? 0)

test(`repairs beside writers that crash, sleep, forget and prune lose no point`, async () => {
  const [from, seeds] = ONLY > 0 ? [ONLY, 1] : [1, SEEDS]
  const seen = await liveThrough({ from, seeds, programs: PROGRAMS, isLate: false, repairs: 0.5 })
  expect(seen.points).toBeGreaterThan(4 * seeds)
}, 600_000)
