import { assert } from '../base/assert.ts'
import type { ByteString } from '../base/byte-string.ts'
import { BLOB_BYTES_MAX, PATH_BYTES_MAX } from '../base/limits.ts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import { skipExtensions } from './extensions.ts'
import { LABEL_BYTES_MAX, readItems, writeBoundedText } from './record-fields.ts'
import type { Omission, PointDetail } from './records.ts'

const DETAIL_ITEMS = 5
const SOURCES_MAX = 65_536
export const OMISSIONS_MAX = 10_000
/** A path below a part may be as long as its source's and its own together. */
const LONG_PATH_BYTES_MAX = 2 * PATH_BYTES_MAX
/** Sources may fill half of the blob, so that omissions find room. */
const SOURCES_BYTES_MAX = BLOB_BYTES_MAX / 2
/** Room for the heads and the rest. */
const SPARE_BYTES = 4096

/**
 * Returns the plaintext of a point's `detail` blob, freshly allocated.
 *
 * It holds the first sources and omissions that fit a blob; the point record has the complete counts.
 * @see docs/format.md, "Point detail"
 */
export function encodePointDetail(detail: PointDetail): Uint8Array {
  const sources = new CborWriter()
  const sourcesCount = writeWhileFitting(detail.sources.slice(0, SOURCES_MAX), {
    writer: sources,
    bytesMax: SOURCES_BYTES_MAX,
    write: (source) => writePath(sources, source),
  })
  const omissions = new CborWriter()
  const omissionsCount = writeWhileFitting(detail.omissions.slice(0, OMISSIONS_MAX), {
    writer: omissions,
    bytesMax: BLOB_BYTES_MAX - sources.length - SPARE_BYTES,
    write: (omission) => writeOmission(omissions, omission),
  })
  const writer = new CborWriter(sources.length + omissions.length + SPARE_BYTES)
  writer.writeArrayHeader(DETAIL_ITEMS)
  writeBoundedText(writer, detail.host)
  writeBoundedText(writer, detail.user)
  writer.writeArrayHeader(sourcesCount)
  writer.raw(sources.view())
  writer.writeArrayHeader(omissionsCount)
  writer.raw(omissions.view())
  writer.writeMapHeader(0)
  assert(writer.length <= BLOB_BYTES_MAX, 'a detail fits a blob')
  return writer.bytes()
}

/**
 * Returns the detail that a blob's plaintext encodes.
 *
 * @throws {IntegrityError} MALFORMED
 * @see docs/format.md, "Point detail"
 */
export function decodePointDetail(bytes: Uint8Array): PointDetail {
  const reader = new CborReader(bytes, 'point detail')
  if (bytes.byteLength > BLOB_BYTES_MAX) throw reader.malformed(`it has ${bytes.byteLength} bytes`)
  reader.readArrayHeader(DETAIL_ITEMS, DETAIL_ITEMS)
  const detail: PointDetail = {
    host: reader.readText(LABEL_BYTES_MAX),
    user: reader.readText(LABEL_BYTES_MAX),
    sources: readItems(reader, SOURCES_MAX, () => reader.readByteString(LONG_PATH_BYTES_MAX)),
    omissions: readItems(reader, OMISSIONS_MAX, () => readOmission(reader)),
  }
  skipExtensions(reader)
  reader.expectEnd()
  return detail
}

interface Fitting<Item> {
  readonly writer: CborWriter
  readonly bytesMax: number
  readonly write: (item: Item) => void
}

/** Writes items until the next might not fit, and returns how many it wrote. */
function writeWhileFitting<Item>(items: readonly Item[], { writer, bytesMax, write }: Fitting<Item>): number {
  let count = 0
  for (const item of items) {
    if (writer.length + LONG_PATH_BYTES_MAX + SPARE_BYTES > bytesMax) break
    write(item)
    count++
  }
  return count
}

function writePath(writer: CborWriter, path: string): void {
  // A path beyond the bound is told by its start rather than not at all.
  writer.writeByteString(path.slice(0, LONG_PATH_BYTES_MAX) as ByteString)
}

function writeOmission(writer: CborWriter, omission: Omission): void {
  writer.writeArrayHeader(4)
  writeBoundedText(writer, omission.part)
  writePath(writer, omission.path)
  writeBoundedText(writer, omission.reason)
  writer.writeUint(omission.bytes)
}

function readOmission(reader: CborReader): Omission {
  reader.readArrayHeader(4, 4)
  return {
    part: reader.readText(LABEL_BYTES_MAX),
    path: reader.readByteString(LONG_PATH_BYTES_MAX),
    reason: reader.readText(LABEL_BYTES_MAX),
    bytes: reader.readUint(),
  }
}
