import { fc } from '../support/fast-check.ts'
import { expect, test } from 'vitest'
import type { ObjectId } from '../../src/base/ids.ts'
import { decodeIndex, encodeIndex } from '../../src/format/index-codec.ts'
import type { IndexColumns } from '../../src/format/index-file.ts'
import { columnsOf, indexParts, type IndexPart, joinParts, uniteParts } from '../../src/repository/index-parts.ts'

/** Returns a pack of one frame that holds blobs of one byte each, named by numbers. */
function partOf(pack: number, blobs: readonly number[], level = 0): IndexPart {
  const ids = Buffer.alloc(blobs.length * 32)
  blobs.forEach((blob, i) => ids.writeUInt32BE(blob, i * 32))
  return {
    pack: {
      id: pack.toString(16).padStart(64, '0') as ObjectId,
      kind: 'data',
      salt: new Uint8Array(32).fill(pack),
      bytes: 10_000,
      generation: 1,
      level,
    },
    sealedWriterKey: new Uint8Array(1168).fill(pack % 3),
    frames: Uint32Array.of(1224, 500, blobs.length),
    blobIds: new Uint8Array(ids),
    blobs: Uint32Array.from(blobs.flatMap((_, i) => [0, i, 1])),
  }
}

/** Returns which blobs each pack of an index file holds, by their numbers. */
function contents(columns: IndexColumns): Record<string, number[]> {
  const found: Record<string, number[]> = {}
  for (const { pack, blobIds } of indexParts(columns)) {
    const ids = Buffer.from(blobIds)
    const blobs = Array.from({ length: ids.byteLength / 32 }, (_, i) => ids.readUInt32BE(i * 32))
    found[Number.parseInt(pack.id, 16)] = blobs.sort((a, b) => a - b)
  }
  return found
}

test('an index file taken apart and put together again is the same', () => {
  const columns = columnsOf([partOf(1, [5, 3, 9]), partOf(2, [4, 8], 7), partOf(4, [])])
  expect(decodeIndex(encodeIndex(columns))).toEqual(columns)
  expect(columnsOf(indexParts(columns))).toEqual(columns)
})

test('a blob that two packs hold: the pack that comes first stays, the other goes into another file', () => {
  const { columns, rest } = joinParts([partOf(1, [1, 2]), partOf(2, [2, 3]), partOf(3, [4])])
  expect(contents(columns)).toEqual({ 1: [1, 2], 3: [4] })
  expect(rest.map(({ pack }) => Number.parseInt(pack.id, 16))).toEqual([2])
  expect(contents(joinParts([partOf(1, [1, 2]), partOf(2, [2, 3], 1)]).columns)).toEqual({ 2: [2, 3] })
})

test('what two files say of one pack is put together', () => {
  const [united, ...others] = uniteParts([partOf(1, [1, 2]), partOf(1, [3]), partOf(1, [2])])
  expect(others).toEqual([])
  expect(contents(columnsOf([united!]))).toEqual({ 1: [1, 2, 3] })
})

test('however packs share blobs, all copies are in some file, and each file can be encoded', () => {
  const packs = fc.array(fc.tuple(fc.uniqueArray(fc.integer({ min: 0, max: 12 })), fc.integer({ min: 0, max: 2 })), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(packs, (described) => {
      const parts = described.map(([blobs, level], i) => partOf(i + 1, blobs, level))
      const found: Record<string, number[]> = {}
      let left: readonly IndexPart[] = parts
      let files = 0
      while (left.length > 0) {
        const { columns, rest } = joinParts(left)
        Object.assign(found, contents(decodeIndex(encodeIndex(columns))))
        expect(rest.length).toBeLessThan(left.length)
        left = rest
        files++
      }
      expect(files).toBeLessThanOrEqual(Math.max(1, parts.length))
      const expected = described.map(([blobs], i) => [`${i + 1}`, [...blobs].sort((a, b) => a - b)])
      expect(found).toEqual(Object.fromEntries(expected))
    }),
  )
})
