import { fc } from '../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { indexProblem } from '../../src/format/index-check.ts'
import { decodeIndex, encodeIndex } from '../../src/format/index-codec.ts'
import type { IndexColumns } from '../../src/format/index-file.ts'
import { anyIndex, smallIndex } from './index-samples.ts'
import { expectStrictDecoder, mutated, propertyOptions } from './strict-decoder.ts'

const good = smallIndex()

describe('the index codec', () => {
  test('gives back every index it encoded', () => {
    expect(decodeIndex(encodeIndex(good))).toEqual(good)
    fc.assert(
      fc.property(anyIndex, (columns) => {
        expect(decodeIndex(encodeIndex(columns))).toEqual(columns)
      }),
      propertyOptions({ runs: 100 }),
    )
  })

  test('reads from any alignment, and what it returns is its own', () => {
    const bytes = encodeIndex(good)
    const shifted = new Uint8Array(bytes.byteLength + 1)
    shifted.set(bytes, 1)
    const columns = decodeIndex(shifted.subarray(1))
    shifted.fill(0)
    expect(columns).toEqual(good)
  })

  test('returns or refuses, whatever bytes it is given', () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      mutated(encodeIndex(good)),
      anyIndex.chain((columns) => mutated(encodeIndex(columns))),
    )
    fc.assert(
      fc.property(hostile, (bytes) => {
        expectStrictDecoder(() => {
          expect(indexProblem(decodeIndex(bytes))).toBeUndefined()
        })
      }),
      propertyOptions({ runs: 500 }),
    )
  })

  test.each([
    ['a pack twice', { packs: [good.packs[0]!, good.packs[0]!] }],
    ['a pack above the bound', { packs: good.packs.map((pack) => ({ ...pack, bytes: (64 << 20) + 1 })) }],
    ['a pack too small to be one', { packs: good.packs.map((pack) => ({ ...pack, bytes: 1252 })) }],
    ['a writer key that is not there', { packs: good.packs.map((pack) => ({ ...pack, writerKey: 2 })) }],
    ['generation 0', { packs: good.packs.map((pack) => ({ ...pack, generation: 0 })) }],
    ['a frame of a pack that is not there', { framePacks: good.framePacks.with(2, 2) }],
    ['frames not in the order of their packs', { framePacks: good.framePacks.with(0, 1) }],
    ['overlapping frames', { frameOffsets: good.frameOffsets.with(1, 2223) }],
    ['a gap between frames', { frameOffsets: good.frameOffsets.with(1, 2225) }],
    ['a frame inside the header', { frameOffsets: good.frameOffsets.with(0, 1223) }],
    ['a frame beyond its pack', { frameStoredBytes: good.frameStoredBytes.with(1, 2748) }],
    ['a frame that decodes to too much', { frameRawBytes: good.frameRawBytes.with(0, (4 << 20) + 1) }],
    ['columns of frames that differ in length', { frameRawBytes: good.frameRawBytes.slice(1) }],
    ['a blob of a frame that is not there', { blobFrames: good.blobFrames.with(0, 3) }],
    ['a blob beyond its frame', { blobOffsets: good.blobOffsets.with(3, 2001) }],
    ['an empty blob', { blobLengths: good.blobLengths.with(0, 0) }],
    ['blobs out of order', { blobIds: good.blobIds.with(0, 3) }],
    ['a blob twice', { blobIds: good.blobIds.slice().copyWithin(32, 0, 32) }],
    ['columns of blobs that differ in length', { blobLengths: good.blobLengths.slice(1) }],
  ] as [string, Partial<IndexColumns>][])('finds %s', (_, changes) => {
    expect(indexProblem(good)).toBeUndefined()
    const spoilt = { ...good, ...changes }
    expect(indexProblem(spoilt)).toBeTypeOf('string')
    expect(() => encodeIndex(spoilt)).toThrow()
  })

  test('checks what it read', () => {
    // The last blob's offset is the only 2000 (d0 07 00 00) of the encoding that follows another zero offset.
    const bytes = Buffer.from(encodeIndex(good))
    const at = bytes.lastIndexOf(Buffer.of(0, 0, 0, 0, 0xd0, 0x07, 0, 0)) + 4
    bytes[at] = 0xd1
    expect(() => decodeIndex(bytes)).toThrow('beyond the end of its frame')
  })
})
