import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'

import { describe, expect, onTestFinished, test } from 'vitest'

import { createDuneSeaStore } from '../../../drivers/dunesea/create-store.ts'
import { type DuneSeaDriver, openDuneSeaDriver } from '../../../drivers/dunesea/dunesea-driver.ts'
import { parseDuneSeaUrl } from '../../../drivers/dunesea/dunesea-location.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { collect } from '../../../src/base/collect.ts'
import { objectIdOf } from '../../../src/crypto/blake3.ts'
import { Tokens } from '../../../src/service/dunesea/tokens.ts'
import { OBJECT_KINDS, type ObjectKind, type ObjectName } from '../../../src/storage/driver.ts'
import { withRetries } from '../../../src/storage/retry.ts'
import { startTestDuneSea, type TestDuneSea, type TestDuneSeaOptions } from '../../support/dunesea-server.ts'
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts'
import { type HttpProxy, startHttpProxy } from '../../support/http-proxy.ts'
import { listIds } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { freePort } from '../../support/ssh-server.ts'

const nameOf = (bytes: Uint8Array, kind: ObjectKind = 'packs'): ObjectName => ({ kind, id: objectIdOf(bytes) })

async function startServer(options?: TestDuneSeaOptions): Promise<TestDuneSea> {
  const server = await startTestDuneSea(options)
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

function openAt(url: string, token: string): DuneSeaDriver {
  const driver = openDuneSeaDriver({ url, token })
  onTestFinished(() => driver[Symbol.asyncDispose]())
  return driver
}

/** A driver that comes to its server through a proxy which cuts connections. */
async function openThroughFaults(): Promise<{ driver: DuneSeaDriver; proxy: FaultProxy; server: TestDuneSea }> {
  const server = await startServer()
  const proxy = await startFaultProxy(server.port)
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  return { driver: openAt(server.url('home', proxy.port), server.token('home')), proxy, server }
}

/** A driver that comes to its server through a proxy which answers in its place. */
async function openThroughProxy(): Promise<{ driver: DuneSeaDriver; proxy: HttpProxy; server: TestDuneSea }> {
  const server = await startServer()
  const proxy = await startHttpProxy(server.port)
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  return { driver: openAt(server.url('home', proxy.port), server.token('home')), proxy, server }
}

/** What every call of the driver ends with. */
async function failuresOf(driver: DuneSeaDriver): Promise<unknown[]> {
  const bytes = utf8('never stored')
  const results = await Promise.allSettled([
    driver.put(nameOf(bytes), [bytes]),
    driver.get(nameOf(bytes)),
    driver.get(nameOf(bytes), { offset: 1, length: 2 }),
    driver.stat(nameOf(bytes)),
    collect(driver.list('packs')),
    driver.remove(nameOf(bytes)),
    driver.space(),
  ])
  return results.map((result) => (result.status === 'rejected' ? (result.reason as unknown) : 'done'))
}

describe('a connection', () => {
  test('that is cut anywhere in a put leaves the whole object or nothing, and trying again stores it', async () => {
    const { driver, proxy, server } = await openThroughFaults()
    const direct = openAt(server.url('home'), server.token('home'))
    const trying = withRetries(driver, { attempts: 3, delayMs: 1 })
    for (const [seed, after] of [0, 100, 400, 5_000, 300_000, 999_000, 1_048_900].entries()) {
      const bytes = patternBytes(1 << 20, seed)
      proxy.cutAfter(after)
      await trying.put(nameOf(bytes), [bytes])
      proxy.cutAfter(Infinity)
      expect(Buffer.compare(await direct.get(nameOf(bytes)), bytes)).toBe(0)
    }
    expect(await listIds(direct, 'packs')).toHaveLength(7)
  })

  test('that is cut in a get, a look or a listing is transient, and gives nothing short', async () => {
    const { driver, proxy } = await openThroughFaults()
    const bytes = patternBytes(1 << 20, 1)
    await driver.put(nameOf(bytes), [bytes])
    for (const after of [1, 300, 500_000, 1_000_000]) {
      proxy.cutAfter(after)
      await expect(driver.get(nameOf(bytes))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retry: 'transient' })
    }
    for (const call of [() => driver.stat(nameOf(bytes)), () => listIds(driver, 'packs'), () => driver.space()]) {
      proxy.cutAfter(300)
      await expect(call()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retry: 'transient' })
      proxy.cutAfter(Infinity)
    }
    expect(Buffer.compare(await driver.get(nameOf(bytes)), bytes)).toBe(0)
  })

  test('whose answer is lost after the object was stored ends well when the put is tried again', async () => {
    const { driver, proxy } = await openThroughProxy()
    const bytes = utf8('stored, and not told')
    proxy.fault = ({ method }, number) =>
      method === 'PUT' && number === 0 ? { kind: 'cut', when: 'after' } : undefined
    await withRetries(driver, { attempts: 2, delayMs: 1 }).put(nameOf(bytes), [bytes])
    expect(await driver.get(nameOf(bytes))).toEqual(bytes)
  })

  test('of a server that is not there is STORE_UNAVAILABLE for every call', async () => {
    const driver = openAt(`dunesea+http://127.0.0.1:${await freePort()}/home`, 'x')
    for (const failure of await failuresOf(driver)) {
      expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE', retry: 'transient' })
    }
  })

  test('survives a restart of the server', async () => {
    const server = await startServer()
    const driver = openAt(server.url('home'), server.token('home'))
    const trying = withRetries(driver, { attempts: 20, delayMs: 50 })
    const first = utf8('before')
    await trying.put(nameOf(first), [first])
    const stopped = server.stop()
    const bytes = utf8('while it is away')
    const put = trying.put(nameOf(bytes), [bytes])
    await stopped
    await setTimeout(100)
    await server.start()
    await put
    expect((await listIds(trying, 'packs')).sort()).toEqual([objectIdOf(first), objectIdOf(bytes)].sort())
  })
})

describe('a server that refuses', () => {
  test('because the quota is used up is STORE_FULL, and goes on giving what it has', async () => {
    const server = await startServer()
    const driver = openAt(server.url('home'), server.token('home', { quotaBytes: 100_000 }))
    const [fits, large] = [patternBytes(90_000, 1), patternBytes(20_000, 2)]
    await driver.put(nameOf(fits), [fits])
    const put = driver.put(nameOf(large), [large])
    await expect(put).rejects.toMatchObject({
      code: 'STORE_FULL',
      retry: 'never',
      message: expect.stringContaining('quota') as string,
    })
    expect(await driver.get(nameOf(fits))).toEqual(fits)
    expect(await driver.space()).toEqual({ free: 10_000, total: 100_000 })
    await driver.remove(nameOf(fits))
    await driver.put(nameOf(large), [large])
  })

  test('to remove by an append-only token is STORE_DENIED, and the object stays', async () => {
    const server = await startServer()
    const driver = openAt(server.url('home'), server.token('home', { appendOnly: true }))
    const bytes = utf8('x')
    await driver.put(nameOf(bytes), [bytes])
    await expect(driver.remove(nameOf(bytes))).rejects.toMatchObject({ code: 'STORE_DENIED', retry: 'never' })
    expect(await driver.get(nameOf(bytes))).toEqual(bytes)
  })

  test('a token that was revoked meanwhile is STORE_DENIED for every call, also in the middle of much', async () => {
    const server = await startServer()
    const token = server.token('home')
    const driver = openAt(server.url('home'), token)
    const bytes = patternBytes(1 << 20, 1)
    await driver.put(nameOf(bytes), [bytes])
    new Tokens(server.registry).revoke(token.split('.')[0] ?? '')
    const large = patternBytes(16 << 20, 2)
    await expect(driver.put(nameOf(large), [large])).rejects.toMatchObject({ code: 'STORE_DENIED' })
    for (const failure of await failuresOf(driver)) {
      expect(failure).toMatchObject({
        code: 'STORE_DENIED',
        retry: 'never',
        hint: expect.stringContaining('TOKEN') as string,
      })
      expect(JSON.stringify(failure)).not.toContain(token.split('.')[1])
    }
  })

  test('a domain that the token is not for is STORE_DENIED, when a store is made too', async () => {
    const server = await startServer()
    const options = { url: server.url('work'), token: server.token('home') }
    await expect(createDuneSeaStore(options)).rejects.toMatchObject({ code: 'STORE_DENIED' })
    for (const failure of await failuresOf(openAt(options.url, options.token))) {
      expect(failure).toMatchObject({ code: 'STORE_DENIED' })
    }
  })

  test('bytes that were changed on their way makes the put be tried again', async () => {
    const server = await startServer()
    const driver = openAt(server.url('home'), server.token('home'))
    const put = driver.put(nameOf(utf8('as named')), [utf8('as sent')])
    await expect(put).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retry: 'transient' })
    expect(await listIds(driver, 'packs')).toEqual([])
  })

  test.each([429, 500, 502, 503])('with status %i is tried again, as late as it asks', async (status) => {
    const { driver, proxy } = await openThroughProxy()
    proxy.fault = () => ({ kind: 'status', status, headers: { 'retry-after': '7' } })
    for (const failure of await failuresOf(driver)) {
      expect(failure).toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retry: 'transient',
        context: { retryAfterSeconds: 7 },
      })
    }
  })
})

describe('what is no DuneSea server', () => {
  test('is STORE_FAILED for every call: its 404 does not pass for an object that is not there', async () => {
    const strange = createServer((request, response) => {
      request.resume()
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>')
    })
    await new Promise<void>((resolve) => strange.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void strange.close())
    const driver = openAt(`dunesea+http://127.0.0.1:${(strange.address() as AddressInfo).port}/home`, 'x')
    for (const failure of await failuresOf(driver))
      expect(failure).toMatchObject({ code: 'STORE_FAILED', retry: 'never' })
  })

  test.each([
    ['goes in circles', (id: string) => [{ kind: 'packs', id, bytes: 1 }]],
    ['names what is no object', () => [{ kind: 'packs', id: '../../x', bytes: 1 }]],
    ['tells of other kinds than was asked for', (id: string) => [{ kind: 'keys', id, bytes: 1 }]],
    ['has no numbers as sizes', (id: string) => [{ kind: 'packs', id, bytes: '1' }]],
    ['has more, and does not say what', () => []],
  ])('and whose listing %s is STORE_FAILED', async (_what, objects) => {
    const { driver, proxy } = await openThroughProxy()
    const body = JSON.stringify({ objects: objects('1'.repeat(64)), more: true })
    proxy.fault = () => ({ kind: 'status', status: 200, headers: { 'content-type': 'application/json' }, body })
    await expect(collect(driver.list('packs'))).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })

  test.each([
    ['another part', { 'content-range': 'bytes 0-3/100', 'content-length': '4' }],
    ['all of it', { 'content-length': '4' }],
  ])('and that sends %s than was asked for is STORE_FAILED', async (_what, headers) => {
    const { driver, proxy } = await openThroughProxy()
    proxy.fault = () => ({ kind: 'status', status: 206, headers, body: 'abcd' })
    const get = driver.get(nameOf(utf8('x')), { offset: 4, length: 4 })
    await expect(get).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })

  test('and announces more than any object has is STORE_FAILED, before memory is taken for it', async () => {
    const { driver, proxy } = await openThroughProxy()
    proxy.fault = () => ({ kind: 'status', status: 200, headers: { 'content-length': '999999999999' } })
    await expect(driver.get(nameOf(utf8('x')))).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })
})

test('a secure URL is not spoken to in clear, nor a plain one secretly', async () => {
  const server = await startServer()
  const token = server.token('home')
  const secure = openAt(server.url('home').replace('+http:', '+https:'), token)
  await expect(secure.space()).rejects.toMatchObject({
    code: 'STORE_FAILED',
    hint: expect.stringContaining('https') as string,
  })
})

test('it is used with as many requests at once as suited it', () => {
  const url = 'dunesea+https://host/home'
  expect(openDuneSeaDriver({ url, token: 'x' }).capabilities.concurrency).toBe(8)
  expect(openDuneSeaDriver({ url, token: 'x', connections: 16 }).capabilities.concurrency).toBe(16)
})

test('all kinds are listed with one request', async () => {
  const { driver, proxy } = await openThroughProxy()
  for (const kind of OBJECT_KINDS) await driver.put(nameOf(utf8(kind), kind), [utf8(kind)])
  proxy.requests.length = 0
  const listed = await collect(driver.listKinds(OBJECT_KINDS))
  expect(listed.map(({ name: { kind } }) => kind)).toEqual([...OBJECT_KINDS].sort())
  expect(proxy.requests).toHaveLength(1)
  expect((await collect(driver.listKinds(['runs', 'dead']))).map(({ name: { kind } }) => kind)).toEqual([
    'dead',
    'runs',
  ])
})

describe('a URL', () => {
  test.each([
    [
      'dunesea+https://backup.example.org/home',
      { isSecure: true, host: 'backup.example.org', port: 443, domain: 'home' },
    ],
    ['dunesea+https://h:8420/example.org', { isSecure: true, host: 'h', port: 8420, domain: 'example.org' }],
    ['dunesea+http://127.0.0.1:8420/a', { isSecure: false, host: '127.0.0.1', port: 8420, domain: 'a' }],
    ['DuneSea+HTTPS://[::1]:8420/a/', { isSecure: true, host: '::1', port: 8420, domain: 'a' }],
  ])('%s names server and domain', (url, location) => {
    expect(parseDuneSeaUrl(url)).toEqual(location)
  })

  test.each([
    'dunesea+https://host',
    'dunesea+https://host/',
    'dunesea+https:///home',
    'dunesea+https://host/home/more',
    'dunesea+https://token@host/home',
    'dunesea+https://host/home?x=1',
    'dunesea+https://host:99999/home',
    'dunesea+ftp://host/home',
    'dunesea+http://backup.example.org/home',
  ])('%s is refused', (url) => {
    expect(() => parseDuneSeaUrl(url)).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT' }))
  })
})

test.each(['', 'two words', 'line\nbreak', 'ü'])('"%s" is no token, and is not shown', (token) => {
  const open = () => openDuneSeaDriver({ url: 'dunesea+https://host/home', token })
  expect(open).toThrow(expect.objectContaining({ code: 'STORE_DENIED' }))
})
