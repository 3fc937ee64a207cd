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

const SEEDS = 100
const PROGRAMS = 5
/** One seed alone: TIDEMARK_SIMULATION_SEED=42 vitest run test/simulation/simulation.test.ts */
const ONLY = Number(process.env['TIDEMARK_SIMULATION_SEED'] ?? 0)

test.runIf(ONLY > 0)(`seed ${ONLY} loses no point`, async () => {
  await liveThrough({ from: ONLY, seeds: 1, programs: PROGRAMS, isLate: false })
})

test.skipIf(ONLY > 0)(
  `${SEEDS} seeds of writers that crash, sleep, forget and prune over a store that lists what it has lose no point`,
  async () => {
    const seen = await liveThrough({ from: 1, seeds: SEEDS, programs: PROGRAMS, isLate: false })
    // It is only worth something when all of this really came about.
    expect(seen.points).toBeGreaterThan(4 * SEEDS)
    expect(seen.crashes).toBeGreaterThan((3 * SEEDS) / 4)
    expect(seen.marks).toBeGreaterThan(SEEDS / 3)
    expect(seen.deaths).toBeGreaterThan(SEEDS / 20)
    expect(seen.packsRemoved).toBeGreaterThan(SEEDS / 10)
  },
  600_000,
)
