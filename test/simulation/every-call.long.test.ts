import { describe, expect, test, vi } from 'vitest'
import { Beginning, BeginningOfCopy, systemError } from './every-call.ts'

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

test('a crash before any call of the store loses no point', async () => {
  const beginning = await Beginning.make()
  expect(await beginning.faultEveryCall(() => ({ when: 'before', lasting: true }))).toBeGreaterThan(CALLS_MIN)
})

test.each(ERRNOS)('%s at any call of the store loses no point', async (errno) => {
  const beginning = await Beginning.make()
  const faultOf = () => ({ when: 'before' as const, error: systemError(errno) })
  expect(await beginning.faultEveryCall(faultOf)).toBeGreaterThan(CALLS_MIN)
})

describe.each(['source', 'target'] as const)('a copy', (store) => {
  test(`that crashes before any call of its ${store} loses no point`, async () => {
    const beginning = await BeginningOfCopy.make()
    expect(await beginning.faultEveryCall(store, () => ({ when: 'before', lasting: true }))).toBeGreaterThan(10)
  })

  test.each(ERRNOS)(`that meets %s at any call of its ${store} loses no point`, async (errno) => {
    const beginning = await BeginningOfCopy.make()
    const faultOf = () => ({ when: 'before' as const, error: systemError(errno) })
    expect(await beginning.faultEveryCall(store, faultOf)).toBeGreaterThan(10)
  })
})
