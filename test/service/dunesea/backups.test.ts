import { createHash } from 'node:crypto'

import { describe, expect, onTestFinished, test } from 'vitest'

import { openDuneSeaDriver } from '../../../drivers/dunesea/dunesea-driver.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { objectIdOf } from '../../../src/crypto/blake3.ts'
import { putOf, startTestDuneSea, type TestDuneSea, type TestRequest } from '../../support/dunesea-server.ts'
import { listAll } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'

async function startServer(): Promise<TestDuneSea> {
  const server = await startTestDuneSea()
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A client of the five verbs, as one that knows nothing of repositories would be written. */
class Client {
  readonly server: TestDuneSea
  readonly token: string
  readonly domain: string

  constructor(server: TestDuneSea, domain: string, token = server.token(domain)) {
    this.server = server
    this.domain = domain
    this.token = token
  }

  async storeBlob(bytes: Uint8Array, name = sha256(bytes)): Promise<number> {
    return (await this.#fetch(`blob/${this.domain}/${name}`, putOf(bytes))).status
  }

  async storeMetadata(backup: object): Promise<{ status: number; answer: unknown }> {
    const headers = { 'content-type': 'application/json' }
    const request = { method: 'POST', body: JSON.stringify(backup), headers }
    const response = await this.#fetch(`metadata/${this.domain}`, request)
    return { status: response.status, answer: await response.json() }
  }

  async last(instance?: string): Promise<unknown> {
    return this.#metadata(`last${instance === undefined ? '' : `?instance=${instance}`}`)
  }

  async next(previous?: string, instance = 'default'): Promise<unknown> {
    return this.#metadata(`next?instance=${instance}${previous === undefined ? '' : `&previous=${previous}`}`)
  }

  async blob(name: string, range?: string): Promise<Uint8Array | number> {
    const answer = await this.#fetch(`blob/${this.domain}/${name}`, range === undefined ? {} : { headers: { range } })
    return answer.ok ? answer.bytes() : answer.status
  }

  async removeMetadata(hash: string): Promise<number> {
    return (await this.#fetch(`metadata/${this.domain}/${hash}`, { method: 'DELETE' })).status
  }

  async removeObject(bytes: Uint8Array): Promise<number> {
    const path = `object/${this.domain}/packs/${objectIdOf(bytes)}`
    return (await this.#fetch(path, { method: 'DELETE' })).status
  }

  async #metadata(what: string): Promise<unknown> {
    const answer = await this.#fetch(`metadata/${this.domain}/${what}`)
    return answer.ok ? answer.json() : answer.status
  }

  async #fetch(path: string, request?: TestRequest): Promise<Response> {
    return this.server.fetch(`/api/v1/${path}`, this.token, request)
  }
}

let backups = 0

/** What a client says of a backup whose blob is `bytes`. */
function backupOf(bytes: Uint8Array, changes: object = {}): { readonly hash: string } & Record<string, unknown> {
  const number = String(++backups).padStart(12, '0')
  return {
    instance: 'default',
    uuid: `00000000-0000-4000-8000-${number}`,
    date: '2026-11-21T16:00:00Z',
    type: 'full',
    size: bytes.byteLength,
    hash: sha256(bytes),
    parent: null,
    objects: [],
    metadata: Buffer.from(`encrypted ${number}`).toString('base64'),
    ...changes,
  }
}

describe('backups by the five verbs', () => {
  test('a full backup and those that build on it are found again, one after the other', async () => {
    const client = new Client(await startServer(), 'cloud.example.org')
    expect(await client.last()).toBe(404)
    expect(await client.next()).toBe(404)
    const blobs = [0, 1, 2].map((seed) => patternBytes(100_000, seed))
    const stored: { readonly hash: string }[] = []
    for (const bytes of blobs) {
      expect(await client.storeBlob(bytes)).toBe(201)
      const parent = stored.at(-1)?.hash ?? null
      const backup = backupOf(bytes, { parent, type: parent === null ? 'full' : 'incremental' })
      expect(await client.storeMetadata(backup)).toEqual({
        status: 201,
        answer: { instance: 'default', hash: backup.hash },
      })
      expect(await client.last()).toEqual(backup)
      stored.push(backup)
    }
    expect(await client.next()).toEqual(stored[0])
    expect(await client.next(stored[0]?.hash)).toEqual(stored[1])
    expect(await client.next(stored[1]?.hash)).toEqual(stored[2])
    expect(await client.next(stored[2]?.hash)).toBe(404)
    expect(await client.next('0'.repeat(64))).toBe(404)
    for (const bytes of blobs) expect(await client.blob(sha256(bytes))).toEqual(bytes)
  })

  test('metadata is stored only once all that it needs is there; what is missing is listed', async () => {
    const client = new Client(await startServer(), 'home')
    const [blob, one, two] = ['blob', 'one', 'two'].map(utf8) as [Uint8Array, Uint8Array, Uint8Array]
    const backup = backupOf(blob, { objects: [sha256(one), sha256(two), sha256(one)] })
    const missing = [blob, one, two].map(sha256).sort()
    expect(await client.storeMetadata(backup)).toMatchObject({ status: 409, answer: { code: 'BLOB_MISSING', missing } })
    await client.storeBlob(blob)
    await client.storeBlob(two)
    expect(await client.storeMetadata(backup)).toMatchObject({ status: 409, answer: { missing: [sha256(one)] } })
    expect(await client.last()).toBe(404)
    await client.storeBlob(one)
    expect(await client.storeMetadata(backup)).toMatchObject({ status: 201 })
    expect(await client.last()).toEqual(backup)
  })

  test('a parent that is not stored is refused', async () => {
    const client = new Client(await startServer(), 'home')
    const bytes = utf8('x')
    await client.storeBlob(bytes)
    const parent = '1'.repeat(64)
    const { status, answer } = await client.storeMetadata(backupOf(bytes, { type: 'incremental', parent }))
    expect(status).toBe(409)
    expect(answer).toMatchObject({ code: 'RECORD_MISSING', parent })
  })

  test('each instance of a domain has its own last and next', async () => {
    const client = new Client(await startServer(), 'home')
    const hashes: Record<string, string[]> = { laptop: [], desktop: [] }
    for (const instance of ['laptop', 'desktop', 'laptop', 'desktop', 'laptop']) {
      const bytes = utf8(`${instance} ${hashes[instance]?.length ?? 0}`)
      await client.storeBlob(bytes)
      expect(await client.storeMetadata(backupOf(bytes, { instance }))).toMatchObject({ status: 201 })
      hashes[instance]?.push(sha256(bytes))
    }
    const { laptop = [], desktop = [] } = hashes
    expect(await client.last('laptop')).toMatchObject({ hash: laptop[2] })
    expect(await client.last('desktop')).toMatchObject({ hash: desktop[1] })
    expect(await client.next(undefined, 'desktop')).toMatchObject({ hash: desktop[0] })
    expect(await client.next(laptop[0], 'laptop')).toMatchObject({ hash: laptop[1] })
    expect(await client.next(laptop[0], 'desktop')).toBe(404)
    expect(await client.last()).toBe(404)
  })

  test('the same metadata again is no error; other metadata for one hash is', async () => {
    const client = new Client(await startServer(), 'home')
    const bytes = utf8('x')
    await client.storeBlob(bytes)
    const backup = backupOf(bytes)
    expect((await client.storeMetadata(backup)).status).toBe(201)
    expect((await client.storeMetadata(backup)).status).toBe(200)
    expect(await client.storeMetadata({ ...backup, size: 7 })).toMatchObject({
      status: 409,
      answer: { code: 'EXISTS' },
    })
    expect(await client.last()).toEqual(backup)
  })

  test('what a backup needs cannot be removed as long as its metadata is there', async () => {
    const client = new Client(await startServer(), 'home')
    const [blob, other] = [utf8('needed'), utf8('not needed')]
    await client.storeBlob(blob)
    await client.storeBlob(other)
    await client.storeMetadata(backupOf(blob))
    expect(await client.removeObject(blob)).toBe(403)
    expect(await client.removeObject(other)).toBe(204)
    expect(await client.removeMetadata(sha256(blob))).toBe(204)
    expect(await client.removeMetadata(sha256(blob))).toBe(404)
    expect(await client.removeObject(blob)).toBe(204)
    expect(await client.blob(sha256(blob))).toBe(404)
  })

  test('an append-only token stores backups and forgets none', async () => {
    const server = await startServer()
    const client = new Client(server, 'home', server.token('home', { appendOnly: true }))
    const bytes = utf8('x')
    await client.storeBlob(bytes)
    expect((await client.storeMetadata(backupOf(bytes))).status).toBe(201)
    expect(await client.removeMetadata(sha256(bytes))).toBe(403)
    expect(await client.last()).toMatchObject({ hash: sha256(bytes) })
  })

  test('backups of one domain are not there for another', async () => {
    const server = await startServer()
    const [home, work] = [new Client(server, 'home'), new Client(server, 'work')]
    const bytes = utf8('x')
    await home.storeBlob(bytes)
    await home.storeMetadata(backupOf(bytes))
    expect(await work.last()).toBe(404)
    expect(await work.blob(sha256(bytes))).toBe(404)
    expect(await work.storeMetadata(backupOf(bytes))).toMatchObject({ status: 409 })
  })

  test('they are there after a restart', async () => {
    const server = await startServer()
    const client = new Client(server, 'home')
    const bytes = patternBytes(3 << 20, 1)
    await client.storeBlob(bytes)
    const backup = backupOf(bytes)
    await client.storeMetadata(backup)
    await server.stop()
    await server.start()
    await expect.poll(() => client.last().catch(() => undefined)).toEqual(backup)
    expect(Buffer.compare((await client.blob(sha256(bytes))) as Uint8Array, bytes)).toBe(0)
  })
})

describe('a blob', () => {
  test('that does not hash to its name is refused, and not there under either name', async () => {
    const client = new Client(await startServer(), 'home')
    const [named, sent] = [utf8('as named'), utf8('as sent')]
    expect(await client.storeBlob(sent, sha256(named))).toBe(422)
    expect(await client.blob(sha256(named))).toBe(404)
    expect(await client.blob(sha256(sent))).toBe(404)
  })

  test('that is stored again, also at once, is stored once', async () => {
    const client = new Client(await startServer(), 'home')
    const bytes = patternBytes(1 << 20, 2)
    const states = await Promise.all([0, 1, 2, 3].map(() => client.storeBlob(bytes)))
    expect(states.filter((status) => status === 201)).toHaveLength(1)
    expect(states.every((status) => status === 201 || status === 200)).toBe(true)
    expect(await client.storeBlob(bytes)).toBe(200)
  })

  test('comes in ranges', async () => {
    const client = new Client(await startServer(), 'home')
    const bytes = patternBytes(3 << 20, 3)
    await client.storeBlob(bytes)
    expect(await client.blob(sha256(bytes), 'bytes=1000-2000999')).toEqual(bytes.subarray(1000, 2_001_000))
  })

  test('is the same object for the driver of a repository: either names it in its own way', async () => {
    const server = await startServer()
    const client = new Client(server, 'home')
    await using driver = openDuneSeaDriver({ url: server.url('home'), token: client.token })
    const [byVerb, byDriver] = [utf8('by verb'), utf8('by driver')]
    await client.storeBlob(byVerb)
    await driver.put({ kind: 'index', id: objectIdOf(byDriver) }, [byDriver])
    expect(await listAll(driver, 'packs')).toEqual([{ name: { kind: 'packs', id: objectIdOf(byVerb) }, bytes: 7 }])
    expect(await client.blob(sha256(byDriver))).toEqual(byDriver)
    await driver.remove({ kind: 'index', id: objectIdOf(byDriver) })
    expect(await client.blob(sha256(byDriver))).toBe(404)
  })
})

test.each([
  ['no UUID', { uuid: 'x' }],
  ['no date', { date: 'yesterday' }],
  ['no such type', { type: 'partial' }],
  ['a full backup with a parent', { parent: '0'.repeat(64) }],
  ['an incremental one without', { type: 'incremental' }],
  ['a negative size', { size: -1 }],
  ['a hash that is none', { hash: 'abc' }],
  ['an object that is none', { objects: ['../../etc/passwd'] }],
  ['metadata that is no base64', { metadata: '{}' }],
  ['an instance that is no name', { instance: '../x' }],
  ['a member that nobody knows', { more: 1 }],
])('metadata with %s is refused', async (_what, changes) => {
  const client = new Client(await startServer(), 'home')
  const { status, answer } = await client.storeMetadata(backupOf(utf8('x'), changes))
  expect(status).toBe(400)
  expect(answer).toMatchObject({ code: 'BAD_ARGUMENT' })
})
