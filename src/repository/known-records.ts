import { IntegrityError, TidemarkError } from '../base/errors.ts'
import { hexId, idBytes, type InstanceId, type ObjectId, type RealmId } from '../base/ids.ts'
import { sha512, SHA512_BYTES } from '../crypto/sha512.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../format/cbor.ts'
import { decodeRecordBody, encodeRecordBody } from '../format/record-codec.ts'
import type { RecordBodies } from '../format/records.ts'
import { isOfForeignRealm, isSurvivable } from './load-tables.ts'
import type { ObjectInfo } from '../storage/driver.ts'
import type { LocalCache } from './local-cache.ts'
import type { OpenedRecord, RecordStore } from './record-store.ts'
import { inOrderOfId, listObjects } from './stored-object.ts'

const VERSION = 2
const KIND_PREFIX = 'records-'

type KnownKind = keyof RecordBodies

/** A record that was verified, now or by an earlier process of this machine. */
export interface KnownRecord<Kind extends KnownKind> {
  readonly object: ObjectId
  readonly realm: RealmId
  readonly signer: InstanceId
  /** SHA-512 of its inner bytes. */
  readonly innerHash: Uint8Array
  readonly record: RecordBodies[Kind]
}

export interface KnownRecordsOptions {
  readonly records: RecordStore
  /** What the store was seen to list of the kind; it is listed now where this is absent. */
  readonly listed?: readonly ObjectInfo[] | undefined
  readonly cache?: LocalCache | undefined
  /** Told of each record that cannot be opened; the others are returned. */
  readonly onProblem: (problem: IntegrityError, object: ObjectId) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Returns all records of a kind that the store lists now, in ascending order of object id.
 *
 * Objects never change, so what was verified once is kept locally and only what is new is fetched. Records of realms
 * that the key set does not hold are passed over.
 * @throws {StorageError} the store does not answer.
 * @throws {IntegrityError} UNSUPPORTED_VERSION: not even one more reader of this version should go on.
 */
export async function loadRecords<Kind extends KnownKind>(
  kind: Kind,
  options: KnownRecordsOptions,
): Promise<KnownRecord<Kind>[]> {
  const { records, cache, signal } = options
  const listed = inOrderOfId(options.listed ?? (await listObjects(records.driver, kind)))
  const kept = cache === undefined ? new Map<ObjectId, KnownRecord<Kind>>() : keptRecords(kind, cache)
  const loaded = new Map<ObjectId, KnownRecord<Kind>>()
  const queue = listed.values()
  const worker = async (): Promise<void> => {
    for (const info of queue) {
      signal?.throwIfAborted()
      const { id } = info.name
      const known = kept.get(id) ?? (await fetch(kind, info, options))
      if (known !== undefined) loaded.set(id, known)
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, records.driver.capabilities.concurrency) }, worker))
  const found = listed.map(({ name }) => loaded.get(name.id)).filter((record) => record !== undefined)
  const isKept = found.length === kept.size && found.every(({ object }) => kept.has(object))
  if (cache !== undefined && !isKept) cache.write(`${KIND_PREFIX}${kind}`, [encodeKept(kind, found)])
  return found
}

/** Keeps a record that this process made, as if it had been fetched and verified. */
export function keepRecord<Kind extends KnownKind>(kind: Kind, record: KnownRecord<Kind>, cache: LocalCache): void {
  const kept = keptRecords(kind, cache).set(record.object, record)
  cache.write(`${KIND_PREFIX}${kind}`, [encodeKept(kind, [...kept.values()])])
}

/** Returns what is kept of a record that was verified. */
export function knownRecord<Kind extends KnownKind>(opened: OpenedRecord<Kind>): KnownRecord<Kind> {
  const { id, realm, signer, inner, record } = opened
  return { object: id, realm, signer, innerHash: sha512(inner), record }
}

async function fetch<Kind extends KnownKind>(
  kind: Kind,
  { name: { id }, bytes }: ObjectInfo,
  { records, onProblem }: KnownRecordsOptions,
): Promise<KnownRecord<Kind> | undefined> {
  try {
    return knownRecord(await records.get(kind, id, bytes))
  } catch (error) {
    if (isOfForeignRealm(error)) return undefined
    // Removed since it was listed.
    if (error instanceof TidemarkError && error.code === 'NOT_FOUND') return undefined
    if (!isSurvivable(error)) throw error
    onProblem(error, id)
    return undefined
  }
}

function encodeKept<Kind extends KnownKind>(kind: Kind, records: readonly KnownRecord<Kind>[]): Uint8Array {
  return encodeCbor([
    VERSION,
    records.map(({ object, realm, signer, innerHash, record }) => {
      return [idBytes(object), idBytes(realm), idBytes(signer), innerHash, encodeRecordBody(kind, record)]
    }),
  ])
}

/** Returns what earlier processes verified, by object; nothing at all when any of it is not as this version writes it. */
export function keptRecords<Kind extends KnownKind>(kind: Kind, cache: LocalCache): Map<ObjectId, KnownRecord<Kind>> {
  const kept = new Map<ObjectId, KnownRecord<Kind>>()
  const bytes = cache.read(`${KIND_PREFIX}${kind}`)
  if (bytes === undefined) return kept
  try {
    const value = decodeCbor(bytes)
    if (!Array.isArray(value) || value[0] !== VERSION || !Array.isArray(value[1])) return kept
    for (const item of value[1] as readonly CborValue[]) {
      const [object, realm, signer, innerHash, body] = Array.isArray(item) ? (item as readonly CborValue[]) : []
      if (!(object instanceof Uint8Array && signer instanceof Uint8Array && body instanceof Uint8Array)) continue
      if (!(realm instanceof Uint8Array && innerHash instanceof Uint8Array) || innerHash.byteLength !== SHA512_BYTES)
        continue
      const id = hexId<ObjectId>(object)
      kept.set(id, {
        object: id,
        realm: hexId(realm),
        signer: hexId(signer),
        innerHash,
        record: decodeRecordBody(kind, body),
      })
    }
    return kept
  } catch (error) {
    if (error instanceof IntegrityError) return new Map()
    throw error
  }
}
