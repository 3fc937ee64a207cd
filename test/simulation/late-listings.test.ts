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

const SEEDS = 60
const PROGRAMS = 5
/**
 * Of the long tests: backups gave up because a second listing lacked an index file that the first had, or because neither
 * had one that the backup before had gone by.
 */
const FOUND = [1051, 1058, 1222, 6310]
/** Another one, with as many programs: looks at marks piled up, so that a backup did not get on. */
const PILED_UP = { from: 3084, programs: 10 }
/** One seed alone: TIDEMARK_SIMULATION_SEED=42 vitest run test/simulation/late-listings.test.ts */
const ONLY = Number(process.env['TIDEMARK_SIMULATION_SEED'] ?? 0)

test.runIf(ONLY > 0)(`seed ${ONLY} loses no point`, async () => {
  await liveThrough({ from: ONLY, seeds: 1, programs: PROGRAMS, isLate: true })
})

test.skipIf(ONLY > 0)(
  `${SEEDS} seeds of writers that crash, sleep, forget and prune over a store that lists late lose no point`,
  async () => {
    const seen = await liveThrough({ from: 1, seeds: SEEDS, programs: PROGRAMS, isLate: true })
    // It is only worth something when all of this really came about.
    expect(seen.points).toBeGreaterThan(4 * SEEDS)
    expect(seen.crashes).toBeGreaterThan(SEEDS)
    expect(seen.marks).toBeGreaterThan(SEEDS / 3)
    expect(seen.deaths).toBeGreaterThan(SEEDS / 20)
    expect(seen.packsRemoved).toBeGreaterThan(SEEDS / 10)
  },
  600_000,
)

test.skipIf(ONLY > 0).each(FOUND)('seed %d, in which a backup once gave up for nothing, ends well', async (seed) => {
  await liveThrough({ from: seed, seeds: 1, programs: PROGRAMS, isLate: true })
})

test.skipIf(ONLY > 0)('a backup that is held up for hours, time and again, gets on', async () => {
  await liveThrough({ ...PILED_UP, seeds: 1, isLate: true })
})
