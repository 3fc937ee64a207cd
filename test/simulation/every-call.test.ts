import { expect, test, vi } from 'vitest'
import { Beginning, systemError } from './every-call.ts'

vi.mock(import('../../src/base/limits.ts'), async (original) =>
  (await import('./small-limits.ts')).smallLimits(await original()),
)
vi.mock(import('../../src/crypto/secret.ts'), async (original) =>
  (await import('./plain-secrets.ts')).plainSecrets(await original()),
)
vi.mock(import('../../src/crypto/ed25519.ts'), async (original) =>
  (await import('./verified-once.ts')).verifiedOnce(await original()),
)

// A backup, a forget, a prune and another backup: far more calls than this.
const CALLS_MIN = 80
const ERRNOS = ['ENOSPC', 'EIO', 'EDQUOT', 'EACCES']

// A crash before a call leaves what one after the call before it leaves: the long tests do both.
test('a crash after any call of the store loses no point', async () => {
  const beginning = await Beginning.make()
  expect(await beginning.faultEveryCall(() => ({ when: 'after', lasting: true }))).toBeGreaterThan(CALLS_MIN)
})

test(`${ERRNOS.join(', ')} in turn at any call of the store lose no point`, async () => {
  const beginning = await Beginning.make()
  const faultOf = (nth: number) => ({
    when: 'before' as const,
    error: systemError(ERRNOS[nth % ERRNOS.length] ?? ''),
  })
  expect(await beginning.faultEveryCall(faultOf)).toBeGreaterThan(CALLS_MIN)
})
