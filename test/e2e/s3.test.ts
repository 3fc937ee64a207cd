import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { compareTrees } from '../../examples/compare-trees.ts'
import { CliPlace, summaryOf } from '../support/cli.ts'
import { type HttpProxy, startHttpProxy } from '../support/http-proxy.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { S3_CREDENTIALS, startS3Server, type TestS3Server } from '../support/s3-server.ts'

let server: TestS3Server
let proxy: HttpProxy
beforeAll(async () => {
  server = await startS3Server()
  proxy = await startHttpProxy(server.port)
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

test('a repository in a bucket takes points and gives them back byte for byte, with few requests', async () => {
  const place = new CliPlace()
  Object.assign(place.environment, S3_CREDENTIALS, { TIDEMARK_REPOSITORY: server.url('backups/home', proxy.port) })
  writeFileSync(join(place.source, 'hello.txt'), 'hello\n')
  writeFileSync(join(place.source, 'large'), patternBytes(40 << 20, 1))
  await place.init()
  proxy.requests.length = 0
  const first = summaryOf((await place.succeed(['backup', place.source, '--json'])).stdout)
  expect(first).toMatchObject({ pointType: 'full', filesNew: 2, errors: 0 })
  const packs = new Set(
    proxy.requests.flatMap(({ method, url }) => (method === 'PUT' && url.includes('/packs/') ? [url] : [])),
  )
  expect(proxy.requests.length).toBeLessThanOrEqual(2 * packs.size + 40)

  proxy.requests.length = 0
  const second = summaryOf((await place.succeed(['backup', place.source, '--json'])).stdout)
  expect(second).toMatchObject({ pointType: 'incremental', filesUnchanged: 2, bytesRead: 0 })
  expect(proxy.requests.length).toBeLessThanOrEqual(30)

  await place.succeed(['restore', `latest:${place.source}`, '--target', join(place.folder, 'restored')])
  expect(await compareTrees(place.source, join(place.folder, 'restored'))).toMatchObject({ differences: [] })
})
