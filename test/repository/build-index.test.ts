import { expect, test } from 'vitest'
import { decodeIndex, encodeIndex } from '../../src/format/index-codec.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import { PACK_HEADER_BYTES } from '../../src/format/pack.ts'
import { buildIndex } from '../../src/repository/build-index.ts'
import type { WrittenPack } from '../../src/repository/pack-writer.ts'
import { patternBytes } from '../support/pattern-bytes.ts'

const sealedWriterKey = patternBytes(1168, 1)

/** A pack of `frames` frames with `blobs` blobs each, of made-up content. */
function pack(seed: number, frames: number, blobs: number): WrittenPack {
  const rows: number[] = []
  let offset = PACK_HEADER_BYTES
  for (let frame = 0; frame < frames; frame++) {
    rows.push(offset, 100, blobs * 30, blobs)
    offset += 100
  }
  const count = frames * blobs
  return {
    sealedWriterKey,
    pack: {
      id: seed.toString(16).padStart(64, '0') as ObjectId,
      kind: 'data',
      salt: patternBytes(32, seed),
      bytes: offset + 200,
      generation: 1,
      level: seed % 3,
      writerKey: 0,
    },
    tables: {
      frames: Uint32Array.from(rows),
      blobIds: patternBytes(count * 32, seed + 100),
      blobTypes: new Uint8Array(count).fill(1),
      blobLengths: new Uint32Array(count).fill(30),
    },
  }
}

test('an index file says of every blob where it lies, sorted by id', () => {
  const written = [pack(1, 3, 4), pack(2, 1, 1), pack(3, 5, 7)]
  const columns = decodeIndex(encodeIndex(buildIndex(written)))
  expect(columns.packs.map(({ id }) => id)).toEqual(written.map((each) => each.pack.id))
  expect(columns.blobLengths).toHaveLength(48)
  const idAt = (row: number): Buffer => Buffer.from(columns.blobIds.subarray(row * 32, row * 32 + 32))
  for (let row = 1; row < 48; row++) expect(Buffer.compare(idAt(row - 1), idAt(row))).toBeLessThan(0)
  const rows = new Map(Array.from({ length: 48 }, (_, row) => [idAt(row).toString('hex'), row]))
  written.forEach(({ tables }, packAt) => {
    let blob = 0
    for (let at = 0; at < tables.frames.length; at += 4) {
      for (let i = 0; i < tables.frames[at + 3]!; i++, blob++) {
        const id = Buffer.from(tables.blobIds.subarray(blob * 32, blob * 32 + 32)).toString('hex')
        const row = rows.get(id)!
        const frame = columns.blobFrames[row]!
        expect(columns.framePacks[frame]).toBe(packAt)
        expect(columns.frameOffsets[frame]).toBe(tables.frames[at])
        expect(columns.blobOffsets[row]).toBe(i * 30)
      }
    }
  })
})

test('a blob that two packs hold stands there once, at one of its places', () => {
  const [one, other] = [pack(1, 1, 4), pack(2, 1, 4)]
  other.tables.blobIds.set(one.tables.blobIds.subarray(0, 32), 64)
  const columns = decodeIndex(encodeIndex(buildIndex([one, other])))
  expect(columns.blobLengths).toHaveLength(7)
})

test('an index of no packs is a bug', () => {
  expect(() => buildIndex([])).toThrow('names a pack at least')
})
