import { IntegrityError } from '../base/errors.ts'
import { BLOB_ID_BYTES, type BlobId } from '../base/ids.ts'
import { decodeList } from '../format/list-codec.ts'
import type { BlobType } from '../format/pack.ts'
import type { FileEntry } from '../format/tree.ts'
import type { BlobIndex } from '../repository/blob-index.ts'
import { blobNotIndexed } from '../repository/blob-missing.ts'

/** What a view needs of a repository: its index, and its blobs, read in bulk. */
export interface PointBlobs {
  readonly index: Pick<BlobIndex, 'find' | 'location'>
  /** Returns the plaintexts of blobs in the order of their ids; the caller owns them. */
  readAll(ids: readonly BlobId[], type: BlobType): Promise<Uint8Array[]>
}

/** Where the bytes of a file come from. */
export interface FileLayout {
  /** 32-byte ids of the file's data blobs, in order. */
  readonly ids: Uint8Array
  /** One more than there are blobs: blob i holds bytes [starts[i], starts[i + 1]) of the data, which has no holes. */
  readonly starts: Float64Array
  /** What of the file is not holes: ascending, apart. */
  readonly ranges: readonly DataRange[]
}

interface DataRange {
  /** Where it begins in the file. */
  readonly offset: number
  readonly length: number
  /** Where it begins in the data. */
  readonly start: number
}

/** What of a file says where its bytes are. */
export type FileContent = Pick<FileEntry, 'size' | 'content' | 'holes'>

/** Bytes of one blob that follow each other in the file, or a hole. */
export interface FilePiece {
  /** Which blob, or -1 for a hole. */
  readonly blob: number
  readonly blobOffset: number
  readonly offset: number
  readonly length: number
}

/** Returns id `i` of several that follow each other: a view. */
export function idAt(ids: Uint8Array, i: number): BlobId {
  return ids.subarray(i * BLOB_ID_BYTES, (i + 1) * BLOB_ID_BYTES) as BlobId
}

/** Returns single ids of several that follow each other: views. */
export function splitIds(ids: Uint8Array): BlobId[] {
  return Array.from({ length: ids.byteLength / BLOB_ID_BYTES }, (_, i) => idAt(ids, i))
}

/**
 * Finds out where the bytes of a file are, reading its lists but none of its data.
 *
 * @throws {IntegrityError} BLOB_MISSING: the index has not all of it; MALFORMED: blobs and holes do not make up its
 * size, or a list is none.
 */
export async function layoutOf(blobs: PointBlobs, file: FileContent): Promise<FileLayout> {
  let { ids } = file.content
  for (let level = file.content.level; level > 0; level--) ids = await expand(blobs, ids)
  const count = ids.byteLength / BLOB_ID_BYTES
  const starts = new Float64Array(count + 1)
  for (let i = 0; i < count; i++) starts[i + 1] = (starts[i] ?? 0) + blobLength(blobs.index, idAt(ids, i))
  const ranges = dataRanges(file)
  const last = ranges.at(-1)
  const dataBytes = last === undefined ? 0 : last.start + last.length
  if (starts[count] !== dataBytes) {
    throw new IntegrityError(
      'MALFORMED',
      `the blobs of a file hold ${starts[count] ?? 0} bytes where its size and holes say ${dataBytes}`,
      { hint: 'Run `tidemark check` to see what else is damaged.' },
    )
  }
  return { ids, starts, ranges }
}

async function expand(blobs: PointBlobs, lists: Uint8Array): Promise<Uint8Array> {
  const plain = await blobs.readAll(splitIds(lists), 'list')
  return new Uint8Array(Buffer.concat(plain.map(decodeList)))
}

function blobLength(index: PointBlobs['index'], id: BlobId): number {
  const entry = index.find(id)
  const location = entry < 0 ? undefined : index.location(entry)
  if (location !== undefined) return location.length
  throw blobNotIndexed(id)
}

function dataRanges({ size, holes }: FileContent): DataRange[] {
  const ranges: DataRange[] = []
  let start = 0
  let offset = 0
  const add = (end: number): void => {
    if (end > offset) ranges.push({ offset, length: end - offset, start })
    start += Math.max(0, end - offset)
  }
  for (const hole of holes) {
    add(hole.offset)
    offset = hole.offset + hole.length
  }
  add(size)
  return ranges
}

/** Returns the blob that holds byte `position` of the data, which lies inside it. */
function blobAt(starts: Float64Array, position: number): number {
  let low = 0
  let high = starts.length - 2
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((starts[middle] ?? 0) <= position) low = middle
    else high = middle - 1
  }
  return low
}

/** Yields bytes [offset, end) of the file in order, which lie inside it, piece by piece. */
export function* piecesOf(layout: FileLayout, { offset, end }: { offset: number; end: number }): Generator<FilePiece> {
  let position = offset
  for (let r = firstRangeAfter(layout.ranges, offset); position < end; r++) {
    const range = layout.ranges[r]
    const holeEnd = Math.min(end, range?.offset ?? end)
    if (holeEnd > position) {
      yield { blob: -1, blobOffset: 0, offset: position, length: holeEnd - position }
      position = holeEnd
    }
    if (range === undefined || position >= end) return
    const rangeEnd = Math.min(end, range.offset + range.length)
    let blob = blobAt(layout.starts, range.start + position - range.offset)
    for (; position < rangeEnd; blob++) {
      const dataPosition = range.start + position - range.offset
      const blobStart = layout.starts[blob] ?? 0
      const length = Math.min(rangeEnd - position, (layout.starts[blob + 1] ?? 0) - dataPosition)
      // A blob without bytes is legal nonsense.
      if (length === 0) continue
      yield { blob, blobOffset: dataPosition - blobStart, offset: position, length }
      position += length
    }
  }
}

function firstRangeAfter(ranges: readonly DataRange[], offset: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const range = ranges[middle]
    if (range !== undefined && range.offset + range.length <= offset) low = middle + 1
    else high = middle
  }
  return low
}
