import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'

import { createS3Store } from '../../../drivers/s3/create-store.ts'
import { makeS3Client } from '../../../drivers/s3/s3-client.ts'
import { openS3Driver, type S3Driver, type S3Knowledge } from '../../../drivers/s3/s3-driver.ts'
import { parseS3Url } from '../../../drivers/s3/s3-location.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { type HttpProxy, startHttpProxy } from '../../support/http-proxy.ts'
import { freshName } from '../../support/objects.ts'
import { s3Options, startS3Server, type TestS3Server } from '../../support/s3-server.ts'

let server: TestS3Server
beforeAll(async () => {
  server = await startS3Server()
})
afterAll(() => server[Symbol.asyncDispose]())
let stores = 0

/** Opens a store behind a proxy that, like some servers, refuses puts with a condition. */
async function openStore(known: S3Knowledge | undefined): Promise<{ driver: S3Driver; proxy: HttpProxy }> {
  const proxy = await startHttpProxy(server.port)
  const url = server.url(`known/store-${stores++}`, proxy.port)
  const options = { ...s3Options(url), known }
  await createS3Store(options)
  const driver = openS3Driver(options)
  onTestFinished(async () => {
    await driver[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
  })
  proxy.requests.length = 0
  proxy.fault = ({ method, headers }) =>
    method === 'PUT' && headers['if-none-match'] !== undefined ? { kind: 'status', status: 501 } : undefined
  return { driver, proxy }
}

test('of a server that is known to refuse conditions none is asked, and no object is sent twice', async () => {
  const naive = await openStore(undefined)
  await naive.driver.put(freshName(), [utf8('x')])
  expect(naive.proxy.requests.filter(({ method }) => method === 'PUT')).toHaveLength(2)
  const { driver, proxy } = await openStore({ keepsConditions: false, connections: undefined })
  const object = freshName()
  await driver.put(object, [utf8('x')])
  expect(proxy.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1)
  expect(await driver.get(object)).toEqual(utf8('x'))
  expect(driver.capabilities.exclusivePut).toBe(false)
})

test('that a server kept conditions is proven anew, and one that no longer does is got along with', async () => {
  const { driver } = await openStore({ keepsConditions: true, connections: undefined })
  const object = freshName()
  await driver.put(object, [utf8('x')])
  expect(await driver.get(object)).toEqual(utf8('x'))
  expect(driver.capabilities.exclusivePut).toBe(false)
})

test('it is used with as many requests at once as suited it', async () => {
  expect((await openStore({ keepsConditions: true, connections: 16 })).driver.capabilities.concurrency).toBe(16)
  expect((await openStore(undefined)).driver.capabilities.concurrency).toBe(8)
})

test('credentials that are given win over none in the environment, and wrong ones are told', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', '')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', '')
  const { driver } = await openStore(undefined)
  const object = freshName()
  await driver.put(object, [utf8('x')])
  const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' }
  await using wrong = openS3Driver({ ...s3Options(server.url('known/wrong')), credentials })
  await expect(wrong.get(object)).rejects.toMatchObject({ code: 'STORE_DENIED' })
})

test('where nobody names a region Amazon is asked by its first one, and one that is none is told', async () => {
  for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE']) vi.stubEnv(name, undefined)
  for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/nowhere')
  const url = 's3://bucket'
  const options = { url, location: parseS3Url(url), credentials: { accessKeyId: 'ada', secretAccessKey: 'geheim' } }
  expect(await makeS3Client(options.location, options.credentials).config.region()).toBe('us-east-1')
  vi.stubEnv('AWS_REGION', 'no region')
  await using driver = openS3Driver(options)
  await expect(driver.get(freshName())).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('AWS_REGION') as string,
  })
})
