import { fc } from '../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import type { InstanceId, RepositoryId } from '../../src/base/ids.ts'
import { decodeCbor, encodeCbor } from '../../src/format/cbor.ts'
import {
  FOOTER_FRAME_NUMBER,
  FRAME_AAD_BYTES,
  FRAME_NONCE_BYTES,
  frameAad,
  frameNonce,
} from '../../src/format/frame.ts'
import {
  decodePackFooter,
  encodeFooterTables,
  encodePackFooter,
  footerSignatureInput,
} from '../../src/format/pack-footer-codec.ts'
import {
  decodePackHeader,
  decodePackTrailer,
  encodePackHeader,
  encodePackTrailer,
} from '../../src/format/pack-header-codec.ts'
import { packTablesProblem } from '../../src/format/pack-tables.ts'
import type { PackTables } from '../../src/format/pack.ts'
import { packFooter, packHeader } from './pack-arbitraries.ts'
import { expectStrictDecoder, mutated, propertyOptions } from './strict-decoder.ts'

const signature = new Uint8Array(64).fill(9)
const instance = '11'.repeat(16) as InstanceId

describe('the pack header', () => {
  test('is 1224 bytes and comes back as it was', () => {
    fc.assert(
      fc.property(packHeader, (header) => {
        const bytes = encodePackHeader(header)
        expect(bytes.byteLength).toBe(1224)
        expect(decodePackHeader(bytes)).toEqual(header)
      }),
      propertyOptions({ runs: 50 }),
    )
  })

  test.each([
    ['another magic', 0, 0x55, 'MALFORMED'],
    ['a later version', 5, 2, 'UNSUPPORTED_VERSION'],
    ['another suite', 6, 2, 'UNSUPPORTED_VERSION'],
    ['a reserved byte', 7, 1, 'MALFORMED'],
    ['generation 0', 20, 0, 'MALFORMED'],
  ])('with %s is refused', (_, at, value, code) => {
    const [header] = fc.sample(packHeader, { numRuns: 1, seed: 1 })
    const bytes = encodePackHeader({ ...header!, generation: 1 })
    bytes[at] = value
    expect(() => decodePackHeader(bytes)).toThrow(expect.objectContaining({ code }))
  })

  test('cut short is refused', () => {
    expect(() => decodePackHeader(new Uint8Array(1223))).toThrow('1223 bytes')
  })
})

describe('the pack trailer', () => {
  test('tells the size of the footer from the end of whatever is given', () => {
    const bytes = encodePackTrailer(12345)
    expect(bytes.byteLength).toBe(12)
    expect(decodePackTrailer(bytes)).toBe(12345)
    expect(decodePackTrailer(new Uint8Array([1, 2, 3, ...bytes]))).toBe(12345)
  })

  test('is refused with a wrong magic, cut short, or telling of an impossible footer', () => {
    const bytes = encodePackTrailer(12345)
    expect(() => decodePackTrailer(bytes.subarray(1))).toThrow('11 bytes')
    expect(() => decodePackTrailer(bytes.with(11, 0))).toThrow('magic')
    expect(() => decodePackTrailer(bytes.with(3, 0xff))).toThrow('footer of')
    expect(() => decodePackTrailer(bytes.with(0, 16).with(1, 0))).toThrow('footer of 16 bytes')
  })
})

describe('the pack footer', () => {
  test('comes back as it was, with the very bytes that were signed', () => {
    fc.assert(
      fc.property(packFooter, ({ framesEnd, ...footer }) => {
        const body = encodeFooterTables(footer)
        const decoded = decodePackFooter(encodePackFooter({ body, signature }), { framesEnd })
        expect(decoded).toEqual({ ...footer, body, signature })
      }),
      propertyOptions({ runs: 200 }),
    )
  })

  test('is refused or believed, whatever bytes it has', () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      packFooter.chain((footer) => mutated(encodePackFooter({ body: encodeFooterTables(footer), signature }))),
    )
    fc.assert(
      fc.property(hostile, (bytes) => {
        expectStrictDecoder(() => {
          const { tables, kind } = decodePackFooter(bytes, { framesEnd: 1e7 })
          expect(packTablesProblem({ tables, kind, framesEnd: 1e7 })).toBeUndefined()
        })
      }),
      propertyOptions({ runs: 500 }),
    )
  })

  const good: PackTables = {
    frames: Uint32Array.of(1224, 100, 30, 2, 1324, 50, 10, 1),
    blobIds: new Uint8Array(96),
    blobTypes: Uint8Array.of(1, 1, 1),
    blobLengths: Uint32Array.of(10, 20, 10),
  }

  test.each([
    ['a frame inside the header', { frames: good.frames.with(0, 1223) }],
    ['overlapping frames', { frames: good.frames.with(4, 1323) }],
    ['a gap between frames', { frames: good.frames.with(4, 1325).with(5, 49) }],
    ['a gap before the footer', { frames: good.frames.with(5, 49) }],
    ['a frame beyond the end', { frames: good.frames.with(5, 51) }],
    ['a frame shorter than a tag', { frames: good.frames.with(5, 16) }],
    ['a frame with more raw bytes than its blobs', { frames: good.frames.with(2, 31) }],
    ['fewer blobs than its frames name', { frames: good.frames.with(7, 2) }],
    ['more blobs than its frames name', { frames: good.frames.slice(0, 4) }],
    ['an empty blob', { blobLengths: Uint32Array.of(0, 30, 10) }],
    ['a blob above the bound', { blobLengths: good.blobLengths.with(2, (2 << 20) + 1) }],
    ['an unknown blob type', { blobTypes: Uint8Array.of(1, 5, 1) }],
    ['a tree blob in a data pack', { blobTypes: Uint8Array.of(1, 2, 1) }],
    ['a column cut short', { blobTypes: Uint8Array.of(1, 1) }],
  ])('with %s is refused', (_, changes) => {
    const tables = { ...good, ...changes }
    const column = (numbers: Uint32Array): Uint8Array => new Uint8Array(numbers.buffer)
    const body = encodeCbor([
      new Uint8Array(16),
      1,
      column(tables.frames),
      tables.blobIds,
      tables.blobTypes,
      column(tables.blobLengths),
      new Map(),
    ])
    const bytes = encodePackFooter({ body, signature })
    expect(() => decodePackFooter(bytes, { framesEnd: 1374 })).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
    expect(packTablesProblem({ tables: good, kind: 'data', framesEnd: 1374 })).toBeUndefined()
  })

  test('that a writer contradicts itself in is a bug', () => {
    const tables = { ...good, blobLengths: Uint32Array.of(10, 20, 11) }
    expect(() => encodeFooterTables({ instance, kind: 'data', level: 0, tables })).toThrow('do not fill it')
  })

  test('keeps extensions of later versions under the signature', () => {
    const body = decodeCbor(encodeFooterTables({ instance, kind: 'data', level: 0, tables: good })) as unknown[]
    const later = encodeCbor([...body.slice(0, -1), new Map([[2, 'more']])] as Parameters<typeof encodeCbor>[0])
    const decoded = decodePackFooter(encodePackFooter({ body: later, signature }), { framesEnd: 1374 })
    expect(decoded.tables).toEqual(good)
    expect(toHex(decoded.body)).toBe(toHex(later))
  })

  test('is signed together with its repository and header', () => {
    const body = encodeFooterTables({ instance, kind: 'data', level: 0, tables: good })
    const header = new Uint8Array(1224)
    const repository = '22'.repeat(16) as RepositoryId
    const input = toHex(footerSignatureInput({ repository, header, body }))
    expect(input).toContain(repository)
    expect(input.endsWith(toHex(header) + toHex(body))).toBe(true)
    expect(toHex(footerSignatureInput({ repository, header: header.with(3, 1), body }))).not.toBe(input)
  })
})

describe('a frame', () => {
  test('has its number as nonce, little-endian', () => {
    const nonce = new Uint8Array(FRAME_NONCE_BYTES).fill(0xff)
    frameNonce(nonce, 0x01020304)
    expect(toHex(nonce)).toBe('040302010000000000000000')
  })

  test('is bound to its repository, kind and number', () => {
    const aad = new Uint8Array(FRAME_AAD_BYTES)
    const repository = new Uint8Array(16).fill(0xab)
    frameAad(aad, { repository, kind: 'data', number: 258 })
    expect(toHex(aad)).toBe(`${'ab'.repeat(16)}0102010000`)
    frameAad(aad, { repository, kind: 'footer', number: FOOTER_FRAME_NUMBER })
    expect(toHex(aad)).toBe(`${'ab'.repeat(16)}02ffffffff`)
  })

  test('of data never takes the number of the footer', () => {
    const aad = new Uint8Array(FRAME_AAD_BYTES)
    const repository = new Uint8Array(16)
    expect(() => frameAad(aad, { repository, kind: 'data', number: FOOTER_FRAME_NUMBER })).toThrow('last frame number')
    expect(() => frameAad(aad, { repository, kind: 'footer', number: 0 })).toThrow('last frame number')
  })
})
