import { assert } from '../base/assert.ts'
import { BLOB_ID_BYTES } from '../base/ids.ts'
import type { CborReader } from './cbor-reader.ts'
import type { CborWriter } from './cbor-writer.ts'
import { LIST_IDS_MAX } from './list-codec.ts'
import {
  LABEL_BYTES_MAX,
  readId,
  readItems,
  readObjectIds,
  readOptional,
  readTextMap,
  readTexts,
  readTime,
  RECORD_ITEMS_MAX,
  TEXT_BYTES_MAX,
  writeBoundedText,
  writeId,
  writeObjectIds,
  writeTextMap,
  writeTexts,
  writeTime,
} from './record-fields.ts'
import type { CoverageCounts, Features, ParentLink, PartRecord, PointCounts, PointRecord } from './records.ts'

/** Items of a point record before its extensions. */
export const POINT_ITEMS = 23

const PARENTS_MAX = 64
const SHA512_BYTES = 64
const TYPES = ['full', 'incremental'] as const
const COUNTS = [
  'files',
  'dirs',
  'others',
  'filesNew',
  'filesChanged',
  'filesUnchanged',
  'filesRemoved',
  'bytesRead',
  'bytesStored',
  'blobsStored',
] as const satisfies readonly (keyof PointCounts)[]

/** Appends the items of a point record, without the array's head and the extensions. */
export function writePoint(writer: CborWriter, point: PointRecord): void {
  assert(point.sequence > 0, 'the first point of a chain has sequence 1')
  assert(point.parents.length <= PARENTS_MAX && point.parts.length <= RECORD_ITEMS_MAX, 'a point record is bounded')
  writeId(writer, point.point)
  writeId(writer, point.chain)
  writer.writeUint(point.sequence)
  writer.writeUint(TYPES.indexOf(point.type) + 1)
  writeTime(writer, point.started)
  writeTime(writer, point.finished)
  writeId(writer, point.instance)
  writeId(writer, point.run)
  writer.writeArrayHeader(point.parents.length)
  for (const parent of point.parents) writeParent(writer, parent)
  writer.writeArrayHeader(point.parts.length)
  for (const part of point.parts) writePart(writer, part)
  writer.writeUint(point.bytes)
  writer.writeUint(point.bytesStored)
  writeObjectIds(writer, point.packs)
  writeObjectIds(writer, point.indexes)
  writeHash(writer, point.objectsHash)
  writer.writeArrayHeader(COUNTS.length)
  for (const count of COUNTS) writer.writeUint(point.counts[count])
  writeCoverage(writer, point.coverage)
  writeTexts(writer, point.tags)
  writeBoundedText(writer, point.description, TEXT_BYTES_MAX)
  writeBoundedText(writer, point.tool)
  if (point.replaces === undefined) writer.writeNull()
  else writeId(writer, point.replaces)
  assert(point.detail.byteLength === BLOB_ID_BYTES, 'a point names its detail blob')
  writer.writeBytes(point.detail)
  writeFeatures(writer, point.features)
}

/** Reads the items that `writePoint` wrote. Ownership: byte arrays are copies. */
export function readPoint(reader: CborReader): PointRecord {
  return {
    point: readId(reader),
    chain: readId(reader),
    sequence: readSequence(reader),
    type: readType(reader),
    started: readTime(reader),
    finished: readTime(reader),
    instance: readId(reader),
    run: readId(reader),
    parents: readItems(reader, PARENTS_MAX, () => readParent(reader)),
    parts: readItems(reader, RECORD_ITEMS_MAX, () => readPart(reader)),
    bytes: reader.readUint(),
    bytesStored: reader.readUint(),
    packs: readObjectIds(reader),
    indexes: readObjectIds(reader),
    objectsHash: new Uint8Array(reader.readBytesExactly(SHA512_BYTES)),
    counts: readCounts(reader),
    coverage: readCoverage(reader),
    tags: readTexts(reader),
    description: reader.readText(TEXT_BYTES_MAX),
    tool: reader.readText(LABEL_BYTES_MAX),
    replaces: readOptional(reader, () => readId(reader)),
    detail: new Uint8Array(reader.readBytesExactly(BLOB_ID_BYTES)),
    features: readFeatures(reader),
  }
}

function readSequence(reader: CborReader): number {
  const sequence = reader.readUint()
  if (sequence === 0) throw reader.malformed('its sequence is 0')
  return sequence
}

function readType(reader: CborReader): PointRecord['type'] {
  const type = TYPES[reader.readUint() - 1]
  if (type === undefined) throw reader.malformed('it is of an unknown type')
  return type
}

function writeHash(writer: CborWriter, hash: Uint8Array): void {
  assert(hash.byteLength === SHA512_BYTES, 'a SHA-512 has 64 bytes')
  writer.writeBytes(hash)
}

function writeParent(writer: CborWriter, parent: ParentLink): void {
  writer.writeArrayHeader(2)
  writeId(writer, parent.point)
  writeHash(writer, parent.hash)
}

function readParent(reader: CborReader): ParentLink {
  reader.readArrayHeader(2, 2)
  return { point: readId(reader), hash: new Uint8Array(reader.readBytesExactly(SHA512_BYTES)) }
}

function writePart(writer: CborWriter, part: PartRecord): void {
  const { trees } = part
  assert(trees.byteLength > 0 && trees.byteLength % BLOB_ID_BYTES === 0, 'a part has tree blobs')
  writer.writeArrayHeader(5)
  writeBoundedText(writer, part.name)
  writeBoundedText(writer, part.source)
  writer.writeUint(part.version)
  writeTextMap(writer, part.attributes, (value) => writeBoundedText(writer, value, TEXT_BYTES_MAX))
  writer.writeBytes(trees)
}

function readPart(reader: CborReader): PartRecord {
  reader.readArrayHeader(5, 5)
  const name = reader.readText(LABEL_BYTES_MAX)
  const source = reader.readText(LABEL_BYTES_MAX)
  const version = reader.readUint()
  const attributes = readTextMap(reader, () => reader.readText(TEXT_BYTES_MAX))
  const trees = new Uint8Array(reader.readBytes(LIST_IDS_MAX * BLOB_ID_BYTES, BLOB_ID_BYTES))
  if (trees.byteLength % BLOB_ID_BYTES !== 0) throw reader.malformed("a part's list of trees is cut short")
  return { name, source, version, attributes, trees }
}

function readCounts(reader: CborReader): PointCounts {
  reader.readArrayHeader(COUNTS.length, COUNTS.length)
  return {
    files: reader.readUint(),
    dirs: reader.readUint(),
    others: reader.readUint(),
    filesNew: reader.readUint(),
    filesChanged: reader.readUint(),
    filesUnchanged: reader.readUint(),
    filesRemoved: reader.readUint(),
    bytesRead: reader.readUint(),
    bytesStored: reader.readUint(),
    blobsStored: reader.readUint(),
  }
}

function writeCoverage(writer: CborWriter, coverage: CoverageCounts): void {
  writer.writeArrayHeader(4)
  writer.writeUint(coverage.expected)
  writer.writeUint(coverage.stored)
  writeTextMap(writer, coverage.skipped, (count) => writer.writeUint(count))
  writeTextMap(writer, coverage.unreadable, (count) => writer.writeUint(count))
}

function readCoverage(reader: CborReader): CoverageCounts {
  reader.readArrayHeader(4, 4)
  return {
    expected: reader.readUint(),
    stored: reader.readUint(),
    skipped: readTextMap(reader, () => reader.readUint()),
    unreadable: readTextMap(reader, () => reader.readUint()),
  }
}

function writeFeatures(writer: CborWriter, features: Features): void {
  writer.writeArrayHeader(3)
  writeTexts(writer, features.read)
  writeTexts(writer, features.write)
  writeTexts(writer, features.prune)
}

function readFeatures(reader: CborReader): Features {
  reader.readArrayHeader(3, 3)
  return { read: readTexts(reader), write: readTexts(reader), prune: readTexts(reader) }
}
