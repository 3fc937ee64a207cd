import { BLOB_ID_BYTES, type ObjectId } from '../base/ids.ts'
import { present } from '../base/assert.ts'
import type { IndexColumns, IndexedPack } from '../format/index-file.ts'

/** What an index file says of one pack. */
export interface IndexPart {
  readonly pack: Omit<IndexedPack, 'writerKey'>
  readonly sealedWriterKey: Uint8Array
  /** Three numbers a frame: offset, stored bytes, raw bytes. */
  readonly frames: Uint32Array
  /** 32 bytes a blob, in the order of `blobs`. */
  readonly blobIds: Uint8Array
  /** Three numbers a blob: frame of the pack, offset in its payload, length. */
  readonly blobs: Uint32Array
}

/** Numbers of a frame in `IndexPart.frames`, and of a blob in `IndexPart.blobs`. */
const WORDS = 3

/** Takes an index file apart, pack by pack. Ownership: blob ids and numbers are copies. */
export function indexParts(columns: IndexColumns): IndexPart[] {
  const { packs, framePacks, blobFrames } = columns
  const frameCounts = new Uint32Array(packs.length)
  const firstFrames = new Uint32Array(packs.length)
  framePacks.forEach((pack, frame) => {
    if (frameCounts[pack] === 0) firstFrames[pack] = frame
    frameCounts[pack] = (frameCounts[pack] ?? 0) + 1
  })
  const blobCounts = new Uint32Array(packs.length)
  for (const frame of blobFrames) blobCounts[framePacks[frame] ?? 0] = (blobCounts[framePacks[frame] ?? 0] ?? 0) + 1
  const parts = packs.map(({ writerKey, ...pack }, row): IndexPart => {
    const [first = 0, frames = 0, blobs = 0] = [firstFrames[row], frameCounts[row], blobCounts[row]]
    return {
      pack,
      sealedWriterKey: present(columns.sealedWriterKeys[writerKey], "a pack's writer key"),
      frames: frameRows(columns, first, frames),
      blobIds: new Uint8Array(blobs * BLOB_ID_BYTES),
      blobs: new Uint32Array(blobs * WORDS),
    }
  })
  const filled = new Uint32Array(packs.length)
  blobFrames.forEach((frame, blob) => {
    const row = framePacks[frame] ?? 0
    const part = present(parts[row], 'the pack of a frame')
    const to = filled[row] ?? 0
    filled[row] = to + 1
    part.blobIds.set(columns.blobIds.subarray(blob * BLOB_ID_BYTES, (blob + 1) * BLOB_ID_BYTES), to * BLOB_ID_BYTES)
    const first = firstFrames[row] ?? 0
    part.blobs.set([frame - first, columns.blobOffsets[blob] ?? 0, columns.blobLengths[blob] ?? 0], to * WORDS)
  })
  return parts
}

function frameRows(columns: IndexColumns, first: number, count: number): Uint32Array {
  const rows = new Uint32Array(count * WORDS)
  for (let i = 0; i < count; i++) {
    const frame = first + i
    rows[i * WORDS] = columns.frameOffsets[frame] ?? 0
    rows[i * WORDS + 1] = columns.frameStoredBytes[frame] ?? 0
    rows[i * WORDS + 2] = columns.frameRawBytes[frame] ?? 0
  }
  return rows
}

/**
 * Puts parts together that name each pack once. A blob stands once in an index file: parts of which another one holds a blob already
 * are returned for another file, so that no copy is forgotten. Of several, the first by level and id stays.
 */
export function joinParts(parts: readonly IndexPart[]): { columns: IndexColumns; rest: readonly IndexPart[] } {
  const ordered = parts.toSorted(({ pack: a }, { pack: b }) => b.level - a.level || (a.id < b.id ? -1 : 1))
  const rest = new Set<IndexPart>()
  for (const [earlier, later] of sharedBlobs(ordered)) if (!rest.has(earlier)) rest.add(later)
  return { columns: columnsOf(ordered.filter((part) => !rest.has(part))), rest: [...rest] }
}

/** Yields pairs of parts that hold the same blob, in the order of the later ones. */
function sharedBlobs(parts: readonly IndexPart[]): [IndexPart, IndexPart][] {
  const { ids, order, partOf } = sorted(parts)
  const pairs: [number, number][] = []
  for (let i = 1, first = 0; i < order.length; i++) {
    const isSame = compare(ids, order[first] ?? 0, order[i] ?? 0) === 0
    if (!isSame) first = i
    else for (let other = first; other < i; other++) pairs.push([partOf(order[other] ?? 0), partOf(order[i] ?? 0)])
  }
  pairs.sort((a, b) => a[1] - b[1])
  return pairs.map(([a, b]) => [present(parts[a], 'a part'), present(parts[b], 'a part')])
}

interface Sorted {
  /** Ids of all parts, one after the other. */
  readonly ids: Buffer
  /** Rows of `ids`: by id, then by part. */
  readonly order: Uint32Array
  readonly partOf: (row: number) => number
  /** Row of the first blob of each part. */
  readonly starts: readonly number[]
}

function sorted(parts: readonly IndexPart[]): Sorted {
  const ids = Buffer.concat(parts.map(({ blobIds }) => blobIds))
  const starts: number[] = []
  let count = 0
  const owners = new Uint32Array(ids.byteLength / BLOB_ID_BYTES)
  parts.forEach(({ blobIds }, part) => {
    starts.push(count)
    const end = count + blobIds.byteLength / BLOB_ID_BYTES
    owners.fill(part, count, end)
    count = end
  })
  // The first six bytes decide nearly always, and a number compares far faster than bytes.
  const heads = Float64Array.from({ length: count }, (_, row) => ids.readUIntBE(row * BLOB_ID_BYTES, 6))
  const order = Uint32Array.from({ length: count }, (_, row) => row)
  order.sort((a, b) => (heads[a] ?? 0) - (heads[b] ?? 0) || compare(ids, a, b) || a - b)
  return { ids, order, partOf: (row) => owners[row] ?? 0, starts }
}

function compare(ids: Buffer, a: number, b: number): number {
  const [from, other] = [a * BLOB_ID_BYTES, b * BLOB_ID_BYTES]
  return ids.compare(ids, other, other + BLOB_ID_BYTES, from, from + BLOB_ID_BYTES)
}

/** Returns the index file of packs. Of a blob that several of them hold, only the first one's copy is in it. */
export function columnsOf(parts: readonly IndexPart[]): IndexColumns {
  const writerKeys = new Map<string, number>()
  const sealedWriterKeys: Uint8Array[] = []
  const packs = parts.map(({ pack, sealedWriterKey }): IndexedPack => {
    const name = Buffer.from(sealedWriterKey).toString('latin1')
    const writerKey = writerKeys.get(name) ?? sealedWriterKeys.push(sealedWriterKey) - 1
    writerKeys.set(name, writerKey)
    return { ...pack, writerKey }
  })
  const firstFrames: number[] = []
  let frames = 0
  for (const part of parts) {
    firstFrames.push(frames)
    frames += part.frames.length / WORDS
  }
  const frameColumn = (word: number): Uint32Array => {
    const column = new Uint32Array(frames)
    parts.forEach((part, i) => {
      const first = firstFrames[i] ?? 0
      for (let row = 0; row < part.frames.length / WORDS; row++)
        column[first + row] = part.frames[row * WORDS + word] ?? 0
    })
    return column
  }
  const framePacks = new Uint32Array(frames)
  parts.forEach((part, i) => {
    const first = firstFrames[i] ?? 0
    framePacks.fill(i, first, first + part.frames.length / WORDS)
  })
  const { ids, order: all, partOf, starts } = sorted(parts)
  const order = all.filter((row, i) => i === 0 || compare(ids, row, all[i - 1] ?? 0) !== 0)
  const blobIds = new Uint8Array(order.length * BLOB_ID_BYTES)
  order.forEach((row, to) =>
    blobIds.set(ids.subarray(row * BLOB_ID_BYTES, (row + 1) * BLOB_ID_BYTES), to * BLOB_ID_BYTES),
  )
  const blobColumn = (word: number): Uint32Array =>
    order.map((row) => {
      const part = partOf(row)
      const value = parts[part]?.blobs[(row - (starts[part] ?? 0)) * WORDS + word] ?? 0
      return word === 0 ? value + (firstFrames[part] ?? 0) : value
    })
  return {
    sealedWriterKeys,
    packs,
    framePacks,
    frameOffsets: frameColumn(0),
    frameStoredBytes: frameColumn(1),
    frameRawBytes: frameColumn(2),
    blobIds,
    blobFrames: blobColumn(0),
    blobOffsets: blobColumn(1),
    blobLengths: blobColumn(2),
  }
}

/** Puts together what several files say of each pack: a pack that a file names may have blobs that another leaves out. */
export function uniteParts(parts: readonly IndexPart[]): IndexPart[] {
  const byPack = new Map<ObjectId, IndexPart>()
  for (const part of parts) {
    const other = byPack.get(part.pack.id)
    byPack.set(part.pack.id, other === undefined ? part : united(other, part))
  }
  return [...byPack.values()]
}

function united(a: IndexPart, b: IndexPart): IndexPart {
  const { ids, order, partOf, starts } = sorted([a, b])
  const unique = order.filter((row, i) => i === 0 || compare(ids, row, order[i - 1] ?? 0) !== 0)
  if (unique.length === a.blobs.length / WORDS) return a
  const blobIds = new Uint8Array(unique.length * BLOB_ID_BYTES)
  const blobs = new Uint32Array(unique.length * WORDS)
  unique.forEach((row, to) => {
    const part = partOf(row)
    const from = (row - (starts[part] ?? 0)) * WORDS
    blobIds.set(ids.subarray(row * BLOB_ID_BYTES, (row + 1) * BLOB_ID_BYTES), to * BLOB_ID_BYTES)
    blobs.set((part === 0 ? a : b).blobs.subarray(from, from + WORDS), to * WORDS)
  })
  return { ...a, blobIds, blobs }
}
