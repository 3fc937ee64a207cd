import { IntegrityError } from '../base/errors.ts'
import type { InstanceId, RealmId, RepositoryId } from '../base/ids.ts'
import { AEAD_TAG_BYTES, open, seal, ZERO_NONCE } from '../crypto/aead.ts'
import { wipe } from '../crypto/secret.ts'
import {
  decodeEnvelopeHeader,
  decodeEnvelopeInner,
  encodeEnvelopeHeader,
  encodeEnvelopeInner,
  ENVELOPE_HEADER_BYTES,
  envelopeAad,
  signatureInput,
} from '../format/envelope.ts'
import { malformed } from '../format/malformed.ts'
import type { RecordKind } from '../format/records.ts'
import type { Instance } from './instance-key.ts'
import type { KeyRing, RealmKeys } from './key-ring.ts'
import { deriveRecordKey } from './key-tree.ts'

export interface SealInput {
  readonly kind: RecordKind
  readonly repository: RepositoryId
  readonly realm: RealmKeys
  readonly signer: Pick<Instance, 'id' | 'sign'>
  /** 32 fresh random bytes. */
  readonly salt: Uint8Array
}

export interface SealedRecord {
  /** Header, then ciphertext: the object. */
  readonly parts: readonly [Uint8Array, Uint8Array]
  /** What was encrypted: body, signer, signature. */
  readonly inner: Uint8Array
}

/** An authentic record whose signature has yet to be verified: by a holder of the realm's metadata key. */
export interface UnverifiedRecord {
  readonly realm: RealmId
  readonly inner: Uint8Array
  /** A view of `inner`. */
  readonly body: Uint8Array
  readonly signer: InstanceId
  readonly signature: Uint8Array
}

/** Signs and encrypts a record's encoded body with the realm's newest generation. */
export function sealRecord(body: Uint8Array, input: SealInput): SealedRecord {
  return sealInner(signInner(body, input), input)
}

/** Returns what is encrypted of a record; the same body and signer give the same bytes. */
export function signInner(
  body: Uint8Array,
  { kind, repository, signer }: Pick<SealInput, 'kind' | 'repository' | 'signer'>,
): Uint8Array {
  const signature = signer.sign(signatureInput(kind, repository, body))
  return encodeEnvelopeInner({ body, signer: signer.id, signature })
}

/** Encrypts a record that was signed before. */
export function sealInner(inner: Uint8Array, input: Omit<SealInput, 'signer'>): SealedRecord {
  const { kind, repository, realm, salt } = input
  const header = encodeEnvelopeHeader({ kind, realm: realm.realm, generation: realm.generation, salt })
  const sealed = new Uint8Array(inner.byteLength + AEAD_TAG_BYTES)
  const key = deriveRecordKey(kind, { metadataKey: realm.metadataKey(realm.generation), salt })
  seal(sealed, inner, { key, nonce: ZERO_NONCE, associatedData: envelopeAad({ header, repository }) })
  wipe(key)
  return { parts: [header, sealed], inner }
}

/**
 * Decrypts a record of `kind`. Ownership: what is returned are views of one fresh array.
 * @throws {IntegrityError} MALFORMED, UNSUPPORTED_VERSION; AUTH_FAILED: changed, moved here from another repository or
 * kind, or not written with the realm's key.
 * @throws {KeyError} WRONG_KEY: the key ring lacks its realm or generation.
 */
export function openRecord(
  bytes: Uint8Array,
  input: { readonly kind: RecordKind; readonly repository: RepositoryId; readonly ring: KeyRing },
): UnverifiedRecord {
  const { kind, repository, ring } = input
  const header = decodeEnvelopeHeader(bytes)
  if (header.kind !== kind) throw malformed('envelope', `it holds a record of kind ${header.kind}`)
  if (bytes.byteLength < ENVELOPE_HEADER_BYTES + AEAD_TAG_BYTES) throw malformed('envelope', 'it is cut short')
  const metadataKey = ring.realm(header.realm).metadataKey(header.generation)
  const key = deriveRecordKey(kind, { metadataKey, salt: header.salt })
  const inner = new Uint8Array(bytes.byteLength - ENVELOPE_HEADER_BYTES - AEAD_TAG_BYTES)
  const associatedData = envelopeAad({ header: bytes.subarray(0, ENVELOPE_HEADER_BYTES), repository })
  const authentic = open(inner, bytes.subarray(ENVELOPE_HEADER_BYTES), { key, nonce: ZERO_NONCE, associatedData })
  wipe(key)
  if (!authentic) {
    throw new IntegrityError('AUTH_FAILED', 'it does not decrypt: it was changed, or belongs to another repository', {
      hint: 'Run `tidemark check` to learn what is affected.',
    })
  }
  const { body, signer, signature } = decodeEnvelopeInner(inner)
  return { realm: header.realm, inner, body, signer, signature }
}
