import { assert } from '../base/assert.ts'
import { BLOB_ID_BYTES, hexId, idBytes, OBJECT_ID_BYTES } from '../base/ids.ts'
import { INDEX_BLOBS_MAX, INDEX_BYTES_MAX } from '../base/limits.ts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import { readExtensions } from './extensions.ts'
import { indexProblem } from './index-check.ts'
import type { IndexColumns, IndexedPack } from './index-file.ts'
import { PACK_KIND_NUMBERS, PACK_SALT_BYTES, packKindOf, SEALED_WRITER_KEY_BYTES } from './pack.ts'
import { bytesOfU32s, u32sOfBytes } from './u32-column.ts'

const INDEX_ITEMS = 16
/** Key of the extension that holds the levels of the packs; absent when all of them are 0. */
const LEVELS = 1

/**
 * Returns the bytes of an index file, to be sealed as a record of kind `index`.
 *
 * Ownership: freshly allocated. Columns that contradict themselves are an assertion failure.
 * @see docs/format.md, "Index"
 */
export function encodeIndex(columns: IndexColumns): Uint8Array {
  const problem = indexProblem(columns)
  assert(problem === undefined, problem ?? '')
  const { packs } = columns
  const packBytes =
    columns.sealedWriterKeys.length * SEALED_WRITER_KEY_BYTES + packs.length * (OBJECT_ID_BYTES + PACK_SALT_BYTES + 17)
  const rowBytes = columns.framePacks.byteLength * 4 + columns.blobLengths.byteLength * 3 + columns.blobIds.byteLength
  const writer = new CborWriter(packBytes + rowBytes + 256)
  writer.writeArrayHeader(INDEX_ITEMS)
  writer.writeBytes(Buffer.concat(columns.sealedWriterKeys))
  writer.writeBytes(Buffer.concat(packs.map((pack) => idBytes(pack.id))))
  writer.writeBytes(Uint8Array.from(packs, (pack) => PACK_KIND_NUMBERS[pack.kind]))
  writer.writeBytes(Buffer.concat(packs.map((pack) => pack.salt)))
  writer.writeBytes(bytesOfU32s(Uint32Array.from(packs, (pack) => pack.bytes)))
  writer.writeBytes(bytesOfU32s(Uint32Array.from(packs, (pack) => pack.writerKey)))
  writer.writeBytes(bytesOfU32s(Uint32Array.from(packs, (pack) => pack.generation)))
  writer.writeBytes(bytesOfU32s(columns.framePacks))
  writer.writeBytes(bytesOfU32s(columns.frameOffsets))
  writer.writeBytes(bytesOfU32s(columns.frameStoredBytes))
  writer.writeBytes(bytesOfU32s(columns.frameRawBytes))
  writer.writeBytes(columns.blobIds)
  writer.writeBytes(bytesOfU32s(columns.blobFrames))
  writer.writeBytes(bytesOfU32s(columns.blobOffsets))
  writer.writeBytes(bytesOfU32s(columns.blobLengths))
  writeLevels(writer, packs)
  return writer.bytes()
}

function writeLevels(writer: CborWriter, packs: readonly IndexedPack[]): void {
  const areSpeltOut = packs.some(({ level }) => level > 0)
  writer.writeMapHeader(areSpeltOut ? 1 : 0)
  if (!areSpeltOut) return
  writer.writeUint(LEVELS)
  writer.writeBytes(bytesOfU32s(Uint32Array.from(packs, ({ level }) => level)))
}

/**
 * Returns the columns that an index file holds, each checked against all it refers to.
 *
 * Ownership: copies, aligned, little-endian numbers turned into the machine's.
 * @throws {IntegrityError} MALFORMED
 * @see docs/format.md, "Index"
 */
export function decodeIndex(bytes: Uint8Array): IndexColumns {
  const reader = new CborReader(bytes, 'index')
  if (bytes.byteLength > INDEX_BYTES_MAX) throw reader.malformed(`it has ${bytes.byteLength} bytes`)
  reader.readArrayHeader(INDEX_ITEMS, INDEX_ITEMS)
  const sealedWriterKeys = split(readColumn(reader, SEALED_WRITER_KEY_BYTES), SEALED_WRITER_KEY_BYTES)
  const unlevelled = readPacks(reader)
  const framePacks = u32sOfBytes(readColumn(reader, 4))
  const frameColumn = (): Uint32Array => u32sOfBytes(reader.readBytesExactly(framePacks.byteLength))
  const frameOffsets = frameColumn()
  const frameStoredBytes = frameColumn()
  const frameRawBytes = frameColumn()
  const ids = readColumn(reader, BLOB_ID_BYTES)
  const blobCount = ids.byteLength / BLOB_ID_BYTES
  if (blobCount > INDEX_BLOBS_MAX) throw reader.malformed(`it has ${blobCount} blobs`)
  const blobColumn = (): Uint32Array => u32sOfBytes(reader.readBytesExactly(blobCount * 4))
  const columns: Omit<IndexColumns, 'packs'> = {
    sealedWriterKeys,
    framePacks,
    frameOffsets,
    frameStoredBytes,
    frameRawBytes,
    blobIds: new Uint8Array(ids),
    blobFrames: blobColumn(),
    blobOffsets: blobColumn(),
    blobLengths: blobColumn(),
  }
  const levels = readLevels(reader, unlevelled.length)
  const index = { ...columns, packs: unlevelled.map((pack, i) => ({ ...pack, level: levels?.[i] ?? 0 })) }
  reader.expectEnd()
  const problem = indexProblem(index)
  if (problem !== undefined) throw reader.malformed(problem)
  return index
}

function readLevels(reader: CborReader, packs: number): Uint32Array | undefined {
  let levels: Uint32Array | undefined
  readExtensions(reader, {
    [LEVELS]: () => {
      levels = u32sOfBytes(reader.readBytesExactly(packs * 4))
      if (!levels.some((level) => level > 0)) throw reader.malformed('it spells out that all levels are 0')
    },
  })
  return levels
}

function readPacks(reader: CborReader): Omit<IndexedPack, 'level'>[] {
  const ids = split(readColumn(reader, OBJECT_ID_BYTES), OBJECT_ID_BYTES)
  const count = ids.length
  const kinds = reader.readBytesExactly(count)
  const salts = split(reader.readBytesExactly(count * PACK_SALT_BYTES), PACK_SALT_BYTES)
  const packColumn = (): Uint32Array => u32sOfBytes(reader.readBytesExactly(count * 4))
  const sizes = packColumn()
  const writerKeys = packColumn()
  const generations = packColumn()
  return ids.map((id, i) => {
    const kind = packKindOf(kinds[i] ?? 0)
    if (kind === undefined) throw reader.malformed('a pack is of an unknown kind')
    return {
      id: hexId(id),
      kind,
      salt: salts[i] ?? new Uint8Array(),
      bytes: sizes[i] ?? 0,
      writerKey: writerKeys[i] ?? 0,
      generation: generations[i] ?? 0,
    }
  })
}

/** Reads a byte string of whole rows of `rowBytes` bytes. Ownership: a view. */
function readColumn(reader: CborReader, rowBytes: number): Uint8Array {
  const column = reader.readBytes()
  if (column.byteLength % rowBytes !== 0) throw reader.malformed('a column is cut short')
  return column
}

function split(column: Uint8Array, rowBytes: number): Uint8Array[] {
  return Array.from({ length: column.byteLength / rowBytes }, (_, i) => {
    return new Uint8Array(column.subarray(i * rowBytes, (i + 1) * rowBytes))
  })
}
