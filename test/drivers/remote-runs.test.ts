import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { openDuneSeaDriver } from '../../drivers/dunesea/dunesea-driver.ts'
import { createS3Store } from '../../drivers/s3/create-store.ts'
import { openS3Driver } from '../../drivers/s3/s3-driver.ts'
import { createSftpStore } from '../../drivers/sftp/create-store.ts'
import { openSftpDriver } from '../../drivers/sftp/sftp-driver.ts'
import type { PointId } from '../../src/base/ids.ts'
import type { Driver } from '../../src/storage/driver.ts'
import { withRetries } from '../../src/storage/retry.ts'
import { startTestDuneSea } from '../support/dunesea-server.ts'
import { closeSharedPool, EngineFixture } from '../support/engine-fixture.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { type Fault, type HttpProxy, type ProxiedRequest, startHttpProxy } from '../support/http-proxy.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { diskLines, pointLines } from '../support/point-content.ts'
import { s3Options, startS3Server } from '../support/s3-server.ts'
import { NOBODY, noSecrets, SERVED_BY_NOBODY, startSshServer } from '../support/ssh-server.ts'

/** What a backup through a store that begins to fail in the middle must end with. */
interface Failure {
  readonly code: string
  readonly message: RegExp
  readonly hint: RegExp
  /** How long the store asked to be left alone, where it did. */
  readonly sleptMs?: number
}

const LARGE_BYTES = 1 << 20
const slept: number[] = []
afterAll(closeSharedPool)

const retrying = (driver: Driver): Driver =>
  withRetries(driver, { attempts: 2, delayMs: 1, sleep: async (ms) => void slept.push(ms) })

interface Meeting {
  readonly what: string
  readonly begin: () => void
  readonly end: () => void
  readonly failure: Failure
}

/**
 * Backs up, lets the store fail in the middle of the next backup, and ends the fault; and so with one fault after the other.
 * Points made before must be whole all the time, and the next run must go on from there.
 */
async function backUpThrough(driver: Driver, meetings: readonly Meeting[]): Promise<void> {
  const fixture = await EngineFixture.create(retrying(driver))
  const linesOf = async (point: PointId | undefined): Promise<string[]> =>
    pointLines(await fixture.view(point), fixture.source)
  writeFileSync(fixture.path('kept'), 'committed before\n')
  let { point } = await fixture.backup()
  for (const [seed, { what, begin, end, failure }] of meetings.entries()) {
    const before = diskLines(fixture.source)
    writeFileSync(fixture.path('large'), patternBytes(LARGE_BYTES, seed))
    begin()
    const failed: unknown = await fixture.backup().catch((error: unknown) => error)
    end()
    const { code, message, hint, sleptMs } = failure
    expect(failed, what).toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(hint) as string,
    })
    expect(slept.splice(0), what).toEqual(sleptMs === undefined ? expect.anything() : expect.arrayContaining([sleptMs]))
    await fixture.reopen()
    expect(await linesOf(point), what).toEqual(before)
    const next = await fixture.backup()
    expect(await linesOf(next.point), what).toEqual(diskLines(fixture.source))
    expect(await linesOf(point), what).toEqual(before)
    point = next.point
  }
}

const isPack = ({ method, url }: ProxiedRequest): boolean => method === 'PUT' && url.includes('/packs/')

/** From the first pack on, every request meets the fault. */
function failFromThePacks(proxy: HttpProxy, fault: Fault): void {
  let hasBegun = false
  proxy.fault = (request) => {
    hasBegun ||= isPack(request)
    return hasBegun ? fault : undefined
  }
}

const BUSY: Failure = { code: 'STORE_UNAVAILABLE', message: /answered with status/, hint: /next run goes on/ }
const BROKEN: Failure = {
  code: 'STORE_UNAVAILABLE',
  message: /connection to the server broke/,
  hint: /next run goes on/,
}
const later = { 'retry-after': '7' }
const OF_HTTP: readonly (readonly [string, Fault, Failure])[] = [
  ['asks to come back later', { kind: 'status', status: 429, headers: later }, { ...BUSY, sleptMs: 7000 }],
  ['fails', { kind: 'status', status: 500 }, BUSY],
  ['cuts every connection', { kind: 'cut', when: 'before' }, BROKEN],
  ['does what it is told, and its answers are lost', { kind: 'cut', when: 'after' }, BROKEN],
]

const meetingsAt = (proxy: HttpProxy, faults: readonly (readonly [string, Fault, Failure])[]): Meeting[] =>
  faults.map(([what, fault, failure]) => ({
    what,
    failure,
    begin: () => failFromThePacks(proxy, fault),
    end: () => (proxy.fault = undefined),
  }))

test('S3: whatever a store meets in the middle of a backup is told, loses nothing, and the next run goes on', async () => {
  await using server = await startS3Server()
  await using proxy = await startHttpProxy(server.port)
  const answer = (status: number, code: string): Fault => ({
    kind: 'status',
    status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`,
  })
  const options = s3Options(server.url('runs/store', proxy.port))
  await createS3Store(options)
  await using driver = openS3Driver(options)
  const faults: readonly (readonly [string, Fault, Failure])[] = [
    ...OF_HTTP,
    [
      'no longer knows the key',
      answer(403, 'InvalidAccessKeyId'),
      { code: 'STORE_DENIED', message: /access key is not known/, hint: /AWS_ACCESS_KEY_ID/ },
    ],
    [
      'is full',
      answer(403, 'QuotaExceeded'),
      { code: 'STORE_FULL', message: /no space is left/, hint: /what is stored stays whole/ },
    ],
    [
      'loses its bucket',
      answer(404, 'NoSuchBucket'),
      { code: 'NO_REPOSITORY', message: /no such bucket/, hint: /Check bucket/ },
    ],
  ]
  await backUpThrough(driver, meetingsAt(proxy, faults))
})

test('DuneSea: whatever a store meets in the middle of a backup is told, loses nothing, and the next run goes on', async () => {
  await using server = await startTestDuneSea()
  await using proxy = await startHttpProxy(server.port)
  await using driver = openDuneSeaDriver({ url: server.url('home', proxy.port), token: server.token('home') })
  const faults: readonly (readonly [string, Fault, Failure])[] = [
    ...OF_HTTP,
    [
      'no longer knows the token',
      { kind: 'status', status: 401, headers: { 'dunesea-code': 'STORE_DENIED' } },
      { code: 'STORE_DENIED', message: /does not accept the token/, hint: /TIDEMARK_DUNESEA_TOKEN/ },
    ],
    [
      'is full',
      { kind: 'status', status: 507, headers: { 'dunesea-code': 'STORE_FULL' } },
      { code: 'STORE_FULL', message: /status 507/, hint: /what is stored stays whole/ },
    ],
  ]
  await backUpThrough(driver, meetingsAt(proxy, faults))
})

test('SFTP: whatever a store meets in the middle of a backup is told, loses nothing, and the next run goes on', async () => {
  const isRoot = process.getuid?.() === 0
  // To root nothing is denied.
  await using server = await startSshServer(isRoot ? [SERVED_BY_NOBODY] : [])
  chmodSync(server.folder, 0o755)
  await using line = await startFaultProxy(server.port)
  const folder = join(server.folder, 'store')
  mkdirSync(folder, { mode: 0o700 })
  if (isRoot) chownSync(folder, NOBODY, NOBODY)
  const knownHosts = [server.knownHosts.replace(`:${server.port}`, `:${line.port}`)]
  const reached = server.server({ port: line.port, knownHosts })
  const options = { server: reached, secrets: noSecrets, path: folder, location: `sftp://there${folder}` }
  await createSftpStore(options)
  await using driver = await openSftpDriver(options)
  // More than what comes before the first pack, and less than that.
  const cutMidway = (): void => line.cutAfter(LARGE_BYTES / 2)
  await backUpThrough(driver, [
    {
      what: 'is reached no more',
      begin: () => {
        cutMidway()
        line.refusing = true
      },
      end: () => (line.refusing = false),
      failure: { code: 'STORE_UNAVAILABLE', message: /connection|reached/, hint: /server/ },
    },
    {
      what: 'takes the right to write away',
      begin: () => chmodSync(join(folder, 'packs'), 0o500),
      end: () => chmodSync(join(folder, 'packs'), 0o700),
      failure: {
        code: 'STORE_DENIED',
        message: /denied permission while writing .*packs/,
        hint: /access to the folder/,
      },
    },
    {
      what: 'no longer knows the key',
      begin: () => {
        server.letIn(false)
        cutMidway()
      },
      end: () => server.letIn(true),
      failure: { code: 'STORE_DENIED', message: /does not let .* in/, hint: /SSH agent/ },
    },
  ])
})
