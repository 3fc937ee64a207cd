import { fc } from '../support/fast-check.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import type { IndexColumns } from '../../src/format/index-file.ts'

/** Returns a good index of two packs, three frames and four blobs, to be spoilt. */
export function smallIndex(): IndexColumns {
  const blobIds = new Uint8Array(4 * 32)
  for (let i = 0; i < 4; i++) blobIds.fill(i + 1, i * 32, i * 32 + 31)
  return {
    sealedWriterKeys: [new Uint8Array(1168).fill(0x51), new Uint8Array(1168).fill(0x52)],
    packs: [
      {
        id: '0a'.repeat(32) as ObjectId,
        kind: 'data',
        salt: new Uint8Array(32).fill(0x61),
        bytes: 5000,
        writerKey: 1,
        generation: 1,
        level: 0,
      },
      {
        id: '0b'.repeat(32) as ObjectId,
        kind: 'tree',
        salt: new Uint8Array(32).fill(0x62),
        bytes: 3000,
        writerKey: 0,
        generation: 2,
        level: 7,
      },
    ],
    framePacks: Uint32Array.of(0, 0, 1),
    frameOffsets: Uint32Array.of(1224, 2224, 1224),
    frameStoredBytes: Uint32Array.of(1000, 500, 700),
    frameRawBytes: Uint32Array.of(3000, 400, 1000),
    blobIds,
    blobFrames: Uint32Array.of(2, 0, 1, 0),
    blobOffsets: Uint32Array.of(0, 0, 0, 2000),
    blobLengths: Uint32Array.of(1000, 2000, 400, 1000),
  }
}

/** Indexes of one pack with frames of one blob, in any number. */
export const anyIndex: fc.Arbitrary<IndexColumns> = fc
  .array(fc.record({ storedBytes: fc.integer({ min: 17, max: 9000 }), length: fc.integer({ min: 1, max: 1 << 20 }) }), {
    maxLength: 20,
  })
  .map((frames) => {
    const { sealedWriterKeys, packs } = smallIndex()
    const offsets: number[] = []
    let end = 1224
    for (const { storedBytes } of frames) {
      offsets.push(end)
      end += storedBytes
    }
    return {
      sealedWriterKeys,
      packs: [{ ...packs[0]!, bytes: end + 29 }],
      framePacks: new Uint32Array(frames.length),
      frameOffsets: Uint32Array.from(offsets),
      frameStoredBytes: Uint32Array.from(frames, (frame) => frame.storedBytes),
      frameRawBytes: Uint32Array.from(frames, (frame) => frame.length),
      blobIds: Uint8Array.from({ length: frames.length * 32 }, (_, i) => (i % 32 === 0 ? i / 32 : 0x33)),
      blobFrames: Uint32Array.from(frames, (_, i) => frames.length - 1 - i),
      blobOffsets: new Uint32Array(frames.length),
      blobLengths: Uint32Array.from(frames, (frame) => frame.length).reverse(),
    }
  })
