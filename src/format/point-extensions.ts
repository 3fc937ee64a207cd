import { assert } from '../base/assert.ts'
import { RANDOM_ID_BYTES, hexId, idBytes, type RepositoryId } from '../base/ids.ts'
import type { CborReader } from './cbor-reader.ts'
import type { CborWriter } from './cbor-writer.ts'
import { readExtensions } from './extensions.ts'
import { LABEL_BYTES_MAX, readId, readItems, writeBoundedText, writeId } from './record-fields.ts'
import type { OriginalRecord, PointRecord, SuspicionRecord, TripwireRecord, UndoRecord } from './records.ts'

const ORIGINAL = 1
const TRIPWIRE = 2
const UNDO = 3
const PUBLIC_KEY_BYTES = 32
const SUSPICIONS_MAX = 16
/** Half of what a record may have: the rest is the copy's own. */
export const ORIGINAL_BYTES_MAX = 8 << 20

/** What few points have, and the extension map of a point's record therefore holds. */
export type PointExtensions = Pick<PointRecord, 'original' | 'tripwire' | 'undo'>

/** Appends a point's extension map: a key only for what it has. */
export function writePointExtensions(writer: CborWriter, { original, tripwire, undo }: PointExtensions): void {
  writer.writeMapHeader([original, tripwire, undo].filter((each) => each !== undefined).length)
  if (original !== undefined) writeOriginal(writer, original)
  if (tripwire !== undefined) writeTripwire(writer, tripwire)
  if (undo === undefined) return
  writer.writeUint(UNDO)
  writer.writeArrayHeader(1)
  writeId(writer, undo.restored)
}

/** Reads a point's extension map, passing over keys of later versions. Ownership: copies. */
export function readPointExtensions(reader: CborReader): PointExtensions {
  const found: { -readonly [Key in keyof PointExtensions]: PointExtensions[Key] } = {}
  readExtensions(reader, {
    [ORIGINAL]: () => (found.original = readOriginal(reader)),
    [TRIPWIRE]: () => (found.tripwire = readTripwire(reader)),
    [UNDO]: () => (found.undo = readUndo(reader)),
  })
  return found
}

function writeOriginal(writer: CborWriter, original: OriginalRecord): void {
  assert(original.inner.byteLength <= ORIGINAL_BYTES_MAX, 'the record of a copied point is bounded')
  assert(original.publicKey.byteLength === PUBLIC_KEY_BYTES, 'an Ed25519 public key has 32 bytes')
  writer.writeUint(ORIGINAL)
  writer.writeArrayHeader(3)
  writer.writeBytes(idBytes(original.repository))
  writer.writeBytes(original.inner)
  writer.writeBytes(original.publicKey)
}

function readOriginal(reader: CborReader): OriginalRecord {
  reader.readArrayHeader(3, 3)
  return {
    repository: hexId<RepositoryId>(reader.readBytesExactly(RANDOM_ID_BYTES)),
    inner: new Uint8Array(reader.readBytes(ORIGINAL_BYTES_MAX)),
    publicKey: new Uint8Array(reader.readBytesExactly(PUBLIC_KEY_BYTES)),
  }
}

function writeTripwire(writer: CborWriter, { contentBytes, incompressibleBytes, suspicions }: TripwireRecord): void {
  assert(suspicions.length <= SUSPICIONS_MAX, 'there are few kinds of suspicion')
  assert(incompressibleBytes <= contentBytes, 'a part is not larger than the whole')
  writer.writeUint(TRIPWIRE)
  writer.writeArrayHeader(3)
  writer.writeUint(contentBytes)
  writer.writeUint(incompressibleBytes)
  writer.writeArrayHeader(suspicions.length)
  for (const { reason, usual, found } of suspicions) {
    writer.writeArrayHeader(3)
    writeBoundedText(writer, reason)
    writer.writeUint(usual)
    writer.writeUint(found)
  }
}

function readTripwire(reader: CborReader): TripwireRecord {
  reader.readArrayHeader(3, 3)
  const contentBytes = reader.readUint()
  const incompressibleBytes = reader.readUint(contentBytes)
  return {
    contentBytes,
    incompressibleBytes,
    suspicions: readItems(reader, SUSPICIONS_MAX, () => readSuspicion(reader)),
  }
}

function readSuspicion(reader: CborReader): SuspicionRecord {
  reader.readArrayHeader(3, 3)
  return { reason: reader.readText(LABEL_BYTES_MAX), usual: reader.readUint(), found: reader.readUint() }
}

function readUndo(reader: CborReader): UndoRecord {
  reader.readArrayHeader(1, 1)
  return { restored: readId(reader) }
}
