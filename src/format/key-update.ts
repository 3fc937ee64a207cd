import { assert } from '../base/assert.ts'
import { hexId, idBytes, OBJECT_ID_BYTES, type ObjectId, REPOSITORY_ID_BYTES, type RepositoryId } from '../base/ids.ts'
import { KEY_SET_BYTES_MAX } from './key-set.ts'
import { malformed, unsupportedVersion } from './malformed.ts'

const HEADER_BYTES = 60
const LENGTH_BYTES = 4
/** Plaintext of an update: length and key set, padded. */
const PLAIN_BYTES = LENGTH_BYTES + KEY_SET_BYTES_MAX
const SEALED_BYTES = 1120 + PLAIN_BYTES + 16
const SIGNATURE_BYTES = 64
export const KEY_UPDATE_BYTES = HEADER_BYTES + SEALED_BYTES + SIGNATURE_BYTES
const MAGIC = Buffer.from('TDMKU')
const VERSION = 1
const SUITE = 1

/** Where the fields of the header lie, in bytes. Integers are little-endian. */
const AT = { version: 5, suite: 6, reserved: 7, repository: 8, slot: 24, revision: 56 } as const

/** The part of a key update that anyone can read. */
export interface KeyUpdateHeader {
  readonly repository: RepositoryId
  /** The slot whose key set it replaces. */
  readonly slot: ObjectId
  /** Of the config that was to name it first. */
  readonly revision: number
}

export interface DecodedKeyUpdate {
  readonly header: KeyUpdateHeader
  /** 60 bytes. */
  readonly headerBytes: Uint8Array
  /** Encapsulation, ciphertext and tag. */
  readonly sealed: Uint8Array
  /** All that the owner signs. */
  readonly signed: Uint8Array
  /** 64 bytes; whoever decodes has not verified it. */
  readonly signature: Uint8Array
}

/** Returns the 60 bytes of a key update's header. */
export function encodeKeyUpdateHeader({ repository, slot, revision }: KeyUpdateHeader): Uint8Array {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.set(MAGIC)
  bytes[AT.version] = VERSION
  bytes[AT.suite] = SUITE
  bytes.set(idBytes(repository), AT.repository)
  bytes.set(idBytes(slot), AT.slot)
  bytes.writeUInt32LE(revision, AT.revision)
  return new Uint8Array(bytes)
}

/**
 * Takes a key update apart. Ownership: the arrays are views of `bytes`.
 * @throws {IntegrityError} MALFORMED, UNSUPPORTED_VERSION
 * @see docs/format.md, "Key update"
 */
export function decodeKeyUpdate(bytes: Uint8Array): DecodedKeyUpdate {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const structure = 'key update'
  if (!view.subarray(0, MAGIC.length).equals(MAGIC)) throw malformed(structure, 'its magic is another')
  if (view.byteLength < AT.repository) throw malformed(structure, `it has ${view.byteLength} bytes`)
  if (view[AT.version] !== VERSION) throw unsupportedVersion(structure, `it has version ${view[AT.version] ?? 0}`)
  if (view[AT.suite] !== SUITE) throw unsupportedVersion(structure, `it has suite ${view[AT.suite] ?? 0}`)
  if (view.byteLength !== KEY_UPDATE_BYTES) throw malformed(structure, `it has ${view.byteLength} bytes`)
  if (view[AT.reserved] !== 0) throw malformed(structure, 'reserved bytes are not zero')
  const signedBytes = KEY_UPDATE_BYTES - SIGNATURE_BYTES
  return {
    header: {
      repository: hexId(view.subarray(AT.repository, AT.repository + REPOSITORY_ID_BYTES)),
      slot: hexId(view.subarray(AT.slot, AT.slot + OBJECT_ID_BYTES)),
      revision: view.readUInt32LE(AT.revision),
    },
    headerBytes: bytes.subarray(0, HEADER_BYTES),
    sealed: bytes.subarray(HEADER_BYTES, signedBytes),
    signed: bytes.subarray(0, signedBytes),
    signature: bytes.subarray(signedBytes),
  }
}

/** Returns what is sealed of a key set: its length, the key set, zeros. It is secret, and the caller wipes it. */
export function padKeySet(keySet: Uint8Array): Uint8Array {
  assert(keySet.byteLength <= KEY_SET_BYTES_MAX, 'a key set fits its update')
  const plain = Buffer.alloc(PLAIN_BYTES)
  plain.writeUInt32LE(keySet.byteLength)
  plain.set(keySet, LENGTH_BYTES)
  return plain
}

/**
 * Returns the key set in an opened update, as a copy, which the caller wipes.
 * @throws {IntegrityError} MALFORMED
 */
export function unpadKeySet(plain: Uint8Array): Uint8Array {
  if (plain.byteLength !== PLAIN_BYTES) throw malformed('key update', `its content has ${plain.byteLength} bytes`)
  const view = Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength)
  const length = view.readUInt32LE()
  if (length > KEY_SET_BYTES_MAX) throw malformed('key update', `its key set has ${length} bytes`)
  const end = LENGTH_BYTES + length
  if (view.subarray(end).some((byte) => byte !== 0)) throw malformed('key update', 'its padding is not zero')
  return Uint8Array.from(view.subarray(LENGTH_BYTES, end))
}
