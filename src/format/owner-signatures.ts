import { concatBytes, utf8 } from '../base/bytes.ts'
import type { RepositoryId } from '../base/ids.ts'
import { idBytes } from '../base/ids.ts'
import { encodeRecordBody } from './record-codec.ts'
import type { InstanceRecord, TombstoneRecord } from './records.ts'

const CERTIFICATE_CONTEXT = utf8('tidemark v1 instance certificate')
const TOMBSTONE_CONTEXT = utf8('tidemark v1 tombstone')
const NONE = new Uint8Array(0)

/** Returns what the owner signs to certify an instance: its record with an empty certificate. */
export function certificateInput(repository: RepositoryId, record: Omit<InstanceRecord, 'certificate'>): Uint8Array {
  const body = encodeRecordBody('instances', { ...record, certificate: NONE })
  return concatBytes(CERTIFICATE_CONTEXT, idBytes(repository), body)
}

/** Returns what the owner signs to remove a point or slot on purpose: the tombstone with an empty signature and no extensions. */
export function tombstoneInput(
  repository: RepositoryId,
  { target, id, hash, made }: Omit<TombstoneRecord, 'ownerSignature'>,
): Uint8Array {
  const body = encodeRecordBody('tombstones', { target, id, hash, made, ownerSignature: NONE })
  return concatBytes(TOMBSTONE_CONTEXT, idBytes(repository), body)
}
