import { decode, encode, rfc8949EncodeOptions } from 'cborg'
import { fc } from '../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import type { CborValue } from '../../src/format/cbor.ts'
import { decodeCbor, encodeCbor } from '../../src/format/cbor.ts'
import { expectStrictDecoder, mutated, propertyOptions } from './strict-decoder.ts'

const { value: anyValue } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt(-(2n ** 64n), 2n ** 64n - 1n).map((n) => (Number.isSafeInteger(Number(n)) ? Number(n) : n)),
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 30 }),
    fc
      .array(fc.tuple(fc.oneof(fc.maxSafeInteger(), fc.string({ unit: 'grapheme' })), tie('value')), { maxLength: 30 })
      .map((pairs) => new Map(pairs)),
  ),
}))

function hex(text: string): Uint8Array {
  return fromHex(text.replaceAll(' ', ''))!
}

describe('the CBOR codec', () => {
  test('gives back every value it encoded', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decodeCbor(encodeCbor(value))).toEqual(value)
      }),
      propertyOptions({ runs: 500 }),
    )
  })

  test('agrees with an independent encoder and decoder', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const bytes = encodeCbor(value)
        expect(toHex(bytes)).toBe(toHex(encode(value, rfc8949EncodeOptions)))
        expect(decode(bytes, { strict: true, useMaps: true, rejectDuplicateMapKeys: true })).toEqual(value)
      }),
      propertyOptions({ runs: 500 }),
    )
  })

  test('accepts one encoding of a value only', () => {
    fc.assert(
      fc.property(
        anyValue.chain((value) => mutated(encodeCbor(value))),
        (bytes) => {
          expectStrictDecoder(() => {
            expect(toHex(encodeCbor(decodeCbor(bytes)))).toBe(toHex(bytes))
          })
        },
      ),
      propertyOptions({ runs: 1000 }),
    )
  })

  test.each([
    ['0', 0, '00'],
    ['23', 23, '17'],
    ['24', 24, '18 18'],
    ['255', 255, '18 ff'],
    ['256', 256, '19 01 00'],
    ['65536', 65536, '1a 00 01 00 00'],
    ['2^32', 2 ** 32, '1b 00 00 00 01 00 00 00 00'],
    ['2^53 - 1', 2 ** 53 - 1, '1b 00 1f ff ff ff ff ff ff'],
    ['2^53', 2n ** 53n, '1b 00 20 00 00 00 00 00 00'],
    ['2^64 - 1', 2n ** 64n - 1n, '1b ff ff ff ff ff ff ff ff'],
    ['-1', -1, '20'],
    ['-2^53 + 1', -(2 ** 53) + 1, '3b 00 1f ff ff ff ff ff fe'],
    ['-2^53', -(2n ** 53n), '3b 00 1f ff ff ff ff ff ff'],
    ['-2^64', -(2n ** 64n), '3b ff ff ff ff ff ff ff ff'],
  ])('writes %s in its shortest form', (_, value, bytes) => {
    expect(toHex(encodeCbor(value))).toBe(toHex(hex(bytes)))
    expect(decodeCbor(hex(bytes))).toBe(value)
  })

  test.each([
    ['a number in two bytes that fits one', '18 17'],
    ['a number in three bytes that fits two', '19 00 ff'],
    ['a number in five bytes that fits three', '1a 00 00 ff ff'],
    ['a number in nine bytes that fits five', '1b 00 00 00 00 ff ff ff ff'],
    ['a negative number that is not the shortest', '38 17'],
    ['a string length that is not the shortest', '58 01 00'],
    ['an indefinite byte string', '5f 41 00 ff'],
    ['an indefinite array', '9f 00 ff'],
    ['an indefinite map', 'bf ff'],
    ['a lone break', 'ff'],
    ['a reserved length', '1c'],
    ['a tag', 'c0 00'],
    ['a half float', 'f9 00 00'],
    ['a double', 'fb 00 00 00 00 00 00 00 00'],
    ['undefined', 'f7'],
    ['an unassigned simple value', 'f8 ff'],
    ['two equal keys', 'a2 01 00 01 00'],
    ['keys out of order', 'a2 02 00 01 00'],
    ['text keys out of order', 'a2 62 61 61 00 61 62 00'],
    ['a key that is an array', 'a1 80 00'],
    ['a key beyond 53 bits', 'a1 1b 00 20 00 00 00 00 00 00 00'],
    ['text that is not UTF-8', '61 ff'],
    ['an overlong UTF-8 sequence', '62 c0 80'],
    ['a surrogate in UTF-8', '63 ed a0 80'],
    ['nothing', ''],
    ['a byte string cut short', '42 00'],
    ['an array cut short', '82 00'],
    ['a byte after the end', '00 00'],
    ['a length far beyond the input', '5b 00 1f ff ff ff ff ff ff'],
    ['an array of 2^53 - 1 items', '9b 00 1f ff ff ff ff ff ff'],
    ['an array of 2^64 - 1 items', '9b ff ff ff ff ff ff ff ff'],
    ['33 nested arrays', `${'81'.repeat(33)}00`],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeCbor(hex(bytes))).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
  })

  test('follows 32 levels of nesting', () => {
    expect(toHex(encodeCbor(decodeCbor(hex(`${'81'.repeat(32)}00`))))).toBe(`${'81'.repeat(32)}00`)
  })

  test('keeps a byte order mark that starts a text', () => {
    expect(decodeCbor(encodeCbor('\ufeffx'))).toBe('\ufeffx')
  })

  test('reads text and bytes that lie in shared memory', () => {
    const bytes = encodeCbor(['größe', hex('0102')])
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
    shared.set(bytes)
    expect(decodeCbor(shared)).toEqual(['größe', hex('0102')])
  })

  test('treats what it cannot encode as a bug', () => {
    expect(() => encodeCbor(0.5)).toThrow('safe integer')
    expect(() => encodeCbor(2 ** 53)).toThrow('safe integer')
    expect(() => encodeCbor(2n ** 64n)).toThrow('64 bits')
    expect(() => encodeCbor('\ud800')).toThrow('well-formed')
  })

  test('respects the limits of its caller', () => {
    expect(() => decodeCbor(hex('82 00 00'), { bytesMax: 2 })).toThrow('3 bytes')
    expect(() => decodeCbor(hex('81 80'), { depthMax: 1 })).toThrow('deeply')
  })
})
