import { expect, onTestFinished, test } from 'vitest'

import { openDuneSeaDriver } from '../../../drivers/dunesea/dunesea-driver.ts'
import { objectIdOf } from '../../../src/crypto/blake3.ts'
import { probeStore } from '../../../src/storage/probe.ts'
import { startTestDuneSea } from '../../support/dunesea-server.ts'
import { listIds } from '../../support/objects.ts'
import { seededRandomness } from '../../support/seeded-randomness.ts'

test('a server that checks names proves all that `driver test` asks for, and is left as it was', async () => {
  const server = await startTestDuneSea()
  onTestFinished(() => server[Symbol.asyncDispose]())
  const token = server.token('home', { quotaBytes: 1 << 30 })
  await using driver = openDuneSeaDriver({ url: server.url('home'), token })
  const { signal } = new AbortController()
  const report = await probeStore(driver, { randomness: seededRandomness('dunesea'), idOf: objectIdOf, signal })
  expect([...report.checks].filter(([, isProven]) => !isProven)).toEqual([])
  expect(report.checks.size).toBe(7)
  expect(report.space?.total).toBe(1 << 30)
  expect(await listIds(driver, 'packs')).toEqual([])
})
