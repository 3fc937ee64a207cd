import { concatBytes, utf8 } from '../base/bytes.ts'
import type { RepositoryId } from '../base/ids.ts'
import { verify } from '../crypto/ed25519.ts'
import { certificateInput, tombstoneInput } from '../format/owner-signatures.ts'
import type { InstanceRecord, TombstoneRecord } from '../format/records.ts'
import type { KeyRing } from './key-ring.ts'

const NONE = new Uint8Array()

/** Returns what the owner signs of a config; the repository's id is in the body. */
export function configSignatureInput(body: Uint8Array): Uint8Array {
  return concatBytes(utf8('tidemark v1 config\0'), body)
}

/**
 * Returns the tombstone with the owner's signature.
 * @throws {KeyError} KEY_NOT_FULL
 */
export function signTombstone(
  ring: KeyRing,
  repository: RepositoryId,
  record: Omit<TombstoneRecord, 'ownerSignature'>,
): TombstoneRecord {
  return { ...record, ownerSignature: ring.ownerSign(tombstoneInput(repository, record)) }
}

/** Tells whether the owner signed a tombstone. */
export function isOwnersTombstone(ring: KeyRing, repository: RepositoryId, record: TombstoneRecord): boolean {
  const { ownerSignature: signature, ...rest } = record
  return verify(tombstoneInput(repository, rest), { signature, publicKey: ring.ownerPublicKey })
}

/** Returns an instance's record, certified by the owner when a full key set is open. */
export function certifyInstance(
  ring: KeyRing,
  repository: RepositoryId,
  record: Omit<InstanceRecord, 'certificate'>,
): InstanceRecord {
  const certificate = ring.full ? ring.ownerSign(certificateInput(repository, record)) : NONE
  return { ...record, certificate }
}

/** Tells whether an instance's certificate is the owner's, or none. */
export function hasValidCertificate(ring: KeyRing, repository: RepositoryId, record: InstanceRecord): boolean {
  const { certificate: signature, ...rest } = record
  if (signature.byteLength === 0) return true
  return verify(certificateInput(repository, rest), { signature, publicKey: ring.ownerPublicKey })
}
