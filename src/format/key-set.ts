import { assert } from '../base/assert.ts'
import { REALM_ID_BYTES, type RealmId, hexId, idBytes } from '../base/ids.ts'
import { CborReader } from './cbor-reader.ts'
import { CborWriter } from './cbor-writer.ts'
import { skipExtensions } from './extensions.ts'

/** Room for an encoded key set in a slot. */
export const KEY_SET_BYTES_MAX = 7680
/** Of the master key. */
export const GENERATIONS_MAX = 64
export const REALMS_MAX = 32
/** UTF-8 bytes of a realm's name. */
export const REALM_NAME_BYTES_MAX = 64
const KEY_BYTES = 32
const SEALING_PUBLIC_KEY_BYTES = 1216
const FULL = 1
const BACKUP_ONLY = 2

export interface NamedRealm {
  readonly id: RealmId
  /** Shown to people; the store never learns it. */
  readonly name: string
}

/** Everything: reads, writes, signs as the owner. */
export interface FullKeySet {
  readonly kind: 'full'
  /** Seed of the owner's Ed25519 pair, 32 bytes. */
  readonly ownerSeed: Uint8Array
  /** Master keys of 32 bytes; generation g is at g - 1. */
  readonly generations: readonly Uint8Array[]
  /** The first is `home`. */
  readonly realms: readonly NamedRealm[]
}

/** What makes points and deduplicates in one realm, and opens no content. */
export interface BackupKeySet {
  readonly kind: 'backup-only'
  /** Ed25519, 32 bytes. */
  readonly ownerPublicKey: Uint8Array
  readonly realm: NamedRealm
  /** 32 bytes each; generation g is at g - 1. */
  readonly metadataKeys: readonly Uint8Array[]
  /** X-Wing public key of the newest generation, 1216 bytes. */
  readonly sealingPublicKey: Uint8Array
  readonly idKeys: BlobIdKeys
  /** 32 bytes. */
  readonly chunkerSeed: Uint8Array
}

/** Keys of the blob ids, one per type, 32 bytes each. */
export interface BlobIdKeys {
  readonly data: Uint8Array
  readonly tree: Uint8Array
  readonly list: Uint8Array
  readonly detail: Uint8Array
}

export type KeySet = FullKeySet | BackupKeySet

/**
 * Returns the CBOR of a key set.
 *
 * Shape: at most KEY_SET_BYTES_MAX bytes, freshly allocated; it is secret, and the caller wipes it.
 * @see docs/format.md, "Key set"
 */
export function encodeKeySet(set: KeySet): Uint8Array {
  // Large enough never to grow: what it holds is zeroed below, what it left behind in growing would not be.
  const writer = new CborWriter(2 * KEY_SET_BYTES_MAX)
  if (set.kind === 'full') writeFull(writer, set)
  else writeBackup(writer, set)
  assert(writer.length <= KEY_SET_BYTES_MAX, 'a key set fits its slot')
  const bytes = writer.bytes()
  writer.view().fill(0)
  return bytes
}

/**
 * Returns the key set that `bytes` encode. Ownership: all keys are copies, which the caller wipes.
 * @throws {IntegrityError} MALFORMED
 */
export function decodeKeySet(bytes: Uint8Array): KeySet {
  const reader = new CborReader(bytes, 'key set')
  const items = reader.readArrayHeader()
  const kind = reader.readUint()
  if (kind === FULL && items === 5) return readFull(reader)
  if (kind === BACKUP_ONLY && items === 9) return readBackup(reader)
  throw reader.malformed(`it is of kind ${kind} and has ${items} fields`)
}

function writeFull(writer: CborWriter, set: FullKeySet): void {
  writer.writeArrayHeader(5)
  writer.writeUint(FULL)
  writeKey(writer, set.ownerSeed)
  writeKeys(writer, set.generations)
  assert(set.realms.length >= 1 && set.realms.length <= REALMS_MAX, 'a key set has 1 to 32 realms')
  writer.writeArrayHeader(set.realms.length)
  for (const realm of set.realms) {
    writer.writeArrayHeader(2)
    writeRealm(writer, realm)
  }
  writer.writeMapHeader(0)
}

function writeBackup(writer: CborWriter, set: BackupKeySet): void {
  writer.writeArrayHeader(9)
  writer.writeUint(BACKUP_ONLY)
  writeKey(writer, set.ownerPublicKey)
  writeRealm(writer, set.realm)
  writeKeys(writer, set.metadataKeys)
  assert(set.sealingPublicKey.byteLength === SEALING_PUBLIC_KEY_BYTES, 'a sealing public key has 1216 bytes')
  writer.writeBytes(set.sealingPublicKey)
  const { data, tree, list, detail } = set.idKeys
  writer.writeArrayHeader(4)
  for (const key of [data, tree, list, detail]) writeKey(writer, key)
  writeKey(writer, set.chunkerSeed)
  writer.writeMapHeader(0)
}

function writeKey(writer: CborWriter, key: Uint8Array): void {
  assert(key.byteLength === KEY_BYTES, 'a key has 32 bytes')
  writer.writeBytes(key)
}

function writeKeys(writer: CborWriter, keys: readonly Uint8Array[]): void {
  assert(keys.length >= 1 && keys.length <= GENERATIONS_MAX, 'a key set has 1 to 64 generations')
  writer.writeArrayHeader(keys.length)
  for (const key of keys) writeKey(writer, key)
}

function writeRealm(writer: CborWriter, realm: NamedRealm): void {
  assert(Buffer.byteLength(realm.name) <= REALM_NAME_BYTES_MAX, 'the name of a realm has at most 64 bytes')
  writer.writeBytes(idBytes(realm.id))
  writer.writeText(realm.name)
}

function readFull(reader: CborReader): FullKeySet {
  const ownerSeed = readKey(reader)
  const generations = readKeys(reader)
  const realms: NamedRealm[] = []
  for (let left = reader.readArrayHeader(REALMS_MAX, 1); left > 0; left--) {
    reader.readArrayHeader(2, 2)
    const realm = readRealm(reader)
    if (realms.some((known) => known.id === realm.id)) throw reader.malformed('it names a realm twice')
    realms.push(realm)
  }
  skipExtensions(reader)
  reader.expectEnd()
  return { kind: 'full', ownerSeed, generations, realms }
}

function readBackup(reader: CborReader): BackupKeySet {
  const ownerPublicKey = readKey(reader)
  const realm = readRealm(reader)
  const metadataKeys = readKeys(reader)
  const sealingPublicKey = Uint8Array.from(reader.readBytesExactly(SEALING_PUBLIC_KEY_BYTES))
  reader.readArrayHeader(4, 4)
  const idKeys = { data: readKey(reader), tree: readKey(reader), list: readKey(reader), detail: readKey(reader) }
  const chunkerSeed = readKey(reader)
  skipExtensions(reader)
  reader.expectEnd()
  return { kind: 'backup-only', ownerPublicKey, realm, metadataKeys, sealingPublicKey, idKeys, chunkerSeed }
}

function readKey(reader: CborReader): Uint8Array {
  return Uint8Array.from(reader.readBytesExactly(KEY_BYTES))
}

function readKeys(reader: CborReader): Uint8Array[] {
  const keys: Uint8Array[] = []
  for (let left = reader.readArrayHeader(GENERATIONS_MAX, 1); left > 0; left--) keys.push(readKey(reader))
  return keys
}

function readRealm(reader: CborReader): NamedRealm {
  const id = hexId<RealmId>(reader.readBytesExactly(REALM_ID_BYTES))
  return { id, name: reader.readText(REALM_NAME_BYTES_MAX) }
}
