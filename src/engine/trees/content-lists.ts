import { BLOB_ID_BYTES, type BlobId } from '../../base/ids.ts'
import type { Content } from '../../format/tree.ts'

/** Ids that stand in the entry itself. */
export const INLINE_IDS_MAX = 16
/** A list has at least so many ids, unless it is the last. */
const LIST_IDS_MIN = 512
const LIST_IDS_MAX = 4096
/** Of the ids after the least, one in so many ends a list. */
const LIST_CUT_ONE_IN = 1024

/**
 * Returns the content of a file with these data blobs, their ids in lists where they are many.
 *
 * Lists are cut where an id itself says so: a file that grew shares all lists but the last.
 * @see docs/format.md, "List"
 */
export async function contentOf(ids: Uint8Array, put: (list: Uint8Array) => Promise<BlobId>): Promise<Content> {
  let level = 0
  let current = ids
  while (current.byteLength > INLINE_IDS_MAX * BLOB_ID_BYTES) {
    const next: Uint8Array[] = []
    for (let start = 0; start < current.byteLength;) {
      const end = start + listBytes(current.subarray(start))
      next.push(await put(current.slice(start, end)))
      start = end
    }
    current = new Uint8Array(Buffer.concat(next))
    level++
  }
  return { level, ids: current }
}

function listBytes(ids: Uint8Array): number {
  const count = ids.byteLength / BLOB_ID_BYTES
  const limit = Math.min(count, LIST_IDS_MAX)
  for (let n = LIST_IDS_MIN; n < limit; n++) {
    const last = (n - 1) * BLOB_ID_BYTES
    const tail = (ids[last + 30] ?? 0) | ((ids[last + 31] ?? 0) << 8)
    if ((tail & (LIST_CUT_ONE_IN - 1)) === 0) return n * BLOB_ID_BYTES
  }
  return limit * BLOB_ID_BYTES
}
