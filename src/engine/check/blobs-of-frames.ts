import { IntegrityError, isNotFound } from '../../base/errors.ts'
import { BLOB_ID_BYTES } from '../../base/ids.ts'
import type { IndexColumns } from '../../format/index-file.ts'
import type { PackRow } from '../../repository/pack-table.ts'
import type { Repository } from '../../repository/repository.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'

/**
 * Returns the blobs that the index has in some frames of a pack, for when its footer does not tell: 32-byte ids, one after
 * the other. None where no index file that names the pack can be read any more.
 *
 * Reads one of those files again: in memory there are no whole ids.
 * @param frames numbers within the pack.
 * @throws {StorageError} the store does not answer.
 */
export async function blobsOfFrames(
  { records }: Repository,
  { packs }: RepositoryIndex,
  { row, frames }: { readonly row: number; readonly frames: ReadonlySet<number> },
): Promise<Uint8Array> {
  for (const id of packs.namedBy(row)) {
    try {
      return idsIn((await records.get('index', id)).record, packs.row(row), frames)
    } catch (error) {
      if (!(error instanceof IntegrityError || isNotFound(error))) throw error
    }
  }
  return new Uint8Array()
}

function idsIn(columns: IndexColumns, { id }: PackRow, frames: ReadonlySet<number>): Uint8Array {
  const { packs, framePacks, blobFrames, blobIds } = columns
  const pack = packs.findIndex((other) => other.id === id)
  const firstFrame = framePacks.indexOf(pack)
  const found: Uint8Array[] = []
  for (const [blob, frame] of blobFrames.entries()) {
    if (framePacks[frame] !== pack || !frames.has(frame - firstFrame)) continue
    found.push(blobIds.subarray(blob * BLOB_ID_BYTES, (blob + 1) * BLOB_ID_BYTES))
  }
  return new Uint8Array(Buffer.concat(found))
}
