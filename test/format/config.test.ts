import { fc } from '../support/fast-check.ts'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { hexId, type ObjectId, type RealmId, type RepositoryId } from '../../src/base/ids.ts'
import { CHUNKER_DEFAULT } from '../../src/format/chunker-parameters.ts'
import { decodeConfig, encodeConfig, encodeConfigBody } from '../../src/format/config-codec.ts'
import type { RepositoryConfig } from '../../src/format/config.ts'
import { expectStrictDecoder, mutated, propertyOptions } from './strict-decoder.ts'

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const idOf = <Id extends string>(length: number): fc.Arbitrary<Id> => bytesOf(length).map((bytes) => hexId<Id>(bytes))
const names = fc.array(fc.stringMatching(/^[a-z0-9-]{1,20}$/), { maxLength: 4 })
const anyConfig = fc.record({
  repository: idOf<RepositoryId>(16),
  suite: fc.constant(1),
  chunker: fc.constant(CHUNKER_DEFAULT),
  frameBytesTarget: fc.integer({ min: 65_536, max: 4 << 20 }),
  packBytesTarget: fc.integer({ min: 1 << 20, max: 64 << 20 }),
  graceSeconds: fc.integer({ min: 0, max: 1_000_000 }),
  features: fc.record({ read: fc.constant([]), write: names, prune: names }),
  revision: fc.integer({ min: 2, max: Number.MAX_SAFE_INTEGER }),
  previous: fc.option(idOf<ObjectId>(32), { nil: undefined }),
  ownerPublicKey: bytesOf(32),
  generation: fc.integer({ min: 1, max: 64 }),
  realms: fc.uniqueArray(idOf<RealmId>(12), { minLength: 1, maxLength: 4 }),
  slots: fc.array(
    fc.record({
      id: idOf<ObjectId>(32),
      keySet: fc.constantFrom('full' as const, 'backup-only' as const),
      sealingPublicKey: bytesOf(1216),
      update: fc.option(idOf<ObjectId>(32), { nil: undefined }),
    }),
    { maxLength: 2 },
  ),
  extensions: fc.constantFrom({}, { later: [1, null, { deep: true }] }),
})
const config: fc.Arbitrary<RepositoryConfig> = anyConfig.map((value) => ({
  ...value,
  slots: value.slots.map((slot) => (slot.keySet === 'full' ? slot : { ...slot, realm: value.realms[0] })),
}))
const signature = new Uint8Array(64).fill(0xab)

describe('a config', () => {
  it('is what it was, decoded, and JSON to everyone else', () => {
    fc.assert(
      fc.property(config, (value) => {
        const body = encodeConfigBody(value)
        const bytes = encodeConfig(body, signature)
        expect(decodeConfig(bytes)).toEqual({ config: value, body, signature })
        const parsed = JSON.parse(Buffer.from(bytes).toString('utf8')) as { body: unknown; signature: unknown }
        expect(parsed).toMatchObject({ body: { magic: 'tidemark config' }, signature: 'ab'.repeat(64) })
      }),
      propertyOptions({ runs: 50 }),
    )
  })

  it('believes no bytes', () => {
    const cases = config.chain((value) => mutated(encodeConfig(encodeConfigBody(value), signature)))
    fc.assert(
      fc.property(fc.oneof(cases, fc.uint8Array()), (bytes) => expectStrictDecoder(() => decodeConfig(bytes))),
      propertyOptions({ runs: 200 }),
    )
  })

  it('nested without end is refused, not followed', () => {
    const bytes = encodeConfig(utf8('['.repeat(500_000)), signature)
    expect(() => decodeConfig(bytes)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
  })

  it('of more than a megabyte is refused before it is parsed', () => {
    const bytes = new Uint8Array((1 << 20) + 1)
    expect(() => decodeConfig(bytes)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
  })
})
