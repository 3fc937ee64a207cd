import { IntegrityError, KeyError, TidemarkError } from '../base/errors.ts'
import type { InstanceId, ObjectId, RealmId, RepositoryId } from '../base/ids.ts'
import { INDEX_BYTES_MAX, RECORD_BYTES_MAX } from '../base/limits.ts'
import type { Randomness } from '../base/random.ts'
import { verify } from '../crypto/ed25519.ts'
import { ENVELOPE_SALT_BYTES, signatureInput } from '../format/envelope.ts'
import { decodeIndex, encodeIndex } from '../format/index-codec.ts'
import type { IndexColumns } from '../format/index-file.ts'
import { decodeRecordBody, encodeRecordBody } from '../format/record-codec.ts'
import type { InstanceRecord, RecordBodies, RecordKind } from '../format/records.ts'
import { type Driver, objectPath } from '../storage/driver.ts'
import { type Instance, instanceIdOf } from './instance-key.ts'
import type { KeyRing } from './key-ring.ts'
import { openRecord, sealInner, sealRecord, type UnverifiedRecord } from './record-seal.ts'
import { certifyInstance, hasValidCertificate } from './signing.ts'
import { listIds, listObjects, putObject, readObject } from './stored-object.ts'

/** What records of every kind hold. */
export interface RecordContents extends RecordBodies {
  readonly index: IndexColumns
}

/** A record that decrypted, whose signature verified, and whose body decoded. */
export interface OpenedRecord<Kind extends RecordKind> {
  readonly id: ObjectId
  readonly kind: Kind
  readonly realm: RealmId
  readonly signer: InstanceId
  /** Body, signer and signature as they were encrypted: what hashes of a record are over. */
  readonly inner: Uint8Array
  readonly record: RecordContents[Kind]
}

export interface RecordStoreOptions {
  readonly driver: Driver
  readonly repository: RepositoryId
  readonly ring: KeyRing
  readonly randomness: Randomness
  /** Where new records belong; the key ring's first realm by default. Records of all its realms can be read. */
  readonly realm?: RealmId
  /** Told of the record of an instance that had none. */
  readonly onRegistered?: ((made: OpenedRecord<'instances'>) => void) | undefined
}

/** Room for the envelope around a record. */
const ENVELOPE_BYTES_MAX = 1024

/** Seals, stores and opens the records of a repository. Public keys of instances are looked up once. */
export class RecordStore {
  readonly driver: Driver
  readonly repository: RepositoryId
  readonly #ring: KeyRing
  readonly #randomness: Randomness
  readonly #realm: RealmId | undefined
  readonly #onRegistered: RecordStoreOptions['onRegistered']
  readonly #publicKeys = new Map<InstanceId, Uint8Array>()
  /** Instances with a record in the realm that new records belong to. */
  readonly #registered = new Set<InstanceId>()
  readonly #seen = new Set<ObjectId>()
  /** The store was seen to list no record of an instance beside those. */
  #hasSeenAll = false
  #searching: Promise<void> = Promise.resolve()

  constructor(options: RecordStoreOptions) {
    this.driver = options.driver
    this.repository = options.repository
    this.#ring = options.ring
    this.#randomness = options.randomness
    this.#realm = options.realm
    this.#onRegistered = options.onRegistered
  }

  /** Returns the ids of all records of `kind`, in ascending order. */
  async list(kind: RecordKind): Promise<ObjectId[]> {
    return listIds(this.driver, kind)
  }

  /**
   * Stores a record; the signer's own record is put first where the repository has none.
   *
   * Returns the object's id and size, what it was stored as, and the inner bytes that later records may name by hash. Once resolved: durable.
   * @throws {StorageError} as `Driver.put`
   */
  async put<Kind extends RecordKind>(
    kind: Kind,
    record: RecordContents[Kind],
    signer: Instance,
  ): Promise<{ id: ObjectId; inner: Uint8Array; parts: readonly Uint8Array[]; bytes: number }> {
    if (kind !== 'instances') await this.register(signer)
    const realm = this.#ring.realm(this.#realm)
    const salt = this.#randomness.bytes(ENVELOPE_SALT_BYTES)
    const body = encodeBody(kind, record)
    const { parts, inner } = sealRecord(body, { kind, repository: this.repository, realm, signer, salt })
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
    return { id: await putObject(this.driver, kind, parts), inner, parts, bytes }
  }

  /**
   * Stores a record anew that was signed for this repository, and went bad or missing since. Once resolved: durable.
   *
   * @param inner as it was encrypted; verified by the caller.
   * @throws {StorageError} as `Driver.put`
   */
  async putAgain(kind: RecordKind, inner: Uint8Array): Promise<ObjectId> {
    const realm = this.#ring.realm(this.#realm)
    const salt = this.#randomness.bytes(ENVELOPE_SALT_BYTES)
    const { parts } = sealInner(inner, { kind, repository: this.repository, realm, salt })
    return putObject(this.driver, kind, parts)
  }

  /**
   * Takes over what was verified before, of instances whose records are there: nothing is asked of the store for them, nor,
   * where they are all that it lists, to find out who has none.
   */
  learn(
    instances: Iterable<Pick<OpenedRecord<'instances'>, 'realm' | 'record'> & { readonly object: ObjectId }>,
    { areAll = false } = {},
  ): void {
    this.#hasSeenAll ||= areAll
    const own = this.#ring.realm(this.#realm).realm
    for (const { object, realm, record } of instances) {
      this.#publicKeys.set(record.instance, record.publicKey)
      if (realm === own) this.#registered.add(record.instance)
      this.#seen.add(object)
    }
  }

  /**
   * Returns a record, every doubt about it settled. `listedBytes`, where a listing told its size, saves asking for it.
   * @throws {IntegrityError} ID_MISMATCH, AUTH_FAILED, BAD_SIGNATURE, MALFORMED, UNSUPPORTED_VERSION; the message
   * names the object.
   * @throws {KeyError} WRONG_KEY: of a realm or generation that the key set lacks.
   * @throws {StorageError} NOT_FOUND and every other failure of the driver.
   */
  async get<Kind extends RecordKind>(kind: Kind, id: ObjectId, listedBytes?: number): Promise<OpenedRecord<Kind>> {
    const bytesMax = (kind === 'index' ? INDEX_BYTES_MAX : RECORD_BYTES_MAX) + ENVELOPE_BYTES_MAX
    return this.open(kind, id, await readObject(this.driver, { kind, id }, bytesMax, listedBytes))
  }

  /** Opens a record's bytes, which the caller has checked against their id, as `get` does. */
  async open<Kind extends RecordKind>(kind: Kind, id: ObjectId, bytes: Uint8Array): Promise<OpenedRecord<Kind>> {
    try {
      const unverified = openRecord(bytes, { kind, repository: this.repository, ring: this.#ring })
      const { realm, signer, inner, body } = unverified
      await this.#verify(kind, unverified)
      return { id, kind, realm, signer, inner, record: decodeBody(kind, body) }
    } catch (error) {
      throw named(error, objectPath({ kind, id }))
    }
  }

  /**
   * Makes sure that whoever reads the realm's records knows an instance's public key; certified when the owner's key is
   * open.
   */
  async register(instance: Instance): Promise<void> {
    if (this.#registered.has(instance.id)) return
    // Known from another realm is not known to who holds this one alone: a look at all records tells.
    if (!this.#hasSeenAll) await this.#searchOnce(instance.id)
    if (this.#registered.has(instance.id)) return
    const { id: signer, name, host, user, publicKey, created } = instance
    const described = { instance: signer, name, host, user, publicKey, created }
    const record = certifyInstance(this.#ring, this.repository, described)
    const { id, inner } = await this.put('instances', record, instance)
    const { realm } = this.#ring.realm(this.#realm)
    this.learn([{ object: id, realm, record }])
    this.#onRegistered?.({ id, kind: 'instances', realm, signer, inner, record })
  }

  async #verify(kind: RecordKind, record: UnverifiedRecord): Promise<void> {
    const publicKey = kind === 'instances' ? this.#instanceKey(record) : await this.publicKeyOf(record.signer)
    if (publicKey === undefined) {
      throw badSignature(`no record names instance ${record.signer}, which signed it`, { instance: record.signer })
    }
    const message = signatureInput(kind, this.repository, record.body)
    if (verify(message, { signature: record.signature, publicKey })) return
    throw badSignature(`it is not by instance ${record.signer}, which it names`)
  }

  /** An instance's record brings its own key, which its id must belong to. */
  #instanceKey({ body, signer }: UnverifiedRecord): Uint8Array {
    const record: InstanceRecord = decodeRecordBody('instances', body)
    if (record.instance !== signer) throw badSignature('it describes another instance than signed it')
    if (instanceIdOf(record.publicKey) !== record.instance) throw badSignature("its key is not its instance's")
    if (!hasValidCertificate(this.#ring, this.repository, record))
      throw badSignature('its certificate is not the owner’s')
    return record.publicKey
  }

  /** Returns the public key of an instance, or `undefined` when no valid record of it is there. */
  async publicKeyOf(id: InstanceId): Promise<Uint8Array | undefined> {
    const known = this.#publicKeys.get(id)
    if (known !== undefined) return known
    await this.#searchOnce(id, this.#publicKeys)
    return this.#publicKeys.get(id)
  }

  /** Looks at all records of instances that were not seen yet, unless an earlier search made `wanted` known by then. */
  async #searchOnce(
    wanted: InstanceId,
    known: { readonly has: (id: InstanceId) => boolean } = this.#registered,
  ): Promise<void> {
    // One search at a time: many records of one new instance must not list once each.
    const search = this.#searching.then(() => (known.has(wanted) ? undefined : this.#search()))
    this.#searching = search.catch(() => undefined)
    await search
  }

  async #search(): Promise<void> {
    for (const { name, bytes } of await listObjects(this.driver, 'instances')) {
      if (this.#seen.has(name.id)) continue
      try {
        const { record, realm } = await this.get('instances', name.id, bytes)
        this.learn([{ object: name.id, record, realm }])
      } catch (error) {
        // A damaged or foreign record of some instance must not hide the one that is wanted; `check` reports it.
        // It is looked at again: a repair may put the right bytes in its place.
        if (error instanceof IntegrityError) continue
        if (!(error instanceof KeyError)) throw error
        this.#seen.add(name.id)
      }
    }
  }
}

function encodeBody<Kind extends RecordKind>(kind: Kind, record: RecordContents[Kind]): Uint8Array {
  if (kind === 'index') return encodeIndex(record as IndexColumns)
  return encodeRecordBody<keyof RecordBodies>(kind, record as RecordBodies[keyof RecordBodies])
}

function decodeBody<Kind extends RecordKind>(kind: Kind, body: Uint8Array): RecordContents[Kind] {
  if (kind === 'index') return decodeIndex(body) as RecordContents[Kind]
  return decodeRecordBody(kind, body) as RecordContents[Kind]
}

/** `instance` is the signer whose record is missing, where that is all that is wrong. */
function badSignature(problem: string, context: { readonly instance?: InstanceId } = {}): IntegrityError {
  return new IntegrityError('BAD_SIGNATURE', `its signature does not verify: ${problem}`, {
    context,
    hint: 'Somebody with a key of this repository forged it, or the record of its instance is lost: run `tidemark check`.',
  })
}

/** Says which object an error is about. */
function named(error: unknown, object: string): unknown {
  if (!(error instanceof TidemarkError) || error.context['object'] !== undefined) return error
  const details = {
    cause: error,
    context: { ...error.context, object },
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  }
  const message = `${object} cannot be read: ${error.message}`
  if (error instanceof IntegrityError) return new IntegrityError(error.code, message, details)
  if (error instanceof KeyError) return new KeyError(error.code, message, details)
  return error
}
