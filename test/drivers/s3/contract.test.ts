import { afterAll, beforeAll, vi } from 'vitest'

import { createS3Store } from '../../../drivers/s3/create-store.ts'
import { openS3Driver } from '../../../drivers/s3/s3-driver.ts'
import { parseS3Url } from '../../../drivers/s3/s3-location.ts'
import { describeDriverContract } from '../../contract/driver-contract.ts'
import { type HttpProxy, startHttpProxy } from '../../support/http-proxy.ts'
import { S3_CREDENTIALS, startS3Server, type TestS3Server } from '../../support/s3-server.ts'

let server: TestS3Server
let proxy: HttpProxy
beforeAll(async () => {
  for (const [name, value] of Object.entries(S3_CREDENTIALS)) vi.stubEnv(name, value)
  server = await startS3Server()
  proxy = await startHttpProxy(server.port)
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})
let stores = 0

describeDriverContract('s3', async () => {
  const url = server.url(`bucket/store-${stores++}`, proxy.port)
  const options = { url, location: parseS3Url(url) }
  await createS3Store(options)
  return { driver: openS3Driver(options), reopen: async () => openS3Driver(options) }
})
