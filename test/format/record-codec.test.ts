import { fc } from '../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import type { InstanceId, ObjectId, PointId, RepositoryId } from '../../src/base/ids.ts'
import type { CborValue } from '../../src/format/cbor.ts'
import { decodeCbor, encodeCbor } from '../../src/format/cbor.ts'
import { certificateInput, tombstoneInput } from '../../src/format/owner-signatures.ts'
import { decodePointDetail, encodePointDetail, OMISSIONS_MAX } from '../../src/format/point-detail-codec.ts'
import { decodeRecordBody, encodeRecordBody } from '../../src/format/record-codec.ts'
import type { RecordBodies } from '../../src/format/records.ts'
import { anyDetail, anyRecord } from './record-arbitraries.ts'
import { expectStrictDecoder, mutated, propertyOptions } from './strict-decoder.ts'

const kinds = Object.keys(anyRecord) as (keyof RecordBodies)[]

/** Any record of `kind`, encoded, with what it was. */
function encodedRecord<Kind extends keyof RecordBodies>(
  kind: Kind,
): fc.Arbitrary<{ record: RecordBodies[Kind]; bytes: Uint8Array }> {
  return anyRecord[kind].map((record) => ({ record, bytes: encodeRecordBody(kind, record) }))
}

const repository = 'aa'.repeat(16) as RepositoryId

describe.each(kinds)('the codec of %s', (kind) => {
  test('gives back every record it encoded', () => {
    fc.assert(
      fc.property(encodedRecord(kind), ({ record, bytes }) => {
        expect(decodeRecordBody(kind, bytes)).toEqual(record)
      }),
      propertyOptions({ runs: 60 }),
    )
  })

  test('accepts one encoding of a record only', () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      encodedRecord(kind).chain(({ bytes }) => mutated(bytes)),
    )
    fc.assert(
      fc.property(hostile, (bytes) => {
        expectStrictDecoder(() => {
          const record = decodeRecordBody(kind, bytes)
          // Extensions are passed over; without any, the bytes follow from the record.
          if (bytes.at(-1) === 0xa0) expect(toHex(encodeRecordBody(kind, record))).toBe(toHex(bytes))
        })
      }),
      propertyOptions({ runs: 200 }),
    )
  })

  test('passes over extensions of later versions', () => {
    fc.assert(
      fc.property(encodedRecord(kind), ({ record, bytes }) => {
        const items = decodeCbor(bytes) as readonly CborValue[]
        const known = items.at(-1) as ReadonlyMap<number, CborValue>
        const later = encodeCbor([...items.slice(0, -1), new Map([...known, [1000, ['more']]])])
        expect(decodeRecordBody(kind, later)).toEqual(record)
      }),
      propertyOptions({ runs: 10 }),
    )
  })
})

describe('a record', () => {
  const made = { seconds: 1, nanoseconds: 2 }
  const pointTombstone: Omit<RecordBodies['tombstones'], 'ownerSignature'> = {
    target: 'point',
    id: 'bb'.repeat(16) as PointId,
    hash: new Uint8Array(64).fill(3),
    made,
  }

  test('that its owner signs is signed without the signature', () => {
    const input = tombstoneInput(repository, pointTombstone)
    const signed = decodeRecordBody(
      'tombstones',
      encodeRecordBody('tombstones', { ...pointTombstone, ownerSignature: new Uint8Array(64).fill(1) }),
    )
    expect(toHex(tombstoneInput(repository, signed))).toBe(toHex(input))
    expect(toHex(tombstoneInput('cc'.repeat(16) as RepositoryId, signed))).not.toBe(toHex(input))
    expect(toHex(tombstoneInput(repository, { ...signed, takenBack: true }))).toBe(toHex(input))
  })

  test('of an instance is certified without the certificate', () => {
    const instance = {
      instance: 'dd'.repeat(16) as InstanceId,
      name: 'n',
      host: 'h',
      user: 'u',
      publicKey: new Uint8Array(32),
      created: made,
    }
    const input = toHex(certificateInput(repository, instance))
    expect(toHex(certificateInput(repository, { ...instance, publicKey: new Uint8Array(32).fill(1) }))).not.toBe(input)
    expect(input).toContain(repository)
  })

  test('without the signature of its owner is refused', () => {
    const unsigned = encodeRecordBody('tombstones', { ...pointTombstone, ownerSignature: new Uint8Array(0) })
    expect(() => decodeRecordBody('tombstones', unsigned)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
  })

  test('that would name a slot by the uuid of a point is a bug', () => {
    const wrong = { ...pointTombstone, target: 'slot' as const, ownerSignature: new Uint8Array(64) }
    expect(() => encodeRecordBody('tombstones', wrong)).toThrow('a slot by its object id')
  })

  test('of one kind is refused as another', () => {
    const mark = encodeRecordBody('marks', { packs: ['ee'.repeat(32) as ObjectId], made })
    for (const kind of kinds.filter((other) => other !== 'marks')) {
      expect(() => decodeRecordBody(kind, mark)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
    }
  })
})

describe('the codec of point details', () => {
  test('gives back every detail that fits', () => {
    fc.assert(
      fc.property(anyDetail, (detail) => {
        expect(decodePointDetail(encodePointDetail(detail))).toEqual(detail)
      }),
      propertyOptions({ runs: 100 }),
    )
  })

  test('returns or refuses, whatever bytes it is given', () => {
    fc.assert(
      fc.property(
        anyDetail.chain((detail) => mutated(encodePointDetail(detail))),
        (bytes) => expectStrictDecoder(() => void decodePointDetail(bytes)),
      ),
      propertyOptions({ runs: 200 }),
    )
  })

  test('keeps the first omissions where there are too many, or too long ones', () => {
    const omissions = Array.from({ length: OMISSIONS_MAX + 1 }, (_, i) => {
      return { part: 'p', path: `${i}`, reason: 'r', bytes: i }
    })
    const detail = { host: 'h', user: 'u', sources: [], omissions }
    expect(decodePointDetail(encodePointDetail(detail)).omissions).toEqual(omissions.slice(0, OMISSIONS_MAX))

    const long = omissions.map((omission) => ({ ...omission, path: omission.path.padEnd(4000, 'x') }))
    const sources = long.map(({ path }) => path)
    const kept = decodePointDetail(encodePointDetail({ ...detail, sources, omissions: long }))
    expect(kept.sources.length).toBeGreaterThan(200)
    expect(kept.omissions.length).toBeGreaterThan(200)
    expect(kept.omissions).toEqual(long.slice(0, kept.omissions.length))
  })
})
