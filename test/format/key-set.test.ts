import { fc } from '../support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { hexId, type RealmId } from '../../src/base/ids.ts'
import { decodeKeySet, encodeKeySet, type KeySet } from '../../src/format/key-set.ts'
import { expectStrictDecoder, mutated, propertyOptions } from './strict-decoder.ts'

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const keys = fc.array(key, { minLength: 1, maxLength: 64 })
const realm = fc.record({
  id: fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => hexId<RealmId>(bytes)),
  name: fc.string({ maxLength: 16, unit: 'grapheme' }).filter((name) => Buffer.byteLength(name) <= 64),
})
const realms = fc.uniqueArray(realm, { minLength: 1, maxLength: 32, selector: ({ id }) => id })
const full = fc.record({ kind: fc.constant('full' as const), ownerSeed: key, generations: keys, realms })
const backupOnly = fc.record({
  kind: fc.constant('backup-only' as const),
  ownerPublicKey: key,
  realm,
  metadataKeys: keys,
  sealingPublicKey: fc.uint8Array({ minLength: 1216, maxLength: 1216 }),
  idKeys: fc.record({ data: key, tree: key, list: key, detail: key }),
  chunkerSeed: key,
})
const anySet: fc.Arbitrary<KeySet> = fc.oneof(full, backupOnly)

describe('a key set', () => {
  it('is what it was, decoded', () => {
    fc.assert(
      fc.property(anySet, (set) => {
        expect(decodeKeySet(encodeKeySet(set))).toEqual(set)
      }),
      propertyOptions({ runs: 50 }),
    )
  })

  it('fits its slot with as many generations and realms as are allowed', () => {
    const id = (n: number): RealmId => n.toString(16).padStart(24, '0') as RealmId
    const set: KeySet = {
      kind: 'full',
      ownerSeed: new Uint8Array(32),
      generations: Array.from({ length: 64 }, () => new Uint8Array(32)),
      realms: Array.from({ length: 32 }, (_, n) => ({ id: id(n), name: 'x'.repeat(64) })),
    }
    expect(decodeKeySet(encodeKeySet(set))).toEqual(set)
  })

  it('believes no bytes', () => {
    const cases = anySet.chain((set) => mutated(encodeKeySet(set)))
    fc.assert(
      fc.property(fc.oneof(cases, fc.uint8Array()), (bytes) => expectStrictDecoder(() => decodeKeySet(bytes))),
      propertyOptions({ runs: 200 }),
    )
  })
})
