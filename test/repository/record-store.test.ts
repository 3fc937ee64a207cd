import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { present } from '../../src/base/assert.ts'
import type { InstanceId, ObjectId, RealmId, RepositoryId, RunId } from '../../src/base/ids.ts'
import type { RunRecord } from '../../src/format/records.ts'
import { type Instance, type InstanceStore, openInstance } from '../../src/repository/instance-key.ts'
import { type KeyRing, openKeyRing } from '../../src/repository/key-ring.ts'
import { sealRecord } from '../../src/repository/record-seal.ts'
import { RecordStore } from '../../src/repository/record-store.ts'
import { putObject } from '../../src/repository/stored-object.ts'
import { encodeRecordBody } from '../../src/format/record-codec.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'

const REPOSITORY = '0a'.repeat(16) as RepositoryId
const HOME = '01'.repeat(12) as RealmId
const clock = { nowMs: () => 1_700_000_000_000, monotonicMs: () => 0 }
const randomness = seededRandomness('records')

function ringOf(master: number): KeyRing {
  const generations = [new Uint8Array(32).fill(master)]
  const ownerSeed = new Uint8Array(32).fill(9)
  return openKeyRing({ kind: 'full', ownerSeed, generations, realms: [{ id: HOME, name: 'home' }] }, randomness)
}

async function newInstance(): Promise<Instance> {
  const store = { load: async () => undefined, save: async () => undefined }
  return openInstance(store, { describe: () => ({ name: 'n', host: 'h', user: 'u' }), clock, randomness })
}

let driver: MemoryDriver
let records: RecordStore
let signer: Instance

function storeOf(ring: KeyRing, repository = REPOSITORY): RecordStore {
  return new RecordStore({ driver, repository, ring, randomness })
}

function run(counter = 1): RunRecord {
  const started = { seconds: 1_700_000_000, nanoseconds: 5 }
  return { run: 'cc'.repeat(16) as RunId, instance: signer.id, counter, started }
}

beforeEach(async () => {
  driver = new MemoryDriver()
  records = storeOf(ringOf(1))
  signer = await newInstance()
})

describe('the record store', () => {
  it('gives back what was put, also to a store that has never seen the signer', async () => {
    const { id, inner } = await records.put('runs', run(), signer)
    const opened = await storeOf(ringOf(1)).get('runs', id)
    expect(opened).toMatchObject({ id, kind: 'runs', realm: HOME, signer: signer.id, record: run() })
    expect(opened.inner).toEqual(inner)
    expect(await records.list('runs')).toEqual([id])
  })

  it('puts the signer’s own record first, once, certified by the owner', async () => {
    await records.put('runs', run(1), signer)
    await records.put('runs', run(2), signer)
    await storeOf(ringOf(1)).put('runs', run(3), signer)
    const [id, ...more] = await records.list('instances')
    expect(more).toEqual([])
    const { record } = await records.get('instances', present(id, 'an instance'))
    expect(record).toMatchObject({ instance: signer.id, name: 'n', host: 'h', user: 'u' })
    expect(record.certificate.length).toBe(64)
  })

  it('never makes the same bytes of the same record', async () => {
    const first = await records.put('runs', run(), signer)
    const second = await records.put('runs', run(), signer)
    expect(first.id).not.toBe(second.id)
  })

  it('notices any changed byte by the name alone', async () => {
    const { id } = await records.put('runs', run(), signer)
    const bytes = await driver.get({ kind: 'runs', id })
    await driver.remove({ kind: 'runs', id })
    bytes[70] = present(bytes[70], 'byte') ^ 1
    await driver.put({ kind: 'runs', id }, [bytes])
    await expect(records.get('runs', id)).rejects.toMatchObject({
      code: 'ID_MISMATCH',
      message: expect.stringContaining(`runs/${id}`) as string,
    })
  })

  it('notices changed bytes under their right name', async () => {
    const { id } = await records.put('runs', run(), signer)
    const bytes = await driver.get({ kind: 'runs', id })
    for (const [at, code] of [
      [0, 'MALFORMED'],
      [5, 'UNSUPPORTED_VERSION'],
      [7, 'MALFORMED'],
      [9, 'WRONG_KEY'],
      [30, 'AUTH_FAILED'],
      [60, 'AUTH_FAILED'],
    ] as const) {
      const changed = Uint8Array.from(bytes)
      changed[at] = present(changed[at], 'byte') ^ 2
      const name = await putObject(driver, 'runs', [changed])
      await expect(records.get('runs', name)).rejects.toMatchObject({ code, context: { object: `runs/${name}` } })
    }
  })

  it('opens no record that was moved to another repository, kind or key', async () => {
    const { id } = await records.put('runs', run(), signer)
    const elsewhere = storeOf(ringOf(1), '0b'.repeat(16) as RepositoryId)
    await expect(elsewhere.get('runs', id)).rejects.toMatchObject({ code: 'AUTH_FAILED' })
    await expect(storeOf(ringOf(2)).get('runs', id)).rejects.toMatchObject({ code: 'AUTH_FAILED' })
    const moved = await putObject(driver, 'notes', [await driver.get({ kind: 'runs', id })])
    await expect(records.get('notes', moved)).rejects.toMatchObject({ code: 'MALFORMED' })
  })

  it('refuses what a holder of the keys signed in the name of another instance', async () => {
    await records.register(signer)
    const forger = await newInstance()
    const input = { kind: 'runs', repository: REPOSITORY, realm: ringOf(1).realm(), salt: new Uint8Array(32) } as const
    const forged = sealRecord(encodeRecordBody('runs', run()), { ...input, signer: { ...forger, id: signer.id } })
    const id = await putObject(driver, 'runs', forged.parts)
    await expect(records.get('runs', id)).rejects.toMatchObject({ code: 'BAD_SIGNATURE' })
    const unknown = sealRecord(encodeRecordBody('runs', run()), { ...input, signer: forger })
    const nobody = await putObject(driver, 'runs', unknown.parts)
    await expect(records.get('runs', nobody)).rejects.toMatchObject({ code: 'BAD_SIGNATURE' })
  })

  it('refuses an instance that claims the id of another, or a certificate that is not the owner’s', async () => {
    const forger = await newInstance()
    const { id: instance, publicKey, created, name, host, user } = forger
    const input = {
      kind: 'instances',
      repository: REPOSITORY,
      realm: ringOf(1).realm(),
      salt: new Uint8Array(32),
    } as const
    const put = async (claimed: InstanceId, certificate: Uint8Array): Promise<ObjectId> => {
      const body = encodeRecordBody('instances', {
        instance: claimed,
        name,
        host,
        user,
        publicKey,
        created,
        certificate,
      })
      return putObject(driver, 'instances', sealRecord(body, { ...input, signer: { ...forger, id: claimed } }).parts)
    }
    const stolen = await put(signer.id, new Uint8Array())
    await expect(records.get('instances', stolen)).rejects.toMatchObject({ code: 'BAD_SIGNATURE' })
    const boasting = await put(instance, new Uint8Array(64))
    await expect(records.get('instances', boasting)).rejects.toMatchObject({ code: 'BAD_SIGNATURE' })
    await expect(records.get('instances', await put(instance, new Uint8Array()))).resolves.toBeDefined()
  })

  it('finds the signer although records of other instances are damaged', async () => {
    await putObject(driver, 'instances', [new Uint8Array(100)])
    const { id } = await records.put('runs', run(), signer)
    await expect(storeOf(ringOf(1)).get('runs', id)).resolves.toMatchObject({ signer: signer.id })
  })

  it('refuses an object larger than any record without fetching it', async () => {
    const id = await putObject(driver, 'runs', [new Uint8Array((16 << 20) + 2048)])
    await expect(records.get('runs', id)).rejects.toMatchObject({ code: 'MALFORMED' })
  })
})

describe('an instance', () => {
  it('is the same after it was saved and loaded, and its id belongs to its key', async () => {
    let saved: Uint8Array | undefined
    const store: InstanceStore = {
      load: async () => saved && Uint8Array.from(saved),
      save: async (bytes) => void (saved = Uint8Array.from(bytes)),
    }
    const create = { describe: () => ({ name: 'laptop', host: 'h', user: 'u' }), clock, randomness }
    const first = await openInstance(store, create)
    const second = await openInstance(store, { ...create, describe: () => ({ name: 'x', host: 'x', user: 'x' }) })
    expect(second).toMatchObject({ id: first.id, name: 'laptop', publicKey: first.publicKey, created: first.created })
    expect(second.sign(new Uint8Array(3))).toEqual(first.sign(new Uint8Array(3)))
    expect((await newInstance()).id).not.toBe(first.id)
  })

  it('that was damaged on disk is an error, not a new instance', async () => {
    const store = { load: async () => new Uint8Array([1, 2, 3]), save: async () => undefined }
    const opening = openInstance(store, { describe: () => ({ name: '', host: '', user: '' }), clock, randomness })
    await expect(opening).rejects.toMatchObject({ code: 'MALFORMED' })
  })
})
