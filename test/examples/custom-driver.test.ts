import { truncateSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createStore, openDriver } from '../../examples/custom-driver.ts'
import { systemRandomness } from '../../src/base/random.ts'
import { objectIdOf } from '../../src/crypto/blake3.ts'
import { probeStore } from '../../src/storage/probe.ts'
import { describeDriverContract } from '../contract/driver-contract.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function newOptions() {
  return { url: `sqlite:${join(temporaryFolder(), 'objects.sqlite')}`, token: undefined }
}

describeDriverContract('custom (one SQLite file)', async () => {
  const options = newOptions()
  await createStore(options)
  return { driver: await openDriver(options), reopen: () => openDriver(options) }
})

test('a probe finds nothing wrong with it', async () => {
  const options = newOptions()
  await createStore(options)
  await using driver = await openDriver(options)
  const { signal } = new AbortController()
  const { checks } = await probeStore(driver, { randomness: systemRandomness, idOf: objectIdOf, signal })
  expect([...checks].filter(([, isProven]) => !isProven)).toEqual([])
})

test('a file that is not there, or not one of SQLite, is told', async () => {
  const options = newOptions()
  await expect(openDriver(options)).rejects.toMatchObject({ code: 'NO_REPOSITORY' })
  await expect(openDriver({ ...options, url: 'sqlite:relative' })).rejects.toMatchObject({ code: 'NO_REPOSITORY' })
  await createStore(options)
  truncateSync(options.url.replace('sqlite:', ''), 50)
  await expect(openDriver(options)).rejects.toMatchObject({ code: 'STORE_FAILED' })
})
