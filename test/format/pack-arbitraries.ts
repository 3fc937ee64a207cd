import { fc } from '../support/fast-check.ts'
import type { InstanceId, RealmId } from '../../src/base/ids.ts'
import { hexId } from '../../src/base/ids.ts'
import type { PackFooterBody, PackHeader, PackKind, PackTables } from '../../src/format/pack.ts'
import { PACK_HEADER_BYTES } from '../../src/format/pack.ts'

export function bytesOfLength(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length })
}

export const packHeader: fc.Arbitrary<PackHeader> = fc.record({
  realm: bytesOfLength(12).map((bytes) => hexId<RealmId>(bytes)),
  generation: fc.integer({ min: 1, max: 0xffff_ffff }),
  sealedWriterKey: bytesOfLength(1168),
  salt: bytesOfLength(32),
})

const plannedFrame = fc.record({
  storedBytes: fc.integer({ min: 17, max: 2 ** 20 }),
  lengths: fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 5 }),
})

export const packFooter: fc.Arbitrary<PackFooterBody & { framesEnd: number }> = fc
  .record({
    kind: fc.constantFrom<PackKind>('data', 'tree'),
    instance: bytesOfLength(16).map((bytes) => hexId<InstanceId>(bytes)),
    level: fc.integer({ min: 0, max: 0xffff_ffff }),
    frames: fc.array(plannedFrame, { maxLength: 6 }),
    seed: bytesOfLength(32),
  })
  .map(({ kind, instance, level, frames, seed }) => {
    const rows: number[] = []
    const lengths: number[] = []
    let end = PACK_HEADER_BYTES
    for (const { storedBytes, lengths: own } of frames) {
      const offset = end
      end = offset + storedBytes
      rows.push(
        offset,
        storedBytes,
        own.reduce((a, b) => a + b, 0),
        own.length,
      )
      lengths.push(...own)
    }
    const tables: PackTables = {
      frames: Uint32Array.from(rows),
      blobIds: Uint8Array.from({ length: lengths.length * 32 }, (_, i) => (seed[i % 32]! + i) & 0xff),
      blobTypes: Uint8Array.from(lengths, (_, i) => (kind === 'data' ? 1 : 2 + (i % 3))),
      blobLengths: Uint32Array.from(lengths),
    }
    return { kind, instance, level, tables, framesEnd: end }
  })
