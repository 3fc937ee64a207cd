import { fromHex, toHex } from '../../src/base/bytes.ts'
import type { CborValue } from '../../src/format/cbor.ts'
import { encodeCbor } from '../../src/format/cbor.ts'
import type { Json, VectorFile } from './vector-file.ts'
import { broken } from './vector-file.ts'

/** Returns a CBOR value as JSON that keeps its types apart. */
export function cborJson(value: CborValue): Json {
  if (typeof value === 'bigint') return { bigint: value.toString() }
  if (value instanceof Uint8Array) return { bytes: toHex(value) }
  if (value instanceof Map) {
    return { map: [...(value as ReadonlyMap<number | string, CborValue>)].map((pair) => pair.map(cborJson)) }
  }
  if (Array.isArray(value)) return (value as readonly CborValue[]).map(cborJson)
  return value as Json
}

const GOOD: Readonly<Record<string, readonly [description: string, value: CborValue]>> = {
  zero: ['The smallest integer.', 0],
  'one-byte-integer': ['The largest integer in the first byte.', 23],
  'two-byte-integer': ['The smallest integer that needs a second byte.', 24],
  'three-byte-integer': ['The smallest integer that needs two bytes after the first.', 256],
  'five-byte-integer': ['The smallest integer that needs four bytes after the first.', 65_536],
  'nine-byte-integer': ['The smallest integer that needs eight bytes after the first.', 2 ** 32],
  'largest-safe-integer': ['2^53 - 1.', Number.MAX_SAFE_INTEGER],
  'largest-integer': ['2^64 - 1.', 2n ** 64n - 1n],
  'minus-one': ['The negative integer with argument 0.', -1],
  'smallest-integer': ['-2^64.', -(2n ** 64n)],
  'byte-string': ['Bytes that are no text.', Uint8Array.of(0xff, 0x00, 0xfe)],
  text: ['Text beyond ASCII.', 'größe 🌊'],
  'simple-values': ['The three simple values.', [false, true, null]],
  'map-order': [
    'Keys in the bytewise order of their encodings: numbers, negative numbers, then texts with the shorter first.',
    new Map<number | string, CborValue>([
      [10, 'ten'],
      [256, 'more bytes'],
      [-1, 'negative'],
      ['b', 'short'],
      ['aa', 'long'],
    ]),
  ],
  'nested-32-deep': ['The deepest nesting.', nested(32)],
}

const BROKEN: Readonly<Record<string, string>> = {
  empty: '',
  'integer-not-shortest': '1817',
  'length-not-shortest': '580100',
  'indefinite-length': '5f4100ff',
  tag: 'c000',
  float: 'f93c00',
  undefined: 'f7',
  'keys-out-of-order': 'a202000100',
  'key-twice': 'a201000100',
  'key-of-another-type': 'a18000',
  'text-not-utf8': '61ff',
  'string-cut-short': '4200',
  'array-cut-short': '8200',
  'length-beyond-the-input': '5b001fffffffffffff',
  'bytes-after-the-end': '0000',
  'nested-33-deep': `${'81'.repeat(33)}00`,
}

export function generate(): VectorFile[] {
  const good = Object.entries(GOOD).map(([name, [description, value]]) => ({
    path: `cbor/${name}.json`,
    content: { description, value: cborJson(value), bytes: toHex(encodeCbor(value)) },
  }))
  const bad = Object.entries(BROKEN).map(([name, hex]) => {
    return broken(`cbor/${name}.json`, fromHex(hex) ?? new Uint8Array(), 'MALFORMED')
  })
  return [...good, ...bad]
}

function nested(depth: number): CborValue {
  return depth === 0 ? 0 : [nested(depth - 1)]
}
