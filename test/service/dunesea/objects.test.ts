import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { utf8 } from '../../../src/base/bytes.ts'
import { objectIdOf } from '../../../src/crypto/blake3.ts'
import { failing, filesOf, openPut, pathOf, slowToWrite, startedServer } from '../../support/dunesea-requests.ts'
import { putOf } from '../../support/dunesea-server.ts'
import { passes } from '../../support/eventually.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'

describe('ranges', () => {
  test.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=5-100', 206, '56789', 'bytes 5-9/10'],
    ['bytes=-3', 200, '0123456789', null],
    ['bytes=0-1,4-5', 200, '0123456789', null],
    ['lines=1-2', 200, '0123456789', null],
    ['bytes=4-2', 200, '0123456789', null],
  ])('%s is answered with %i', async (range, status, text, header) => {
    const server = await startedServer()
    const token = server.token('home')
    const bytes = utf8('0123456789')
    await server.fetch(pathOf(bytes), token, putOf(bytes))
    const answer = await server.fetch(pathOf(bytes), token, { headers: { range } })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-range')).toBe(header)
    expect(await answer.text()).toBe(text)
  })

  test('behind the end are refused with the size of the object', async () => {
    const server = await startedServer()
    const token = server.token('home')
    const bytes = utf8('0123456789')
    await server.fetch(pathOf(bytes), token, putOf(bytes))
    const answer = await server.fetch(pathOf(bytes), token, { headers: { range: 'bytes=10-12' } })
    expect(answer.status).toBe(416)
    expect(answer.headers.get('content-range')).toBe('bytes */10')
  })
})

describe('a token', () => {
  test('opens its domain and no other', async () => {
    const server = await startedServer()
    const [home, work] = [server.token('home'), server.token('work')]
    const bytes = utf8('of home')
    expect((await server.fetch(pathOf(bytes), home, putOf(bytes))).status).toBe(201)
    for (const [path, method] of [
      [pathOf(bytes), 'GET'],
      [pathOf(bytes), 'HEAD'],
      [pathOf(bytes), 'DELETE'],
      ['/api/v1/object/home?kinds=packs', 'GET'],
      ['/api/v1/domain/home', 'GET'],
      ['/api/v1/metadata/home/last', 'GET'],
    ] as const) {
      expect((await server.fetch(path, work, { method })).status).toBe(403)
      expect((await server.fetch(path, undefined, { method })).status).toBe(401)
    }
    expect((await server.fetch(pathOf(bytes, { domain: 'work' }), work)).status).toBe(404)
    expect((await server.fetch(pathOf(bytes), home)).status).toBe(200)
  })

  test('that is wrong, cut short or of another secret is not accepted', async () => {
    const server = await startedServer()
    const token = server.token('home')
    const [id = '', secret = ''] = token.split('.')
    const other = server.token('home').split('.')[1] ?? ''
    for (const wrong of [
      '',
      'x',
      id,
      `${id}.`,
      token.slice(0, -1),
      `${token}a`,
      `${id}.${other}`,
      `0${id.slice(1)}.${secret}`,
    ]) {
      if (wrong === token) continue
      expect((await server.fetch('/api/v1/domain/home', wrong)).status).toBe(401)
    }
    expect((await server.fetch('/api/v1/domain/home', token)).status).toBe(200)
  })

  test('is not kept: neither it nor its secret stands in any file of the server', async () => {
    const server = await startedServer()
    const token = server.token('home')
    expect((await server.fetch('/api/v1/domain/home', token)).status).toBe(200)
    const files = readdirSync(server.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    expect(files.map(({ name }) => name)).toContain('dunesea.sqlite')
    for (const { parentPath, name } of files) {
      const content = readFileSync(join(parentPath, name))
      expect(content.includes(token.split('.')[1] ?? '?')).toBe(false)
    }
    expect(JSON.stringify(server.accesses)).not.toContain(token.split('.')[1])
  })

  test('that is append-only cannot have others remove later what it may not remove itself', async () => {
    const server = await startedServer()
    const token = server.token('home', { appendOnly: true })
    for (const kind of ['tombstones', 'marks', 'dead']) {
      const bytes = utf8(kind)
      expect((await server.fetch(pathOf(bytes, { kind }), token, putOf(bytes))).status).toBe(403)
      expect((await server.fetch(pathOf(bytes, { kind }), token)).status).toBe(404)
    }
  })

  test('that is append-only stores and reads, and removes nothing but the sign of life of a run', async () => {
    const server = await startedServer()
    const token = server.token('home', { appendOnly: true })
    const bytes = utf8('x')
    expect((await server.fetch(pathOf(bytes), token, putOf(bytes))).status).toBe(201)
    expect((await server.fetch(pathOf(bytes, { kind: 'runs' }), token, putOf(bytes))).status).toBe(201)
    const refused = await server.fetch(pathOf(bytes), token, { method: 'DELETE' })
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ code: 'STORE_DENIED' })
    expect((await server.fetch(pathOf(bytes, { kind: 'runs' }), token, { method: 'DELETE' })).status).toBe(204)
    expect((await server.fetch(pathOf(bytes, { kind: 'runs' }), token)).status).toBe(404)
    expect(await (await server.fetch(pathOf(bytes), token)).text()).toBe('x')
  })
})

describe('a quota', () => {
  test('is kept to the byte, and what is removed is free again', async () => {
    const server = await startedServer()
    const token = server.token('home', { quotaBytes: 10 })
    const put = async (text: string) => (await server.fetch(pathOf(utf8(text)), token, putOf(utf8(text)))).status
    expect(await put('123456')).toBe(201)
    expect(await put('abcde')).toBe(507)
    expect(await put('abcd')).toBe(201)
    expect(await put('z')).toBe(507)
    const remove = () => server.fetch(pathOf(utf8('abcd')), token, { method: 'DELETE' })
    // At once and again: what it frees counts once.
    await Promise.all([remove(), remove(), remove()])
    expect(await put('12345')).toBe(507)
    expect(await put('1234')).toBe(201)
  })

  test('counts what is on its way, and what was there when the server started', async () => {
    const server = await startedServer()
    const token = server.token('home', { quotaBytes: 10 << 20 })
    const bodies = Array.from({ length: 6 }, (_, seed) => patternBytes(3 << 20, seed))
    const answers = await Promise.all(bodies.map((bytes) => server.fetch(pathOf(bytes), token, putOf(bytes))))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 507, 507, 507])
    await server.stop()
    await server.start()
    const bytes = patternBytes(3 << 20, 100)
    // The first request may meet a connection that ended with the server.
    await passes(async () => expect((await server.fetch(pathOf(bytes), token, putOf(bytes))).status).toBe(507))
  })
})

test('more requests at once than a domain may make are told when to come again', async () => {
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<undefined>()
  const limits = { requestsMax: 2 }
  const server = await startedServer({ limits, wrap: (driver) => slowToWrite(driver, mayGoOn) })
  const token = server.token('home')
  const puts = ['a', 'b'].map((text) => server.fetch(pathOf(utf8(text)), token, putOf(utf8(text))))
  await passes(() => expect(filesOf(server)).toHaveLength(2))
  const third = await server.fetch('/api/v1/domain/home', token)
  expect(third.status).toBe(429)
  expect(third.headers.get('retry-after')).toBe('1')
  expect((await server.fetch('/api/v1/domain/work', server.token('work'))).status).toBe(200)
  goOn(undefined)
  expect((await Promise.all(puts)).map(({ status }) => status)).toEqual([201, 201])
  expect((await server.fetch('/api/v1/domain/home', token)).status).toBe(200)
})

test('a server that is to stop answers what is under way, and nothing new', async () => {
  const server = await startedServer()
  const token = server.token('home')
  const bytes = patternBytes(1 << 20, 5)
  const { sent, answer } = openPut(server, { path: pathOf(bytes), token, bytes: bytes.byteLength })
  sent.write(bytes.subarray(0, 500_000))
  await passes(() => expect(filesOf(server)).toHaveLength(1))
  const stopped = server.stop()
  await expect(server.fetch('/healthz')).rejects.toThrow()
  sent.end(bytes.subarray(500_000))
  expect((await answer).statusCode).toBe(201)
  await stopped
  expect(filesOf(server)).toEqual([objectIdOf(bytes)])
})

test('a server that is to stop does not wait for ever for a client that stalls', async () => {
  const server = await startedServer({ limits: { stopMs: 200 } })
  const bytes = patternBytes(1 << 20, 6)
  const { sent, answer } = openPut(server, {
    path: pathOf(bytes),
    token: server.token('home'),
    bytes: bytes.byteLength,
  })
  sent.write(bytes.subarray(0, 500_000))
  await passes(() => expect(filesOf(server)).toHaveLength(1))
  await server.stop()
  await expect(answer).rejects.toThrow()
  await passes(() => expect(filesOf(server)).toEqual([]))
})

test('health and metrics are there for everybody, and tell of no domain', async () => {
  const server = await startedServer()
  const token = server.token('secret-domain')
  const bytes = utf8('12345')
  await server.fetch(pathOf(bytes, { domain: 'secret-domain' }), token, putOf(bytes))
  await server.fetch(pathOf(bytes, { domain: 'secret-domain' }), token)
  await server.fetch('/api/v1/domain/secret-domain', 'wrong')
  expect(await (await server.fetch('/healthz')).json()).toEqual({ status: 'ok' })
  const text = await (await server.fetch('/metrics')).text()
  expect(text).toContain('tidemark_dunesea_requests_total{method="PUT",status="201"} 1\n')
  expect(text).toContain('tidemark_dunesea_requests_total{method="GET",status="401"} 1\n')
  expect(text).toContain('tidemark_dunesea_received_bytes_total 5\n')
  expect(text).toContain('tidemark_dunesea_requests_under_way 1\n')
  expect(text).toMatch(/tidemark_dunesea_request_seconds_bucket\{le="\+Inf"\} 4\n/)
  expect(text).not.toContain('secret-domain')
})

test('every request is told of: who, what, how it ended', async () => {
  const server = await startedServer()
  const token = server.token('home')
  const bytes = utf8('12345')
  await server.fetch(pathOf(bytes), token, putOf(bytes))
  await server.fetch(`${pathOf(bytes)}?x=1`, token)
  await passes(() => expect(server.accesses).toHaveLength(2))
  expect(server.accesses).toMatchObject([
    { client: '127.0.0.1', token: token.split('.')[0], method: 'PUT', path: pathOf(bytes), status: 201, received: 5 },
    { method: 'GET', path: pathOf(bytes), status: 200, sent: 5 },
  ])
})

test('what is no request of DuneSea is refused in the form of all problems', async () => {
  const server = await startedServer()
  const token = server.token('home')
  for (const [path, status] of [
    ['/', 404],
    ['/api/v1/object/home', 400],
    ['/api/v1/object/home?kinds=packs,secrets', 400],
    ['/api/v1/object/home?kinds=packs&after=x', 400],
    ['/api/v1/object/home?kinds=packs&limit=0', 400],
    ['/api/v1/object/home?kinds=packs&limit=10001', 400],
    ['/api/v1/object/home/packs/abc', 400],
    [`/api/v1/object/home/secrets/${'0'.repeat(64)}`, 400],
    [`/api/v1/object/home/packs/${'0'.repeat(64)}`, 404],
    [`/api/v1/object/${encodeURIComponent('../home')}/packs/${'0'.repeat(64)}`, 403],
  ] as const) {
    const answer = await server.fetch(path, token)
    expect([path, answer.status]).toEqual([path, status])
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(await answer.json()).toMatchObject({ status, code: answer.headers.get('dunesea-code') })
  }
  expect(server.faults).toEqual([])
})

test('a failure of the server itself is told to its owner, and to clients without what only the owner should know', async () => {
  const server = await startedServer({ wrap: (driver) => failing(driver, new Error('/srv/private/path')) })
  const answer = await server.fetch(pathOf(utf8('x')), server.token('home'))
  expect(answer.status).toBe(500)
  expect(await answer.text()).not.toContain('private')
  expect(server.faults).toMatchObject([{ message: '/srv/private/path' }])
})

test('a listing comes in pages, by kind and id', async () => {
  const server = await startedServer()
  const token = server.token('home')
  const texts = Array.from({ length: 7 }, (_, at) => utf8(`object ${at}`))
  for (const bytes of texts) await server.fetch(pathOf(bytes), token, putOf(bytes))
  for (const bytes of texts.slice(0, 3)) await server.fetch(pathOf(bytes, { kind: 'index' }), token, putOf(bytes))
  const listed: { kind: string; id: string; bytes: number }[] = []
  for (let after = '', more = true, pages = 0; more; pages++) {
    expect(pages).toBeLessThan(4)
    const answer = await server.fetch(`/api/v1/object/home?kinds=packs,index&limit=3${after}`, token)
    const page = (await answer.json()) as { objects: typeof listed; more: boolean }
    listed.push(...page.objects)
    more = page.more
    after = `&after=${listed.at(-1)?.kind}/${listed.at(-1)?.id}`
  }
  const ids = (some: Uint8Array[]) => some.map((bytes) => objectIdOf(bytes)).sort()
  expect(listed.map(({ kind, id }) => `${kind}/${id}`)).toEqual([
    ...ids(texts.slice(0, 3)).map((id) => `index/${id}`),
    ...ids(texts).map((id) => `packs/${id}`),
  ])
  expect(listed.every(({ bytes }) => bytes === 8)).toBe(true)
})
