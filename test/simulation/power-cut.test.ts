import { expect, vi } from 'vitest'
import { rootTest } from '../support/root-test.ts'
import { cutPower } from './power-cut.ts'

vi.mock(import('../../src/base/limits.ts'), async (original) =>
  (await import('./small-limits.ts')).smallLimits(await original()),
)
vi.mock(import('../../src/crypto/secret.ts'), async (original) =>
  (await import('./plain-secrets.ts')).plainSecrets(await original()),
)

const CUTS = 8

rootTest(`an ext4 whose power is cut ${CUTS} times while points are made keeps every one (only as root)`, async () => {
  expect(await cutPower(1, CUTS)).toEqual([])
})
