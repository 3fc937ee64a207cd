import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { compareTrees } from '../../examples/compare-trees.ts'
import { CliMount } from '../support/cli-mount.ts'
import { CliPlace, summaryOf } from '../support/cli.ts'
import { fuseTest } from '../support/fuse-test.ts'
import { type HttpProxy, type ProxiedRequest, startHttpProxy } from '../support/http-proxy.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { S3_CREDENTIALS, startS3Server, type TestS3Server } from '../support/s3-server.ts'

const LARGE_BYTES = 32 << 20

/** What each request was for. */
function kindsOf(requests: readonly ProxiedRequest[]): string[] {
  return requests.map(({ method, url }) => `${method} ${url.includes('list-type') ? 'list' : url.split('/')[3]}`)
}

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
  const asked = kindsOf(proxy.requests)
  const others = asked.filter((kind) => kind !== 'PUT packs')
  expect(asked.length - others.length).toBeGreaterThan(2)
  // Each pack once, and beside what a run takes the record of this machine.
  expect(others.toSorted()).toEqual([
    'DELETE runs',
    'GET config',
    'GET keys',
    ...Array.from({ length: 3 }, () => 'GET list'),
    'PUT index',
    'PUT instances',
    'PUT points',
    'PUT runs',
  ])

  proxy.requests.length = 0
  const second = summaryOf((await place.succeed(['backup', place.source, '--json'])).stdout)
  expect(second).toMatchObject({ pointType: 'incremental', filesUnchanged: 2, bytesRead: 0 })
  const kinds = kindsOf(proxy.requests)
  // What opening needed the last time is asked for together.
  expect([...kinds.slice(0, 3).toSorted(), ...kinds.slice(3)]).toEqual([
    'GET config',
    'GET keys',
    'GET list',
    // From here on, prune knows of the run: all that it relies on is listed after that.
    'PUT runs',
    'GET list',
    'PUT points',
    'GET list',
    'DELETE runs',
  ])

  await place.succeed(['restore', `latest:${place.source}`, '--target', join(place.folder, 'restored')])
  expect(await compareTrees(place.source, join(place.folder, 'restored'))).toMatchObject({ differences: [] })
})

fuseTest('a large file of a mounted bucket takes a request per four mebibytes, and none when it was kept', async () => {
  const place = new CliPlace()
  Object.assign(place.environment, S3_CREDENTIALS, { TIDEMARK_REPOSITORY: server.url('backups/mounted', proxy.port) })
  writeFileSync(join(place.source, 'large'), patternBytes(LARGE_BYTES, 2))
  await place.init()
  proxy.requests.length = 0
  await place.succeed(['backup', place.source])
  const packs = kindsOf(proxy.requests).filter((kind) => kind === 'PUT packs').length
  const mount = await CliMount.open(place, ['--disk-cache', '256M'])
  const file = mount.path('latest', place.source, 'large')
  // Never by a call that waits: the server that answers the mount lives in this process.
  await stat(file)
  proxy.requests.length = 0
  await promisify(execFile)('cmp', [file, join(place.source, 'large')])
  // Now and then the mount also looks for new points.
  const reads = kindsOf(proxy.requests).filter((kind) => kind === 'GET packs').length
  expect(reads).toBeGreaterThan(1)
  // A range ends with its pack, and how full the packs are differs from run to run.
  expect(reads).toBeLessThanOrEqual(LARGE_BYTES / (4 << 20) + packs)
  await mount.end()
  const again = await CliMount.open(place, ['--disk-cache', '256M'])
  proxy.requests.length = 0
  await promisify(execFile)('cmp', [again.path('latest', place.source, 'large'), join(place.source, 'large')])
  expect(kindsOf(proxy.requests)).not.toContain('GET packs')
  await again.end()
})
