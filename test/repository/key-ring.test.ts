import { describe, expect, it } from 'vitest'
import type { RealmId, RepositoryId } from '../../src/base/ids.ts'
import type { BackupKeySet, FullKeySet } from '../../src/format/key-set.ts'
import { type KeyRing, openKeyRing } from '../../src/repository/key-ring.ts'
import { verify } from '../../src/crypto/ed25519.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'

const HOME = '01'.repeat(12) as RealmId
const APP = '02'.repeat(12) as RealmId
const REPOSITORY = '0a'.repeat(16) as RepositoryId
const OTHER = '0b'.repeat(16) as RepositoryId
const bytes = (value: number): Uint8Array => new Uint8Array(32).fill(value)

function fullSet(generations = 2): FullKeySet {
  return {
    kind: 'full',
    ownerSeed: bytes(9),
    generations: Array.from({ length: generations }, (_, i) => bytes(i + 1)),
    realms: [
      { id: HOME, name: 'home' },
      { id: APP, name: 'app' },
    ],
  }
}

const openFull = (generations = 2): KeyRing => openKeyRing(fullSet(generations), seededRandomness('ring'))

/** The backup-only key set of the app's realm, as somebody with a full one would give it away. */
function backupSet(ring: KeyRing): BackupKeySet {
  const realm = ring.realm(APP)
  const copy = (key: Uint8Array): Uint8Array => Uint8Array.from(key)
  return {
    kind: 'backup-only',
    ownerPublicKey: ring.ownerPublicKey,
    realm: { id: APP, name: 'app' },
    metadataKeys: [1, 2].map((generation) => copy(realm.metadataKey(generation))),
    sealingPublicKey: realm.sealingPublicKey(),
    idKeys: {
      data: copy(realm.idKey('data')),
      tree: copy(realm.idKey('tree')),
      list: copy(realm.idKey('list')),
      detail: copy(realm.idKey('detail')),
    },
    chunkerSeed: copy(realm.chunkerSeed),
  }
}

describe('a key ring', () => {
  it('derives a key of its own for every realm, generation, type and purpose', () => {
    const ring = openFull()
    const keys = [HOME, APP].flatMap((id) => {
      const realm = ring.realm(id)
      const ids = (['data', 'tree', 'list', 'detail'] as const).map((type) => realm.idKey(type))
      return [...ids, realm.chunkerSeed, realm.metadataKey(1), realm.metadataKey(2)]
    })
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(keys.length)
  })

  it('keeps ids and cuts through a rotation, so that deduplication goes on', () => {
    const [before, after] = [openFull(1).realm(), openFull(3).realm()]
    expect(after.generation).toBe(3)
    expect(after.idKey('data')).toEqual(before.idKey('data'))
    expect(after.chunkerSeed).toEqual(before.chunkerSeed)
    expect(after.metadataKey(1)).toEqual(before.metadataKey(1))
  })

  it('opens the writer keys of every generation, in their realm and repository alone', () => {
    const writerKey = bytes(77)
    const old = openFull(1).realm().sealWriterKey(REPOSITORY, writerKey)
    const ring = openFull(2)
    const home = ring.realm(HOME)
    const sealed = home.sealWriterKey(REPOSITORY, writerKey)
    expect(sealed.length).toBe(1168)
    expect(home.openWriterKey(REPOSITORY, 2, sealed)).toEqual(writerKey)
    expect(home.openWriterKey(REPOSITORY, 1, old)).toEqual(writerKey)
    const refusals = [
      () => home.openWriterKey(REPOSITORY, 1, sealed),
      () => home.openWriterKey(OTHER, 2, sealed),
      () => ring.realm(APP).openWriterKey(REPOSITORY, 2, sealed),
      () => home.openWriterKey(REPOSITORY, 2, sealed.subarray(1)),
    ]
    for (const refusal of refusals) expect(refusal).toThrow(expect.objectContaining({ code: 'AUTH_FAILED' }))
  })

  it('refuses generations and realms that it does not hold', () => {
    const ring = openFull()
    expect(() => ring.realm().metadataKey(0)).toThrow(expect.objectContaining({ code: 'WRONG_KEY' }))
    expect(() => ring.realm().metadataKey(3)).toThrow(expect.objectContaining({ code: 'WRONG_KEY' }))
    expect(() => ring.realm('03'.repeat(12) as RealmId)).toThrow(expect.objectContaining({ code: 'WRONG_KEY' }))
    expect(() => ring.realm().openWriterKey(REPOSITORY, 9, new Uint8Array(1168))).toThrow(
      expect.objectContaining({ code: 'WRONG_KEY' }),
    )
  })

  it('of a backup-only key set seals like a full one, and opens and signs nothing', () => {
    const full = openFull()
    const ring = openKeyRing(backupSet(full), seededRandomness('backup'))
    expect(ring.full).toBe(false)
    expect(ring.realms()).toEqual([APP])
    const realm = ring.realm()
    expect(realm.metadataKey(2)).toEqual(full.realm(APP).metadataKey(2))
    expect(realm.idKey('tree')).toEqual(full.realm(APP).idKey('tree'))
    const sealed = realm.sealWriterKey(REPOSITORY, bytes(5))
    expect(full.realm(APP).openWriterKey(REPOSITORY, realm.generation, sealed)).toEqual(bytes(5))
    expect(() => realm.openWriterKey(REPOSITORY, 2, sealed)).toThrow(expect.objectContaining({ code: 'KEY_NOT_FULL' }))
    expect(() => ring.ownerSign(bytes(1))).toThrow(expect.objectContaining({ code: 'KEY_NOT_FULL' }))
    expect(() => ring.realm(HOME)).toThrow(expect.objectContaining({ code: 'WRONG_KEY' }))
  })

  it('signs as the owner', () => {
    const ring = openFull()
    const signature = ring.ownerSign(bytes(1))
    expect(verify(bytes(1), { signature, publicKey: ring.ownerPublicKey })).toBe(true)
  })

  it('wipes the key set that it was given, and every key when it is disposed of', () => {
    const set = fullSet()
    const ring = openKeyRing(set, seededRandomness('ring'))
    expect([set.ownerSeed, ...set.generations]).toEqual([bytes(0), bytes(0), bytes(0)])
    const realm = ring.realm()
    const keys = [realm.metadataKey(1), realm.idKey('data'), realm.chunkerSeed]
    expect(keys.some((key) => key.every((byte) => byte === 0))).toBe(false)
    ring[Symbol.dispose]()
    for (const key of keys) expect(new Uint8Array(key)).toEqual(bytes(0))
  })
})
