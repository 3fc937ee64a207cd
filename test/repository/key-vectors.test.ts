import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { present } from '../../src/base/assert.ts'
import { fromHex } from '../../src/base/bytes.ts'
import type { RealmId, RepositoryId } from '../../src/base/ids.ts'
import { objectIdOf } from '../../src/crypto/blake3.ts'
import { hpkeOpen, hpkePublicKey } from '../../src/crypto/hpke.ts'
import { CONFIG_BYTES_MAX } from '../../src/format/config.ts'
import type { FrameKind } from '../../src/format/frame.ts'
import { decodeKeySet, type KeySet } from '../../src/format/key-set.ts'
import type { RecordKind } from '../../src/format/records.ts'
import { parseRecoveryCode } from '../../src/format/recovery-code.ts'
import { decodeSlot } from '../../src/format/slot.ts'
import { readConfigs } from '../../src/repository/config-store.ts'
import { decodeFooterFrame, decodeFrame } from '../../src/repository/frame-codec.ts'
import { decodeKeyFile } from '../../src/repository/key-file.ts'
import { openKeyRing } from '../../src/repository/key-ring.ts'
import { deriveSealingSeed, writerKeyInfo } from '../../src/repository/key-tree.ts'
import { RecordStore } from '../../src/repository/record-store.ts'
import { openKeyUpdate, readKeyUpdate } from '../../src/repository/key-updates.ts'
import { packKeyOf } from '../../src/repository/run-keys.ts'
import { deriveSlotKey, unwrapSlot } from '../../src/repository/slot-key.ts'
import { putObject } from '../../src/repository/stored-object.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'
import { jsonOf } from '../vectors/vector-file.ts'

const folder = join(import.meta.dirname, '../vectors')

type Vector = Readonly<Record<string, unknown>>
/** Reads a vector with nothing but what it says, and returns what it must say. */
type Reader = (vector: Vector) => unknown
const text = (vector: Vector, name: string): string => present(vector[name], name) as string
const bytes = (vector: Vector, name = 'bytes'): Uint8Array => present(fromHex(text(vector, name)), name)
const arrays = (vector: Vector, name: string): Uint8Array[] =>
  (vector[name] as string[]).map((hex) => present(fromHex(hex), name))
const randomness = seededRandomness('vectors')

function ringOf(vector: Vector): ReturnType<typeof openKeyRing> {
  const ownerSeed = vector['ownerSeed'] === undefined ? new Uint8Array(32) : bytes(vector, 'ownerSeed')
  const realms = [{ id: text(vector, 'realm') as RealmId, name: 'home' }]
  const set: KeySet = { kind: 'full', ownerSeed, generations: arrays(vector, 'masterKeys'), realms }
  return openKeyRing(set, randomness)
}

const READERS: Readonly<Record<string, Reader>> = {
  'key-tree': (vector) => {
    const keys = ringOf(vector).realm()
    const { realm, chunkerSeed } = keys
    return {
      ...{ realm, masterKeys: vector['masterKeys'], chunkerSeed },
      metadataKeys: [keys.metadataKey(1), keys.metadataKey(2)],
      sealingSeeds: arrays(vector, 'masterKeys').map((master) => deriveSealingSeed({ master, realm })),
      ...{ dataIdKey: keys.idKey('data'), treeIdKey: keys.idKey('tree') },
      ...{ listIdKey: keys.idKey('list'), detailIdKey: keys.idKey('detail') },
    }
  },
  'key-set': (vector) => ({ keySet: decodeKeySet(bytes(vector)) }),
  slot: async (vector) => {
    const slot = decodeSlot(bytes(vector))
    const { commitment, ...header } = slot.header
    expect(commitment.length).toBe(32)
    const secret = bytes(vector, 'secret')
    const derived = await deriveSlotKey(header, { kind: header.kind, bytes: secret })
    const content = unwrapSlot(objectIdOf(bytes(vector)), slot, derived)
    if (content !== undefined) return { secret, header, content }
    throw Object.assign(new Error(), { code: header.kind === 'password' ? 'WRONG_PASSWORD' : 'WRONG_KEY' })
  },
  'key-update': async (vector) => {
    const driver = new MemoryDriver()
    const id = await putObject(driver, 'keys', [bytes(vector)])
    const ownerPublicKey = bytes(vector, 'ownerPublicKey')
    const stored = await readKeyUpdate(driver, id, ownerPublicKey)
    const { header } = stored.update
    const sealingSeed = bytes(vector, 'sealingSeed')
    const keySet = openKeyUpdate(stored, { ...header, sealingSeed })
    return { sealingSeed, ownerPublicKey, header, keySet }
  },
  'recovery-code': (vector) => ({ text: vector['text'], code: parseRecoveryCode(text(vector, 'text')) }),
  'key-file': (vector) => ({
    ...decodeKeyFile(bytes(vector)),
    text: Buffer.from(bytes(vector)).toString('utf8'),
  }),
  config: async (vector) => {
    const driver = new MemoryDriver()
    await putObject(driver, 'config', [bytes(vector)])
    expect(bytes(vector).length).toBeLessThan(CONFIG_BYTES_MAX)
    const [stored] = await readConfigs(driver)
    return { config: stored?.config }
  },
  'sealed-record': async (vector) => {
    const kind = vector['kind'] as RecordKind
    const driver = new MemoryDriver()
    const repository = vector['repository'] as RepositoryId
    const records = new RecordStore({ driver, repository, ring: ringOf(vector), randomness })
    await putObject(driver, 'instances', [bytes(vector, 'instanceRecord')])
    const { record } = await records.get(kind, await putObject(driver, kind, [bytes(vector)]))
    const { masterKeys, ownerSeed, realm, instanceRecord } = vector
    return { repository, realm, masterKeys, ownerSeed, kind, instanceRecord, record }
  },
  'sealed-frame': (vector) => {
    const { kind, number, rawBytes } = vector as { kind: FrameKind; number: number; rawBytes: number }
    const about = {
      repository: bytes(vector, 'repository'),
      writerKey: bytes(vector, 'writerKey'),
      salt: bytes(vector, 'salt'),
    }
    const packKey = packKeyOf(about.writerKey, about.salt)
    const frame = { key: packKey, repositoryIdBytes: about.repository, sealed: bytes(vector), pack: 'a pack' }
    const payload =
      kind === 'footer'
        ? decodeFooterFrame(frame)
        : decodeFrame({ ...frame, kind, number, rawBytes }, new Uint8Array(rawBytes))
    return { ...about, packKey, kind, number, rawBytes, payload }
  },
  'writer-key': (vector) => {
    const repository = text(vector, 'repository') as RepositoryId
    const realm = text(vector, 'realm') as RealmId
    const seed = bytes(vector, 'seed')
    const writerKey = hpkeOpen(bytes(vector), { seed, info: writerKeyInfo(repository, realm) })
    if (writerKey === undefined) throw Object.assign(new Error(), { code: 'AUTH_FAILED' })
    return { repository, realm, seed, publicKey: hpkePublicKey(seed), writerKey }
  },
}

describe.each(Object.entries(READERS))('the golden vectors of %s', (structure, read) => {
  const vectors = readdirSync(join(folder, structure)).map((name) => {
    return { name, vector: JSON.parse(readFileSync(join(folder, structure, name), 'utf8')) as Vector }
  })

  test.each(vectors.filter(({ vector }) => !('error' in vector)))('$name says what it holds', async ({ vector }) => {
    const bytes = vector['bytes'] === undefined ? {} : { bytes: vector['bytes'] }
    expect(vector['description']).toMatch(/\.$/)
    const said = { description: vector['description'], ...(jsonOf(await read(vector)) as object), ...bytes }
    expect(said).toEqual(vector)
  })

  const bad = vectors.filter(({ vector }) => 'error' in vector)
  test.runIf(bad.length > 0).each(bad)('$name is refused', async ({ vector }) => {
    await expect((async () => read(vector))()).rejects.toMatchObject({ code: vector['error'] })
  })
})
