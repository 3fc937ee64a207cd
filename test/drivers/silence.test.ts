import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'

import { openDuneSeaDriver } from '../../drivers/dunesea/dunesea-driver.ts'
import { createS3Store } from '../../drivers/s3/create-store.ts'
import { openS3Driver } from '../../drivers/s3/s3-driver.ts'
import { createSftpStore } from '../../drivers/sftp/create-store.ts'
import { openSftpDriver } from '../../drivers/sftp/sftp-driver.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { objectIdOf } from '../../src/crypto/blake3.ts'
import type { Driver, ObjectName } from '../../src/storage/driver.ts'
import { startTestDuneSea } from '../support/dunesea-server.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { type HttpProxy, startHttpProxy } from '../support/http-proxy.ts'
import { listIds } from '../support/objects.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { s3Options, startS3Server } from '../support/s3-server.ts'
import { noSecrets, startSshServer } from '../support/ssh-server.ts'

afterEach(() => void vi.useRealTimers())

const nameOf = (bytes: Uint8Array): ObjectName => ({ kind: 'packs', id: objectIdOf(bytes) })

/** A server behind a proxy. */
interface Stage {
  readonly proxy: HttpProxy
  /** Opens its store, with patience of so many milliseconds, or as usual. */
  readonly open: (silenceMs?: number) => Driver
  /** Opens it at the server itself. */
  readonly past: () => Driver
}

async function s3Stage(): Promise<Stage> {
  const server = await startS3Server()
  const proxy = await startHttpProxy(server.port)
  const options = s3Options(server.url('silent/store', proxy.port))
  await createS3Store(options)
  const direct = server.url('silent/store')
  return staged(
    { proxy, server },
    (patience) => openS3Driver({ ...options, ...patience }),
    () => openS3Driver(s3Options(direct)),
  )
}

async function duneSeaStage(): Promise<Stage> {
  const server = await startTestDuneSea()
  const proxy = await startHttpProxy(server.port)
  const options = { url: server.url('home', proxy.port), token: server.token('home') }
  return staged(
    { proxy, server },
    (patience) => openDuneSeaDriver({ ...options, ...patience }),
    () => openDuneSeaDriver({ ...options, url: server.url('home') }),
  )
}

function staged(
  { proxy, server }: { readonly proxy: HttpProxy; readonly server: AsyncDisposable },
  openThrough: (patience: { readonly silenceMs?: number }) => Driver,
  openPast: () => Driver,
): Stage {
  const opened: Driver[] = []
  onTestFinished(async () => {
    for (const driver of opened) await driver[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  const kept = (driver: Driver): Driver => {
    opened.push(driver)
    return driver
  }
  return {
    proxy,
    open: (silenceMs) => kept(openThrough(silenceMs === undefined ? {} : { silenceMs })),
    past: () => kept(openPast()),
  }
}

describe.each([
  ['S3', s3Stage],
  ['DuneSea', duneSeaStage],
])('%s', (_name, stage) => {
  test('a server that is silent is unavailable for every call, and what it has is there when it speaks again', async () => {
    const { proxy, open, past } = await stage()
    const [before, meanwhile] = [patternBytes(1000, 1), patternBytes(1000, 2)]
    await open().put(nameOf(before), [before])
    proxy.fault = () => ({ kind: 'silence' })
    const impatient = open(50)
    const results = await Promise.allSettled([
      impatient.put(nameOf(meanwhile), [meanwhile]),
      impatient.get(nameOf(before)),
      impatient.get(nameOf(before), { offset: 1, length: 2 }),
      impatient.stat(nameOf(before)),
      listIds(impatient, 'packs'),
      impatient.remove(nameOf(before)),
    ])
    for (const result of results) {
      expect(result.status === 'rejected' ? (result.reason as unknown) : 'done').toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retry: 'transient',
        message: expect.stringContaining('did not answer in time while') as string,
      })
    }
    // Past the proxy: a request that arrives late meets the silence as well.
    expect(await listIds(past(), 'packs')).toEqual([nameOf(before).id])
    expect(await past().get(nameOf(before))).toEqual(before)
  })

  test('a put that takes ten minutes on its way is not given up', async () => {
    const { proxy, open } = await stage()
    const bytes = patternBytes(1000, 1)
    const [arrived, passing] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
    proxy.fault = () => {
      arrived.resolve(undefined)
      return { kind: 'wait', until: passing.promise }
    }
    // Timers of the library; those that look for silence on a connection are Node's own and go on as usual.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const put = open().put(nameOf(bytes), [bytes])
    await Promise.race([arrived.promise, put])
    vi.advanceTimersByTime(600_000)
    passing.resolve(undefined)
    await put
    vi.useRealTimers()
    proxy.fault = undefined
    expect(await open().get(nameOf(bytes))).toEqual(bytes)
  })
})

test('an SSH server that is silent is unavailable for every call after two minutes, and is connected to anew', async () => {
  await using server = await startSshServer()
  await using line = await startFaultProxy(server.port)
  const options = { secrets: noSecrets, path: `${server.folder}/store`, location: 'sftp://there' }
  await createSftpStore({ ...options, server: server.server() })
  const knownHosts = [server.knownHosts.replace(`:${server.port}`, `:${line.port}`)]
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  await using driver = await openSftpDriver({ ...options, server: server.server({ port: line.port, knownHosts }) })
  const bytes = utf8('before')
  await driver.put(nameOf(bytes), [bytes])
  line.silent = true
  const calls = Promise.allSettled([
    driver.put(nameOf(utf8('x')), [utf8('x')]),
    driver.get(nameOf(bytes)),
    driver.stat(nameOf(bytes)),
    listIds(driver, 'packs'),
    driver.remove(nameOf(bytes)),
  ])
  vi.advanceTimersByTime(120_000)
  for (const result of await calls) {
    expect(result.status === 'rejected' ? (result.reason as unknown) : 'done').toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retry: 'transient',
    })
  }
  line.silent = false
  expect(await driver.get(nameOf(bytes))).toEqual(bytes)
})
