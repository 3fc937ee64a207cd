import { assert } from '../base/assert.ts'
import { BLOB_ID_BYTES, hexId, OBJECT_ID_BYTES, RANDOM_ID_BYTES } from '../base/ids.ts'
import { RECORD_BYTES_MAX } from '../base/limits.ts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import { readExtensions, skipExtensions } from './extensions.ts'
import { POINT_ITEMS, readPoint, writePoint } from './point-codec.ts'
import { readPointExtensions, writePointExtensions } from './point-extensions.ts'
import {
  LABEL_BYTES_MAX,
  readId,
  readObjectIds,
  readTexts,
  readTime,
  SIGNATURE_BYTES,
  TEXT_BYTES_MAX,
  writeBoundedText,
  writeId,
  writeObjectIds,
  writeTexts,
  writeTime,
} from './record-fields.ts'
import type { RecordBodies, TombstoneRecord } from './records.ts'

const PUBLIC_KEY_BYTES = 32
const SHA512_BYTES = 64
/** Blob ids in one `lost` record. */
const LOST_BLOBS_MAX = 1 << 18
const TARGETS = ['point', 'slot'] as const
/** Key of the extension that says that a point was taken back; absent otherwise. */
const TAKEN_BACK = 1

/** How one kind of record is written and read: its items, without the array's head and the extensions. */
interface BodyCodec<Body> {
  /** What it is called in errors. */
  readonly structure: string
  readonly items: number
  readonly write: (writer: CborWriter, body: Body) => void
  readonly read: (reader: CborReader) => Body
  /** Writes the extension map; an empty one by default. */
  readonly writeExtensions?: (writer: CborWriter, body: Body) => void
  /** Reads it; by default everything in it is passed over. */
  readonly readExtensions?: (reader: CborReader) => Partial<Body>
}

type BodyCodecs = { readonly [Kind in keyof RecordBodies]: BodyCodec<RecordBodies[Kind]> }

/**
 * Returns the bytes of a record, to be signed and sealed.
 *
 * Ownership: freshly allocated. A record that no reader would accept is an assertion failure.
 * @see docs/format.md, "Records"
 */
export function encodeRecordBody<Kind extends keyof RecordBodies>(kind: Kind, record: RecordBodies[Kind]): Uint8Array {
  const codec = CODECS[kind]
  const writer = new CborWriter(1024)
  writer.writeArrayHeader(codec.items + 1)
  codec.write(writer, record)
  if (codec.writeExtensions === undefined) writer.writeMapHeader(0)
  else codec.writeExtensions(writer, record)
  assert(writer.length <= RECORD_BYTES_MAX, 'a record is bounded')
  return writer.bytes()
}

/**
 * Returns the record that `bytes` encode. Ownership: copies.
 *
 * Whether this version understands a point's features is the caller's question, by what it is about to do.
 * @throws {IntegrityError} MALFORMED
 * @see docs/format.md, "Records"
 */
export function decodeRecordBody<Kind extends keyof RecordBodies>(kind: Kind, bytes: Uint8Array): RecordBodies[Kind] {
  const codec = CODECS[kind]
  const reader = new CborReader(bytes, codec.structure)
  if (bytes.byteLength > RECORD_BYTES_MAX) throw reader.malformed(`it has ${bytes.byteLength} bytes`)
  reader.readArrayHeader(codec.items + 1, codec.items + 1)
  const record = codec.read(reader)
  const more = codec.readExtensions?.(reader)
  if (codec.readExtensions === undefined) skipExtensions(reader)
  reader.expectEnd()
  return more === undefined ? record : { ...record, ...more }
}

const CODECS: BodyCodecs = {
  points: {
    structure: 'point record',
    items: POINT_ITEMS,
    write: writePoint,
    read: readPoint,
    writeExtensions: writePointExtensions,
    readExtensions: readPointExtensions,
  },
  instances: {
    structure: 'instance record',
    items: 7,
    write: (writer, body) => {
      writeId(writer, body.instance)
      writeBoundedText(writer, body.name)
      writeBoundedText(writer, body.host)
      writeBoundedText(writer, body.user)
      writeExactly(writer, body.publicKey, PUBLIC_KEY_BYTES)
      writeTime(writer, body.created)
      // None, for an instance that met no owner key.
      writeExactly(writer, body.certificate, body.certificate.byteLength === 0 ? 0 : SIGNATURE_BYTES)
    },
    read: (reader) => ({
      instance: readId(reader),
      name: reader.readText(LABEL_BYTES_MAX),
      host: reader.readText(LABEL_BYTES_MAX),
      user: reader.readText(LABEL_BYTES_MAX),
      publicKey: copyExactly(reader, PUBLIC_KEY_BYTES),
      created: readTime(reader),
      certificate: readCertificate(reader),
    }),
  },
  runs: {
    structure: 'run record',
    items: 4,
    write: (writer, body) => {
      writeId(writer, body.run)
      writeId(writer, body.instance)
      writer.writeUint(body.counter)
      writeTime(writer, body.started)
    },
    read: (reader) => ({
      run: readId(reader),
      instance: readId(reader),
      counter: reader.readUint(),
      started: readTime(reader),
    }),
  },
  marks: {
    structure: 'mark',
    items: 2,
    write: (writer, body) => {
      writeObjectIds(writer, body.packs)
      writeTime(writer, body.made)
    },
    read: (reader) => ({ packs: readObjectIds(reader), made: readTime(reader) }),
  },
  dead: {
    structure: 'dead record',
    items: 3,
    write: (writer, body) => {
      writeObjectIds(writer, body.packs)
      writeId(writer, body.mark)
      writeTime(writer, body.made)
    },
    read: (reader) => ({
      packs: readObjectIds(reader),
      mark: hexId(reader.readBytesExactly(OBJECT_ID_BYTES)),
      made: readTime(reader),
    }),
  },
  lost: {
    structure: 'lost record',
    items: 3,
    write: (writer, body) => {
      assert(body.blobs.byteLength % BLOB_ID_BYTES === 0, 'lost blobs are whole ids')
      assert(body.blobs.byteLength <= LOST_BLOBS_MAX * BLOB_ID_BYTES, 'lost blobs are bounded')
      writeObjectIds(writer, body.packs)
      writer.writeBytes(body.blobs)
      writeTime(writer, body.made)
    },
    read: (reader) => ({ packs: readObjectIds(reader), blobs: readBlobIds(reader), made: readTime(reader) }),
  },
  tombstones: {
    structure: 'tombstone',
    items: 5,
    write: writeTombstone,
    read: readTombstone,
    writeExtensions: (writer, { takenBack }) => {
      writer.writeMapHeader(takenBack === true ? 1 : 0)
      if (takenBack !== true) return
      writer.writeUint(TAKEN_BACK)
      writer.writeBoolean(true)
    },
    readExtensions: (reader) => {
      let takenBack = false
      readExtensions(reader, { [TAKEN_BACK]: () => (takenBack = reader.readBoolean()) })
      return takenBack ? { takenBack } : {}
    },
  },
  notes: {
    structure: 'note',
    items: 5,
    write: (writer, body) => {
      writeId(writer, body.point)
      writeTexts(writer, body.addTags)
      writeTexts(writer, body.removeTags)
      writeBoundedText(writer, body.text, TEXT_BYTES_MAX)
      writeTime(writer, body.made)
    },
    read: (reader) => ({
      point: readId(reader),
      addTags: readTexts(reader),
      removeTags: readTexts(reader),
      text: reader.readText(TEXT_BYTES_MAX),
      made: readTime(reader),
    }),
  },
}

function writeTombstone(writer: CborWriter, body: TombstoneRecord): void {
  const { idBytesCount, hashBytesCount } = tombstoneSizes(body.target)
  assert(body.id.length === idBytesCount * 2, 'a tombstone names a point by its uuid and a slot by its object id')
  writer.writeUint(TARGETS.indexOf(body.target) + 1)
  writeId(writer, body.id)
  writeExactly(writer, body.hash, hashBytesCount)
  writeTime(writer, body.made)
  // None, while it is what the owner is about to sign.
  writeExactly(writer, body.ownerSignature, body.ownerSignature.byteLength === 0 ? 0 : SIGNATURE_BYTES)
}

function readTombstone(reader: CborReader): TombstoneRecord {
  const target = TARGETS[reader.readUint() - 1]
  if (target === undefined) throw reader.malformed('it is of an unknown target')
  const { idBytesCount, hashBytesCount } = tombstoneSizes(target)
  return {
    target,
    id: hexId(reader.readBytesExactly(idBytesCount)),
    hash: copyExactly(reader, hashBytesCount),
    made: readTime(reader),
    ownerSignature: copyExactly(reader, SIGNATURE_BYTES),
  }
}

function tombstoneSizes(target: TombstoneRecord['target']): { idBytesCount: number; hashBytesCount: number } {
  if (target === 'point') return { idBytesCount: RANDOM_ID_BYTES, hashBytesCount: SHA512_BYTES }
  return { idBytesCount: OBJECT_ID_BYTES, hashBytesCount: OBJECT_ID_BYTES }
}

function readCertificate(reader: CborReader): Uint8Array {
  const certificate = new Uint8Array(reader.readBytes(SIGNATURE_BYTES))
  if (certificate.byteLength !== 0 && certificate.byteLength !== SIGNATURE_BYTES) {
    throw reader.malformed(`its certificate has ${certificate.byteLength} bytes`)
  }
  return certificate
}

function readBlobIds(reader: CborReader): Uint8Array {
  const ids = new Uint8Array(reader.readBytes(LOST_BLOBS_MAX * BLOB_ID_BYTES))
  if (ids.byteLength % BLOB_ID_BYTES !== 0) throw reader.malformed('a list of blob ids is cut short')
  return ids
}

function writeExactly(writer: CborWriter, bytes: Uint8Array, length: number): void {
  assert(bytes.byteLength === length, 'a key, hash or signature has its length')
  writer.writeBytes(bytes)
}

function copyExactly(reader: CborReader, length: number): Uint8Array {
  return new Uint8Array(reader.readBytesExactly(length))
}
