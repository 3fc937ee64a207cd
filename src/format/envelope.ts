import { assert } from '../base/assert.ts'
import { concatBytes, utf8 } from '../base/bytes.ts'
import type { InstanceId, RealmId, RepositoryId } from '../base/ids.ts'
import { hexId, idBytes, RANDOM_ID_BYTES, REALM_ID_BYTES } from '../base/ids.ts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import { malformed, unsupportedVersion } from './malformed.ts'
import { FORMAT_VERSION, SUITE } from './pack.ts'
import type { RecordKind } from './records.ts'
import { RECORD_KINDS } from './records.ts'

export const ENVELOPE_HEADER_BYTES = 56
export const ENVELOPE_SALT_BYTES = 32

const MAGIC = utf8('TDMKE')
const REALM_AT = 8
const GENERATION_AT = 20
const SALT_AT = 24
const INNER_ITEMS = 3
const SIGNATURE_BYTES = 64
const SIGNATURE_CONTEXT = utf8('tidemark v1 record signature')

/** What stands before a sealed record's ciphertext, for everyone to see. */
export interface EnvelopeHeader {
  readonly kind: RecordKind
  readonly realm: RealmId
  /** Of the realm's metadata key, from 1. */
  readonly generation: number
  /** 32 random bytes, which make the record's key single-use. */
  readonly salt: Uint8Array
}

/** What a sealed record's ciphertext holds. */
export interface EnvelopeInner {
  /** The encoded record. */
  readonly body: Uint8Array
  readonly signer: InstanceId
  /** Ed25519 by the signer over `signatureInput`. */
  readonly signature: Uint8Array
}

/**
 * Returns the 56 bytes that start a sealed record, freshly allocated.
 *
 * @see docs/format.md, "Envelope"
 */
export function encodeEnvelopeHeader({ kind, realm, generation, salt }: EnvelopeHeader): Uint8Array {
  assert(salt.byteLength === ENVELOPE_SALT_BYTES, "an envelope's salt has 32 bytes")
  assert(generation > 0, 'key generations start at 1')
  const bytes = new Uint8Array(ENVELOPE_HEADER_BYTES)
  bytes.set(MAGIC)
  bytes[5] = FORMAT_VERSION
  bytes[6] = SUITE
  bytes[7] = RECORD_KINDS.indexOf(kind) + 1
  bytes.set(idBytes(realm), REALM_AT)
  viewOf(bytes).setUint32(GENERATION_AT, generation, true)
  bytes.set(salt, SALT_AT)
  return bytes
}

/**
 * Returns the header at the start of `bytes`, which may be longer. Ownership: copies.
 *
 * @throws {IntegrityError} MALFORMED; UNSUPPORTED_VERSION: a later version, or another suite.
 * @see docs/format.md, "Envelope"
 */
export function decodeEnvelopeHeader(bytes: Uint8Array): EnvelopeHeader {
  if (bytes.byteLength < ENVELOPE_HEADER_BYTES) throw malformed('envelope', `it has ${bytes.byteLength} bytes`)
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw malformed('envelope', 'its magic is wrong')
  if (bytes[5] !== FORMAT_VERSION) throw unsupportedVersion('record', `its version is ${bytes[5] ?? 0}`)
  if (bytes[6] !== SUITE) throw unsupportedVersion('record', `its cipher suite is ${bytes[6] ?? 0}`)
  const kind = RECORD_KINDS[(bytes[7] ?? 0) - 1]
  if (kind === undefined) throw malformed('envelope', `its kind is ${bytes[7] ?? 0}`)
  const generation = viewOf(bytes).getUint32(GENERATION_AT, true)
  if (generation === 0) throw malformed('envelope', 'its key generation is 0')
  return {
    kind,
    realm: hexId(bytes.subarray(REALM_AT, REALM_AT + REALM_ID_BYTES)),
    generation,
    salt: new Uint8Array(bytes.subarray(SALT_AT, ENVELOPE_HEADER_BYTES)),
  }
}

/** Returns the associated data of a sealed record: its header and the repository, freshly allocated. */
export function envelopeAad({ header, repository }: { header: Uint8Array; repository: RepositoryId }): Uint8Array {
  assert(header.byteLength === ENVELOPE_HEADER_BYTES, 'an envelope header has 56 bytes')
  return concatBytes(header, idBytes(repository))
}

/** Returns the plaintext of a sealed record, freshly allocated. */
export function encodeEnvelopeInner({ body, signer, signature }: EnvelopeInner): Uint8Array {
  assert(signature.byteLength === SIGNATURE_BYTES, 'an Ed25519 signature has 64 bytes')
  const writer = new CborWriter(body.byteLength + 128)
  writer.writeArrayHeader(INNER_ITEMS)
  writer.writeBytes(body)
  writer.writeBytes(idBytes(signer))
  writer.writeBytes(signature)
  return writer.bytes()
}

/**
 * Returns what a sealed record's plaintext holds. Its signature is the caller's to check, before the body is decoded.
 *
 * Ownership: body and signature are views into `bytes`.
 * @throws {IntegrityError} MALFORMED
 */
export function decodeEnvelopeInner(bytes: Uint8Array): EnvelopeInner {
  const reader = new CborReader(bytes, 'envelope')
  reader.readArrayHeader(INNER_ITEMS, INNER_ITEMS)
  const body = reader.readBytes()
  const signer = hexId<InstanceId>(reader.readBytesExactly(RANDOM_ID_BYTES))
  const signature = reader.readBytesExactly(SIGNATURE_BYTES)
  reader.expectEnd()
  return { body, signer, signature }
}

/**
 * Returns what an instance signs about a record, freshly allocated: nothing signed passes for a record of another kind
 * or in another repository.
 *
 * @see docs/format.md, "Envelope"
 */
export function signatureInput(kind: RecordKind, repository: RepositoryId, body: Uint8Array): Uint8Array {
  const kindNumber = Uint8Array.of(RECORD_KINDS.indexOf(kind) + 1)
  return concatBytes(SIGNATURE_CONTEXT, kindNumber, idBytes(repository), body)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
