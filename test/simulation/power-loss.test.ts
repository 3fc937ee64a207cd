import { expect, test, vi } from 'vitest'
import { losePower } from './power-loss.ts'

vi.mock(import('../../src/base/limits.ts'), async (original) =>
  (await import('./small-limits.ts')).smallLimits(await original()),
)
vi.mock(import('../../src/crypto/secret.ts'), async (original) =>
  (await import('./plain-secrets.ts')).plainSecrets(await original()),
)
vi.mock(import('../../src/crypto/ed25519.ts'), async (original) =>
  (await import('./verified-once.ts')).verifiedOnce(await original()),
)
vi.mock(import('node:fs/promises'), async (original) => (await import('./disk-log.ts')).logged(await original()))

const SEEDS = 4
const LOSSES = 10

test(`a disk that loses its power keeps every point that was made, ${SEEDS * LOSSES} times`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) expect(await losePower({ seed, losses: LOSSES })).toEqual([])
})

test.each(['sync', 'sync-folder'] as const)('a disk that ignores every %s is found out', async (ignores) => {
  expect(await losePower({ seed: 1, losses: LOSSES, ignores })).not.toEqual([])
})
