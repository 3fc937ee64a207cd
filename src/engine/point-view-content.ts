import { present } from '../base/assert.ts'
import { BLOB_BYTES_MAX } from '../base/limits.ts'
import { type FileLayout, type FilePiece, type PointBlobs, idAt, piecesOf } from './point-view-layout.ts'

/** Bytes read at once: the first are wanted soon, the later ones in bulk. */
const FIRST_BATCH_BYTES = BLOB_BYTES_MAX
const BATCH_BYTES = 8 << 20

/**
 * Yields bytes [offset, end) of a file in pieces of at most 2 MiB, holes as zeros. Pieces may share memory: nobody
 * changes them.
 *
 * Reads one batch of up to 8 MiB ahead of the consumer.
 */
export async function* readContent(
  blobs: PointBlobs,
  layout: FileLayout,
  range: { readonly offset: number; readonly end: number },
): AsyncGenerator<Uint8Array> {
  const batches = batchesOf(piecesOf(layout, range))
  let next = fetchBatch(blobs, layout, batches.next().value)
  for (;;) {
    const batch = await next
    if (batch === undefined) return
    next = fetchBatch(blobs, layout, batches.next().value)
    // Whoever stops listening must not leave a failure that nobody hears.
    next.catch(() => undefined)
    for (const piece of batch.pieces) {
      if (piece.blob < 0) yield* zeros(piece.length)
      else {
        const plain = present(batch.plain.get(piece.blob), 'a blob of this batch')
        yield plain.subarray(piece.blobOffset, piece.blobOffset + piece.length)
      }
    }
  }
}

interface Batch {
  readonly pieces: readonly FilePiece[]
  readonly plain: ReadonlyMap<number, Uint8Array>
}

async function fetchBatch(
  blobs: PointBlobs,
  layout: FileLayout,
  pieces: readonly FilePiece[] | undefined,
): Promise<Batch | undefined> {
  if (pieces === undefined) return undefined
  const wanted = [...new Set(pieces.filter(({ blob }) => blob >= 0).map(({ blob }) => blob))]
  const plain = await blobs.readAll(
    wanted.map((blob) => idAt(layout.ids, blob)),
    'data',
  )
  return { pieces, plain: new Map(wanted.map((blob, i) => [blob, present(plain[i], 'a blob that was read')])) }
}

function* batchesOf(pieces: Iterable<FilePiece>): Generator<readonly FilePiece[], undefined> {
  let batch: FilePiece[] = []
  let bytes = 0
  let bytesMax = FIRST_BATCH_BYTES
  for (const piece of pieces) {
    if (bytes > 0 && bytes + piece.length > bytesMax) {
      yield batch
      batch = []
      bytes = 0
      bytesMax = BATCH_BYTES
    }
    batch.push(piece)
    if (piece.blob >= 0) bytes += piece.length
  }
  if (batch.length > 0) yield batch
  return undefined
}

function* zeros(length: number): Generator<Uint8Array> {
  for (let left = length; left > 0; left -= BLOB_BYTES_MAX) yield new Uint8Array(Math.min(left, BLOB_BYTES_MAX))
}
