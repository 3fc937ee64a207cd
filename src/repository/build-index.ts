import { assert } from '../base/assert.ts'
import type { IndexColumns } from '../format/index-file.ts'
import { FRAME_COLUMNS } from '../format/pack.ts'
import { columnsOf, type IndexPart } from './index-parts.ts'
import type { WrittenPack } from './pack-writer.ts'

/**
 * Returns the index file of packs that one run wrote.
 *
 * Two threads may have stored one blob at the same moment: the index names it once.
 */
export function buildIndex(written: readonly WrittenPack[]): IndexColumns {
  assert(written.length > 0, 'an index file names a pack at least')
  return columnsOf(written.map(partOf))
}

function partOf({ pack, sealedWriterKey, tables }: WrittenPack): IndexPart {
  const { id, kind, salt, bytes, generation, level } = pack
  const { frames: rows, blobIds, blobLengths } = tables
  const count = rows.length / FRAME_COLUMNS
  const frames = new Uint32Array(count * 3)
  const blobs = new Uint32Array(blobLengths.length * 3)
  let blob = 0
  for (let frame = 0; frame < count; frame++) {
    const [offset = 0, storedBytes = 0, rawBytes = 0, blobCount = 0] = rows.subarray(frame * FRAME_COLUMNS)
    frames.set([offset, storedBytes, rawBytes], frame * 3)
    let start = 0
    for (const end = blob + blobCount; blob < end; blob++) {
      const length = blobLengths[blob] ?? 0
      blobs.set([frame, start, length], blob * 3)
      start += length
    }
  }
  return { pack: { id, kind, salt, bytes, generation, level }, sealedWriterKey, frames, blobIds, blobs }
}
