import { expect, test, vi } from 'vitest'
import { BeginningOfCopy, systemError } from './every-call.ts'

vi.mock(import('../../src/base/limits.ts'), async (original) =>
  (await import('./small-limits.ts')).smallLimits(await original()),
)
vi.mock(import('../../src/crypto/secret.ts'), async (original) =>
  (await import('./plain-secrets.ts')).plainSecrets(await original()),
)
vi.mock(import('../../src/crypto/ed25519.ts'), async (original) =>
  (await import('./verified-once.ts')).verifiedOnce(await original()),
)

const ERRNOS = ['ENOSPC', 'EIO', 'EDQUOT', 'EACCES']

test('a copy that crashes after any call of the store that it writes to loses no point, and the next one goes on', async () => {
  const beginning = await BeginningOfCopy.make()
  const calls = await beginning.faultEveryCall('target', () => ({ when: 'after', lasting: true }))
  expect(calls).toBeGreaterThan(40)
}, 300_000)

test(`${ERRNOS.join(', ')} in turn at any call of the store that it reads from do not, either`, async () => {
  const beginning = await BeginningOfCopy.make()
  const faultOf = (nth: number) => ({ when: 'before' as const, error: systemError(ERRNOS[nth % ERRNOS.length] ?? '') })
  expect(await beginning.faultEveryCall('source', faultOf)).toBeGreaterThan(10)
}, 300_000)
