import { concatBytes, utf8 } from '../base/bytes.ts'
import { idBytes, type RealmId, type RepositoryId } from '../base/ids.ts'
import { deriveKey } from '../crypto/blake3.ts'
import { wipe } from '../crypto/secret.ts'
import type { BlobType } from '../format/pack.ts'
import type { RecordKind } from '../format/records.ts'
import type { SlotKind } from '../format/slot.ts'

/** A realm's part of one generation of the master key. */
export interface RealmScopeKey {
  /** 32 bytes. */
  readonly master: Uint8Array
  readonly realm: RealmId
}

// All keys are BLAKE3's derive_key(context, input); docs/format.md, "Keys", has the table.

/** Returns the key behind every record of a realm and generation. */
export function deriveMetadataKey({ master, realm }: RealmScopeKey): Uint8Array {
  return deriveKey('tidemark v1 metadata key', master, idBytes(realm))
}

/** Returns the seed of the HPKE pair that writer keys of a realm and generation are sealed to. */
export function deriveSealingSeed({ master, realm }: RealmScopeKey): Uint8Array {
  return deriveKey('tidemark v1 sealing seed', master, idBytes(realm))
}

/** Returns the key of the ids of one type of blob, which the first generation alone decides. */
export function deriveIdKey({ master, realm }: RealmScopeKey, type: BlobType): Uint8Array {
  return deriveKey(`tidemark v1 ${type} id key`, master, idBytes(realm))
}

/** Returns the seed of a realm's chunker, which the first generation alone decides. */
export function deriveChunkerSeed({ master, realm }: RealmScopeKey): Uint8Array {
  return deriveKey('tidemark v1 chunker seed', master, idBytes(realm))
}

/** Returns the single-use key of one record; `salt` is the 32 bytes in its envelope. */
export function deriveRecordKey(kind: RecordKind, from: { metadataKey: Uint8Array; salt: Uint8Array }): Uint8Array {
  return deriveKey(`tidemark v1 ${kind} record`, from.metadataKey, from.salt)
}

/** Returns the HPKE info under which writer keys are sealed: they open in this repository and realm alone. */
export function writerKeyInfo(repository: RepositoryId, realm: RealmId): Uint8Array {
  return concatBytes(utf8('tidemark v1 writer key'), idBytes(repository), idBytes(realm))
}

/** What opens a slot, and what says beforehand whether it will. */
export interface SlotKeys {
  readonly encryption: Uint8Array
  readonly commitment: Uint8Array
}

/**
 * Returns the keys of one slot. `secret` is Argon2id's output, a key file's key or a recovery code: the kind decides
 * its length and the context.
 */
export function deriveSlotKeys(kind: SlotKind, from: { secret: Uint8Array; salt: Uint8Array }): SlotKeys {
  const wrapping = deriveKey(`tidemark v1 slot ${kind}`, from.salt, from.secret)
  const keys = {
    encryption: deriveKey('tidemark v1 slot encryption', wrapping),
    commitment: deriveKey('tidemark v1 slot commitment', wrapping),
  }
  wipe(wrapping)
  return keys
}
