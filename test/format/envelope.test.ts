import { fc } from '../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import type { InstanceId, RealmId, RepositoryId } from '../../src/base/ids.ts'
import {
  decodeEnvelopeHeader,
  decodeEnvelopeInner,
  encodeEnvelopeHeader,
  encodeEnvelopeInner,
  envelopeAad,
  signatureInput,
} from '../../src/format/envelope.ts'
import { RECORD_KINDS } from '../../src/format/records.ts'
import { expectStrictDecoder, mutated, propertyOptions } from './strict-decoder.ts'

const realm = '0102030405060708090a0b0c' as RealmId
const salt = new Uint8Array(32).fill(0x5a)
const repository = 'aa'.repeat(16) as RepositoryId
const header = encodeEnvelopeHeader({ kind: 'points', realm, generation: 1, salt })
const inner = {
  body: new Uint8Array([1, 2, 3]),
  signer: 'bb'.repeat(16) as InstanceId,
  signature: new Uint8Array(64).fill(4),
}

describe('the envelope', () => {
  test.each(RECORD_KINDS)('of %s comes back as it was', (kind) => {
    const bytes = encodeEnvelopeHeader({ kind, realm, generation: 0x01020304, salt })
    expect(bytes.byteLength).toBe(56)
    expect(decodeEnvelopeHeader(bytes)).toEqual({ kind, realm, generation: 0x01020304, salt })
  })

  test.each([
    ['another magic', 0, 0x55, 'MALFORMED'],
    ['a later version', 5, 2, 'UNSUPPORTED_VERSION'],
    ['another suite', 6, 0, 'UNSUPPORTED_VERSION'],
    ['kind 0', 7, 0, 'MALFORMED'],
    ['a kind beyond the last', 7, 10, 'MALFORMED'],
    ['generation 0', 20, 0, 'MALFORMED'],
  ])('with %s is refused', (_, at, value, code) => {
    expect(() => decodeEnvelopeHeader(header.with(at, value))).toThrow(expect.objectContaining({ code }))
  })

  test('cut short is refused', () => {
    expect(() => decodeEnvelopeHeader(header.subarray(1))).toThrow('55 bytes')
  })

  test('is authenticated together with its repository', () => {
    expect(toHex(envelopeAad({ header, repository }))).toBe(toHex(header) + repository)
  })

  test('gives back the record that it holds', () => {
    expect(decodeEnvelopeInner(encodeEnvelopeInner(inner))).toEqual(inner)
  })

  test('returns or refuses, whatever bytes it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), mutated(encodeEnvelopeInner(inner))), (bytes) => {
        expectStrictDecoder(() => {
          expect(toHex(encodeEnvelopeInner(decodeEnvelopeInner(bytes)))).toBe(toHex(bytes))
        })
        expectStrictDecoder(() => void decodeEnvelopeHeader(bytes))
      }),
      propertyOptions({ runs: 300 }),
    )
  })

  test('has signatures that hold for one kind, repository and body only', () => {
    const inputs = [
      signatureInput('points', repository, inner.body),
      signatureInput('notes', repository, inner.body),
      signatureInput('points', 'ab'.repeat(16) as RepositoryId, inner.body),
      signatureInput('points', repository, inner.body.subarray(1)),
    ]
    expect(new Set(inputs.map(toHex)).size).toBe(4)
  })
})
