import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { compareTrees } from '../../../examples/compare-trees.ts'
import { createS3Store } from '../../../drivers/s3/create-store.ts'
import { openS3Driver, type S3DriverOptions } from '../../../drivers/s3/s3-driver.ts'
import { parseS3Url } from '../../../drivers/s3/s3-location.ts'
import { systemRandomness } from '../../../src/base/random.ts'
import { objectIdOf } from '../../../src/crypto/blake3.ts'
import { probeStore } from '../../../src/storage/probe.ts'
import { describeDriverContract } from '../../contract/driver-contract.ts'
import { CliPlace } from '../../support/cli.ts'
import { freshName } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { startSwiftServer, SWIFT_CREDENTIALS, type TestSwiftServer } from '../../support/swift-server.ts'

let server: TestSwiftServer
beforeAll(async () => {
  server = await startSwiftServer()
})
afterAll(() => server[Symbol.asyncDispose]())
let stores = 0

async function makeStore(): Promise<S3DriverOptions> {
  const url = server.url(`bucket/store-${stores++}`)
  const options = { url, location: parseS3Url(url), credentials: SWIFT_CREDENTIALS }
  await createS3Store(options)
  return options
}

describeDriverContract('s3 of Swift', async () => {
  const options = await makeStore()
  return { driver: openS3Driver(options), reopen: async () => openS3Driver(options) }
})

test('what Swift promises is what a test of the store finds, and large objects in parts are whole', async () => {
  await using driver = openS3Driver(await makeStore())
  const report = await probeStore(driver, {
    randomness: systemRandomness,
    idOf: objectIdOf,
    signal: new AbortController().signal,
  })
  const { checks } = report
  for (const check of ['stores-and-gives-back', 'gives-ranges', 'takes-large-objects'] as const) {
    expect(checks.get(check), check).toBe(true)
  }
  expect(driver.capabilities.exclusivePut).toBe(report.exclusivePut)
  const [object, body] = [freshName('index'), patternBytes(40 << 20, 5)]
  await driver.put(object, [body])
  expect(Buffer.compare(await driver.get(object), body)).toBe(0)
  const range = { offset: (8 << 20) - 5, length: 10 }
  expect(await driver.get(object, range)).toEqual(body.slice(range.offset, range.offset + range.length))
})

test('a backup and one of nothing changed are whole by a check of Swift, and come back byte for byte', async () => {
  const place = new CliPlace()
  Object.assign(place.environment, {
    AWS_ACCESS_KEY_ID: SWIFT_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: SWIFT_CREDENTIALS.secretAccessKey,
    TIDEMARK_REPOSITORY: server.url('bucket/backups'),
  })
  for (let i = 0; i < 40; i++) writeFileSync(join(place.source, `file-${i}`), patternBytes(1 << 20, i))
  await place.init()
  for (let time = 0; time < 2; time++) await place.succeed(['backup', place.source])
  await place.succeed(['check', '--read-data'])
  const target = join(place.folder, 'restored')
  await place.succeed(['restore', `latest:${place.source}`, '--target', target])
  expect(await compareTrees(place.source, target)).toMatchObject({ differences: [] })
})
