import type { ByteString } from '../../base/byte-string.ts'
import type { TidemarkError } from '../../base/errors.ts'
import { BLOB_ID_BYTES, type BlobId } from '../../base/ids.ts'
import type { FileEntry } from '../../format/tree.ts'
import { type FileLayout, type FilePiece, idAt } from '../point-view-layout.ts'
import type { PlanStep } from './plan-step.ts'
import type { WAY_AS_IS, WAY_CREATE, WAY_IN_PLACE, WAY_REPLACE } from './restore-job.ts'

/** A file on its way to the target. */
export interface RestoreFile {
  readonly step: PlanStep
  readonly entry: FileEntry
  readonly way: typeof WAY_CREATE | typeof WAY_REPLACE | typeof WAY_IN_PLACE | typeof WAY_AS_IS
  /** The name that it is written under first, where it replaces something. */
  readonly temporaryName: ByteString | undefined
  /** `undefined` where it is simple: one blob that holds all of it, or none. */
  readonly layout: FileLayout | undefined
  /** Set for the first reason why it cannot be restored. */
  problem: TidemarkError | undefined
  /** Several jobs write to it, and this thread has made it ready. */
  isShared: boolean
  /** It stands in the progress already. */
  isCounted: boolean
  /** Bytes of it that were compared with the point. */
  bytesVerified: number
}

/** Returns how many data blobs make up a file. */
export function blobCountOf({ layout, entry }: RestoreFile): number {
  if (layout === undefined) return entry.size === 0 ? 0 : 1
  return layout.starts.length - 1
}

/** Returns the id of blob `blob` of a file: a view. */
export function blobIdOf({ layout, entry }: RestoreFile, blob: number): BlobId {
  return layout === undefined ? (entry.content.ids as BlobId) : idAt(layout.ids, blob)
}

/** Returns how many bytes blob `blob` of a file has. */
export function blobLengthOf({ layout, entry }: RestoreFile, blob: number): number {
  return layout === undefined ? entry.size : (layout.starts[blob + 1] ?? 0) - (layout.starts[blob] ?? 0)
}

/** Returns where the bytes of blob `blob` go, in order; several pieces where holes part them. */
export function piecesOfBlob(layout: FileLayout, blob: number): FilePiece[] {
  const [from = 0, end = 0] = [layout.starts[blob], layout.starts[blob + 1]]
  if (end === from) return []
  const [only] = layout.ranges
  if (layout.ranges.length === 1 && only !== undefined) {
    return [{ blob, blobOffset: 0, offset: only.offset + from, length: end - from }]
  }
  const pieces: FilePiece[] = []
  for (let r = rangeOf(layout, from); r < layout.ranges.length; r++) {
    const range = layout.ranges[r]
    if (range === undefined || range.start >= end) break
    const start = Math.max(from, range.start)
    const length = Math.min(end, range.start + range.length) - start
    pieces.push({ blob, blobOffset: start - from, offset: range.offset + start - range.start, length })
  }
  return pieces
}

/** Returns the range of the file that holds byte `position` of its data. */
function rangeOf({ ranges }: FileLayout, position: number): number {
  let low = 0
  let high = ranges.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((ranges[middle]?.start ?? 0) <= position) low = middle
    else high = middle - 1
  }
  return low
}

/** Tells whether a file has one blob or none and no holes: where its bytes lie then needs no look into the index. */
export function isSimple({ content, holes, size }: FileEntry): boolean {
  if (content.level !== 0 || content.ids.byteLength > BLOB_ID_BYTES || holes.length > 0) return false
  return (content.ids.byteLength === 0) === (size === 0)
}
