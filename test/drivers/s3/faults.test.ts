import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'

import { createS3Store } from '../../../drivers/s3/create-store.ts'
import { openS3Driver, type S3Driver } from '../../../drivers/s3/s3-driver.ts'
import { parseS3Url } from '../../../drivers/s3/s3-location.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { collect } from '../../../src/base/collect.ts'
import { objectPath } from '../../../src/storage/driver.ts'
import { withRetries } from '../../../src/storage/retry.ts'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { type Fault, type HttpProxy, type ProxiedRequest, startHttpProxy } from '../../support/http-proxy.ts'
import { freshName, listIds } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { S3_CREDENTIALS, startS3Server, type TestS3Server } from '../../support/s3-server.ts'
import { freePort } from '../../support/ssh-server.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

let server: TestS3Server
beforeAll(async () => {
  for (const [name, value] of Object.entries(S3_CREDENTIALS)) vi.stubEnv(name, value)
  server = await startS3Server()
})
afterAll(() => server[Symbol.asyncDispose]())
let stores = 0

async function openStore(asked = ''): Promise<{ driver: S3Driver; proxy: HttpProxy; url: string }> {
  const proxy = await startHttpProxy(server.port)
  const url = `${server.url(`faulty/store-${stores++}`, proxy.port)}${asked}`
  const options = { url, location: parseS3Url(url) }
  await createS3Store(options)
  const driver = openS3Driver(options)
  onTestFinished(async () => {
    await driver[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
  })
  proxy.requests.length = 0
  return { driver, proxy, url }
}

/** A server that keeps the condition of a put, answering for the one behind, which ignores it. */
function keepCondition(proxy: HttpProxy, status = 412): void {
  const stored = new Set<string>()
  proxy.fault = ({ method, url }) => {
    if (method !== 'PUT') return undefined
    const isTaken = stored.has(url)
    stored.add(url)
    return isTaken ? { kind: 'status', status } : undefined
  }
}

const nthTime = (nth: number, fault: Fault) => {
  let seen = 0
  return () => (++seen === nth ? fault : undefined)
}

test('a range behind the end of an object keeps no connection, however often it is asked for', async () => {
  const { driver } = await openStore()
  const object = freshName()
  await driver.put(object, [patternBytes(1 << 20, 1)])
  const range = { offset: 10, length: 1 << 20 }
  for (let time = 0; time < 40; time++) {
    await expect(driver.get(object, range)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' })
  }
})

describe('putting only where the name is free', () => {
  test('is asked of every server and costs one request, and is promised once a server has kept it', async () => {
    const { driver, proxy } = await openStore()
    keepCondition(proxy)
    expect(driver.capabilities.exclusivePut).toBe(false)
    const object = freshName()
    await driver.put(object, [utf8('x')])
    await expect(driver.put(object, [utf8('y')])).rejects.toMatchObject({ code: 'EXISTS' })
    expect(proxy.requests.map(({ method }) => method)).toEqual(['PUT', 'PUT'])
    expect(driver.capabilities.exclusivePut).toBe(true)
    expect(await driver.get(object)).toEqual(utf8('x'))
  })

  test('is asked again only of a name that is free by a look, since a refusal may be lost with its connection', async () => {
    const { driver, proxy } = await openStore()
    keepCondition(proxy)
    const [known, object] = [freshName(), freshName()]
    await driver.put(known, [utf8('x')])
    await expect(driver.put(known, [utf8('x')])).rejects.toMatchObject({ code: 'EXISTS' })
    const lost = ({ method }: ProxiedRequest): Fault | undefined =>
      method === 'PUT' ? { kind: 'cut', when: 'after' } : undefined
    proxy.fault = lost
    await expect(driver.put(object, [utf8('x')])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(driver.put(object, [utf8('x')])).rejects.toMatchObject({ code: 'EXISTS' })
  })

  test('is never promised where the server ignores it', async () => {
    const { driver, proxy } = await openStore()
    const object = freshName()
    for (let time = 0; time < 2; time++) await driver.put(object, [utf8('x')])
    expect(proxy.requests.map(({ method }) => method)).toEqual(['PUT', 'PUT'])
    expect(driver.capabilities.exclusivePut).toBe(false)
    expect(await driver.get(object)).toEqual(utf8('x'))
  })

  test('is replaced by a look where an earlier put seemed to fail: nothing whole is written over', async () => {
    const { driver, proxy } = await openStore()
    const object = freshName()
    proxy.fault = nthTime(1, { kind: 'cut', when: 'after' })
    await expect(driver.put(object, [utf8('x')])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    proxy.requests.length = 0
    await expect(driver.put(object, [utf8('x')])).rejects.toMatchObject({ code: 'EXISTS' })
    expect(proxy.requests.map(({ method }) => method)).toEqual(['HEAD'])
  })

  test.each([501, 400])('is done without where the server refuses it with status %i', async (status) => {
    const { driver, proxy } = await openStore()
    const conditional: ProxiedRequest[] = []
    proxy.fault = (request, number) => {
      // The first PUT of every name is the conditional one until the server has refused it once.
      if (request.method !== 'PUT' || conditional.length > 0) return undefined
      conditional.push(request)
      return number >= 0 ? { kind: 'status', status, body: '<Error><Code>NotImplemented</Code></Error>' } : undefined
    }
    const objects = [freshName(), freshName()]
    for (const object of objects) await driver.put(object, [utf8(object.id)])
    expect(conditional).toHaveLength(1)
    expect(driver.capabilities.exclusivePut).toBe(false)
    for (const object of objects) expect(await driver.get(object)).toEqual(utf8(object.id))
  })
})

describe('a listing of several kinds', () => {
  const kinds = ['config', 'points', 'tombstones', 'marks'] as const

  /** Answers listings with fewer objects than a server's thousand; the server of the tests answers them whole only. */
  const inPagesOf = (proxy: HttpProxy, count: number, order: (contents: string[]) => string[] = (all) => all): void => {
    proxy.rewrite = (path) => path.replace('continuation-token=', 'start-after=')
    proxy.alter = (body) => {
      const text = body.toString()
      const all = text.match(/<Contents>.*?<\/Contents>/gs) ?? []
      const page = order(all.slice(0, count))
      const last = /<Key>(.*?)<\/Key>/.exec(all[count - 1] ?? '')?.[1] ?? ''
      if (all.length <= count) return Buffer.from(text.replace(all.join(''), page.join('')))
      const more = `<IsTruncated>true</IsTruncated><NextContinuationToken>${last}</NextContinuationToken>`
      return Buffer.from(text.replace(all.join(''), page.join('')).replace('<IsTruncated>false</IsTruncated>', more))
    }
  }

  test('takes one request, whatever lies between, as long as all of it fits one answer', async () => {
    const { driver, proxy } = await openStore()
    const objects = [...kinds, 'packs' as const, 'packs' as const].map((kind) => freshName(kind))
    for (const object of objects) await driver.put(object, [utf8('x')])
    proxy.requests.length = 0
    const listed = await collect(driver.listKinds(kinds))
    expect(listed.map(({ name }) => name.kind).sort()).toEqual([...kinds].sort())
    expect(proxy.requests).toHaveLength(1)
  })

  test('jumps over packs that nobody asks for, and tells each object once, in the order of the kinds', async () => {
    const { driver, proxy } = await openStore()
    const objects = Array.from({ length: 24 }, (_, i) => freshName(i < 8 ? kinds[i % 4] : 'packs'))
    await Promise.all(objects.map((object) => driver.put(object, [utf8('x')])))
    for (const pageObjects of [1, 2, 3, 5, 7]) {
      inPagesOf(proxy, pageObjects)
      proxy.requests.length = 0
      const listed = await collect(driver.listKinds(kinds))
      const paths = listed.map(({ name }) => objectPath(name))
      expect(paths).toEqual(objects.slice(0, 8).map(objectPath).sort())
      expect(proxy.requests.length).toBeGreaterThan(1)
      expect(proxy.requests.length).toBeLessThanOrEqual(Math.ceil(8 / pageObjects) + kinds.length)
      const all = await collect(driver.listKinds([...kinds, 'packs']))
      expect(all.map(({ name }) => objectPath(name))).toEqual(objects.map(objectPath).sort())
    }
  })

  test('of one kind in pages tells each object once, and one that breaks off without a word where is no empty one', async () => {
    const { driver, proxy } = await openStore()
    const objects = Array.from({ length: 7 }, () => freshName())
    await Promise.all(objects.map((object) => driver.put(object, [utf8('x')])))
    inPagesOf(proxy, 3)
    expect(await listIds(driver, 'packs')).toEqual(objects.map(({ id }) => id).sort())
    const paged = proxy.alter
    proxy.alter = (body) => Buffer.from((paged?.(body) ?? body).toString().replace(/<NextContinuationToken>.*?>/, ''))
    await expect(listIds(driver, 'packs')).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })

  test('is made kind by kind where a server tells its keys in no order', async () => {
    const { driver, proxy } = await openStore()
    const objects = Array.from({ length: 12 }, (_, i) => freshName(kinds[i % 4]))
    await Promise.all(objects.map((object) => driver.put(object, [utf8('x')])))
    inPagesOf(proxy, 5, (contents) => contents.toReversed())
    const listed = await collect(driver.listKinds(kinds))
    expect(listed.map(({ name }) => objectPath(name)).sort()).toEqual(objects.map(objectPath).sort())
    expect(proxy.requests.filter(({ method }) => method === 'GET')).toHaveLength(1 + kinds.length)
  })
})

describe('a request that goes wrong', () => {
  const faults: readonly (readonly [string, Fault])[] = [
    ['is answered with 500', { kind: 'status', status: 500 }],
    ['is answered with 503 SlowDown', { kind: 'status', status: 503, body: '<Error><Code>SlowDown</Code></Error>' }],
    ['is answered with 429', { kind: 'status', status: 429 }],
    ['never reaches the server', { kind: 'cut', when: 'before' }],
    ['is done and its answer lost', { kind: 'cut', when: 'after' }],
    ['is answered in part', { kind: 'cut', when: 'middle' }],
  ]

  test.each(faults)('because it %s is transient, and with retries nobody notices', async (_, fault) => {
    const { driver, proxy } = await openStore()
    const store = withRetries(driver, { attempts: 4, delayMs: 10 })
    const body = patternBytes(100_000, 1)
    for (let nth = 1; nth <= 4; nth++) {
      const object = freshName()
      proxy.fault = nthTime(nth, fault)
      await store.put(object, [body])
      proxy.fault = nthTime(1, fault)
      expect(Buffer.compare(await store.get(object), body)).toBe(0)
      proxy.fault = nthTime(1, fault)
      expect((await store.stat(object)).bytes).toBe(body.byteLength)
      proxy.fault = nthTime(1, fault)
      expect(await listIds(store, 'packs')).toEqual([object.id])
      proxy.fault = nthTime(1, fault)
      await store.remove(object)
      expect(await listIds(store, 'packs')).toEqual([])
    }
    const object = freshName()
    proxy.fault = undefined
    await driver.put(object, [body])
    proxy.fault = () => fault
    await expect(driver.get(object)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retry: 'transient' })
  })

  test('says when it may be tried again, and that is waited for', async () => {
    const { driver, proxy } = await openStore()
    const slept: number[] = []
    const store = withRetries(driver, { attempts: 2, delayMs: 10, sleep: async (ms) => void slept.push(ms) })
    proxy.fault = nthTime(1, { kind: 'status', status: 503, headers: { 'retry-after': '7' } })
    expect(await listIds(store, 'points')).toEqual([])
    expect(slept).toEqual([7000])
  })
})

test('one connection serves one request after the other, large puts and ranges too, and nobody waits for leave to send', async () => {
  const { driver, proxy, url } = await openStore()
  await using line = await startFaultProxy(proxy.port)
  const nearer = url.replace(`:${proxy.port}`, `:${line.port}`)
  await using counted = openS3Driver({ url: nearer, location: parseS3Url(nearer) })
  const body = patternBytes(3 << 20, 4)
  const object = freshName()
  await counted.put(object, [body])
  await counted.put(freshName(), [body])
  expect(Buffer.compare(await counted.get(object), body)).toBe(0)
  const range = { offset: 1000, length: 1 << 20 }
  expect(Buffer.compare(await counted.get(object, range), body.subarray(1000, 1000 + (1 << 20)))).toBe(0)
  expect((await counted.stat(object)).bytes).toBe(body.byteLength)
  expect(await listIds(counted, 'packs')).toEqual(await listIds(driver, 'packs'))
  await counted.remove(object)
  expect(line.connections).toBe(1)
  expect(proxy.requests.filter(({ headers }) => headers.expect !== undefined)).toEqual([])
})

test('every object is put with the storage class and the encryption that the URL asks for, in parts too', async () => {
  const { driver, proxy } = await openStore('&storageClass=STANDARD_IA&sse=AES256')
  await driver.put(freshName(), [utf8('x')])
  await driver.put(freshName('index'), [patternBytes(24 << 20, 4)])
  const begun = proxy.requests.filter(({ method, url: at }) =>
    method === 'PUT' ? !at.includes('partNumber=') : at.includes('uploads'),
  )
  expect(begun).toHaveLength(2)
  for (const { headers } of begun) {
    expect(headers).toMatchObject({ 'x-amz-storage-class': 'STANDARD_IA', 'x-amz-server-side-encryption': 'AES256' })
  }
})

describe('a large object', () => {
  test('goes in parts, several at once, and comes back byte by byte', async () => {
    const { driver, proxy } = await openStore()
    const object = freshName('index')
    const body = patternBytes(40 << 20, 3)
    await driver.put(object, [body.subarray(0, 5), body.subarray(5)])
    expect(proxy.requests.filter(({ url }) => url.includes('partNumber='))).toHaveLength(5)
    expect(Buffer.compare(await driver.get(object), body)).toBe(0)
  })

  test('whose upload breaks off is not there', async () => {
    const { driver, proxy } = await openStore()
    const object = freshName('index')
    proxy.fault = ({ url }) => (url.includes('partNumber=3') ? { kind: 'status', status: 500 } : undefined)
    await expect(driver.put(object, [patternBytes(40 << 20, 3)])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await listIds(driver, 'index')).toEqual([])
  })
})

describe('a bucket in another region', () => {
  const REGION = 'eu-north-1'
  const isSignedFor = ({ headers }: ProxiedRequest, region: string): boolean =>
    headers.authorization?.includes(`/${region}/s3/`) === true
  const errorText = (code: string, more: string): string =>
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message>${more}</Error>`
  const told: readonly (readonly [string, Omit<Fault & { kind: 'status' }, 'kind'>])[] = [
    ['a header', { status: 301, headers: { 'x-amz-bucket-region': REGION } }],
    [
      'the text of an error',
      { status: 400, body: errorText('AuthorizationHeaderMalformed', `<Region>${REGION}</Region>`) },
    ],
    [
      'the host of an error',
      { status: 307, body: errorText('TemporaryRedirect', `<Endpoint>b.s3.${REGION}.amazonaws.com</Endpoint>`) },
    ],
    ['another address', { status: 307, headers: { location: `https://b.s3-${REGION}.amazonaws.com/key?list-type=2` } }],
  ]

  test.each(told)('that %s tells of is gone on with, after one request', async (_, answer) => {
    const { driver, proxy } = await openStore('&region=us-west-2')
    proxy.fault = (request) => (isSignedFor(request, REGION) ? undefined : { kind: 'status', ...answer })
    const object = freshName()
    await driver.put(object, [utf8('x')])
    expect(await driver.get(object)).toEqual(utf8('x'))
    expect(await listIds(driver, 'packs')).toEqual([object.id])
    expect(proxy.requests.map((request) => isSignedFor(request, REGION))).toEqual([false, true, true, true])
  })

  test('is gone on with by all requests that are under way when the first learns of it', async () => {
    const { driver, proxy } = await openStore('&region=us-west-2')
    const kinds = ['config', 'keys', 'packs', 'points'] as const
    const allCame = Promise.withResolvers<undefined>()
    let misled = 0
    proxy.fault = (request) => {
      if (isSignedFor(request, REGION)) return undefined
      if (++misled === kinds.length) allCame.resolve(undefined)
      const headers = { 'x-amz-bucket-region': REGION }
      return { kind: 'status', status: 301, headers, until: allCame.promise }
    }
    expect(await Promise.all(kinds.map(async (kind) => listIds(driver, kind)))).toEqual(kinds.map(() => []))
    expect(misled).toBe(kinds.length)
  })

  test.each([
    ['nobody names', {}],
    ['is the one that was asked', { 'x-amz-bucket-region': 'us-west-2' }],
    ['is none', { 'x-amz-bucket-region': 'evil.example/' }],
  ])('that %s is told', async (_, headers) => {
    const { driver, proxy } = await openStore('&region=us-west-2')
    proxy.fault = () => ({ kind: 'status', status: 301, headers })
    await expect(driver.get(freshName())).rejects.toMatchObject({
      code: 'STORE_FAILED',
      hint: expect.stringContaining('region=') as string,
    })
    expect(proxy.requests).toHaveLength(1)
  })
})

describe('credentials', () => {
  test('come from the command that a profile of AWS tools names', async () => {
    const file = join(temporaryFolder(), 'config')
    const { AWS_ACCESS_KEY_ID: AccessKeyId, AWS_SECRET_ACCESS_KEY: SecretAccessKey } = S3_CREDENTIALS
    const answer = JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey })
    writeFileSync(file, `[profile backups]\ncredential_process = echo '${answer}'\nregion = eu-west-3\n`)
    const environment = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }
    for (const [name, value] of Object.entries({ ...environment, AWS_CONFIG_FILE: file, AWS_PROFILE: 'backups' })) {
      vi.stubEnv(name, value)
    }
    onTestFinished(() => {
      vi.unstubAllEnvs()
      for (const [name, value] of Object.entries(S3_CREDENTIALS)) vi.stubEnv(name, value)
    })
    const { driver, proxy } = await openStore()
    expect(await listIds(driver, 'packs')).toEqual([])
    expect(proxy.requests.at(-1)?.headers.authorization).toContain(`Credential=${AccessKeyId}/`)
  })
})

describe('what a person has to mend is told', () => {
  const failing = async (path: string, port = server.port): Promise<unknown> => {
    const url = server.url(path, port)
    await using driver = openS3Driver({ url, location: parseS3Url(url) })
    return await listIds(driver, 'config').catch((error: unknown) => error)
  }

  test('a bucket that is not there', async () => {
    expect(await failing('no-such-bucket/x')).toMatchObject({ code: 'NO_REPOSITORY' })
  })

  test('a server that is not there', async () => {
    expect(await failing('bucket', await freePort())).toMatchObject({ code: 'STORE_UNAVAILABLE', retry: 'transient' })
  })

  test('an access key that the server does not know', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'somebody')
    onTestFinished(() => void vi.stubEnv('AWS_ACCESS_KEY_ID', S3_CREDENTIALS.AWS_ACCESS_KEY_ID))
    expect(await failing('faulty')).toMatchObject({
      code: 'STORE_DENIED',
      hint: expect.stringContaining('AWS_ACCESS_KEY_ID') as string,
    })
  })

  test.each([
    ['AccessDenied', 403, 'STORE_DENIED'],
    ['SignatureDoesNotMatch', 403, 'STORE_DENIED'],
    ['ExpiredToken', 400, 'STORE_DENIED'],
    ['RequestTimeTooSkewed', 403, 'STORE_UNAVAILABLE'],
    ['AuthorizationHeaderMalformed', 400, 'STORE_FAILED'],
    ['QuotaExceeded', 403, 'STORE_FULL'],
    ['SomethingElse', 404, 'NOT_FOUND'],
    ['InvalidRequest', 400, 'STORE_FAILED'],
  ])('%s', async (code, status, expected) => {
    const { driver, proxy } = await openStore()
    const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`
    proxy.fault = () => ({ kind: 'status', status, body, headers: { 'content-type': 'application/xml' } })
    await expect(driver.get(freshName())).rejects.toMatchObject({ code: expected })
  })

  test('a prefix under which something else lies', async () => {
    const { driver, url } = await openStore()
    await driver.put(freshName(), [utf8('x')])
    const above = url.replace(/store-\d+/, '')
    const creating = createS3Store({ url: above, location: parseS3Url(above) })
    await expect(creating).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringContaining('store-') as string,
    })
  })
})
