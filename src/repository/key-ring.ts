import { present } from '../base/assert.ts'
import { IntegrityError, KeyError } from '../base/errors.ts'
import type { RealmId, RepositoryId } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import { sign, signingKeyPair } from '../crypto/ed25519.ts'
import { hpkeOpen, hpkePublicKey, hpkeSeal } from '../crypto/hpke.ts'
import { keepSecret, wipe } from '../crypto/secret.ts'
import type { RepositoryConfig } from '../format/config.ts'
import type { BackupKeySet, BlobIdKeys, FullKeySet, KeySet, NamedRealm } from '../format/key-set.ts'
import { type BlobType, SEALED_WRITER_KEY_BYTES } from '../format/pack.ts'
import { deriveChunkerSeed, deriveIdKey, deriveMetadataKey, deriveSealingSeed, writerKeyInfo } from './key-tree.ts'

/** The keys of what deduplicates together and is read together. They live as long as their ring; nobody wipes them. */
export interface RealmKeys {
  readonly realm: RealmId
  readonly name: string
  /** The newest; generations count from 1. */
  readonly generation: number
  /**
   * Returns the 32-byte key that record keys of a generation derive from.
   * @throws {KeyError} WRONG_KEY: the generation is not in the key set.
   */
  metadataKey(generation: number): Uint8Array
  /** Returns the 32-byte key of the ids of one type of blob. */
  idKey(type: BlobType): Uint8Array
  /** 32 bytes. */
  readonly chunkerSeed: Uint8Array
  /** Returns the newest generation's X-Wing public key, 1216 bytes. */
  sealingPublicKey(): Uint8Array
  /** Returns `writerKey`, 32 bytes, sealed to the newest generation: 1168 bytes. */
  sealWriterKey(repository: RepositoryId, writerKey: Uint8Array): Uint8Array
  /**
   * Returns the 32-byte writer key that was sealed to a generation; the caller wipes it.
   * @throws {KeyError} KEY_NOT_FULL: a backup-only key set opens nothing. WRONG_KEY: the generation is unknown.
   * @throws {IntegrityError} AUTH_FAILED: it was not sealed to this realm in this repository.
   */
  openWriterKey(repository: RepositoryId, generation: number, sealed: Uint8Array): Uint8Array
}

/** All keys that an opened slot gives. Disposing of it wipes them. */
export interface KeyRing extends Disposable {
  /** Whether content can be read and the owner's signature given. */
  readonly full: boolean
  /** Ed25519, 32 bytes. */
  readonly ownerPublicKey: Uint8Array
  /**
   * Returns the owner's 64-byte signature of `message`.
   * @throws {KeyError} KEY_NOT_FULL
   */
  ownerSign(message: Uint8Array): Uint8Array
  /**
   * Returns the keys of a realm, `home` by default.
   * @throws {KeyError} WRONG_KEY: the key set does not hold it.
   */
  realm(id?: RealmId): RealmKeys
  /** Returns the realms of the key set; the first is the default. */
  realms(): RealmId[]
}

/**
 * Opens a key set. Ownership: the key set's secrets move into the ring and are wiped where they were.
 *
 * `randomness` feeds the sealing of writer keys.
 */
export function openKeyRing(set: KeySet, randomness: Randomness): KeyRing {
  return set.kind === 'full' ? new FullRing(set, randomness) : new BackupRing(set, randomness)
}

/** Tells whether a key ring has all that the owner says there is: whoever lacks some must not write. */
export function holdsAll(ring: KeyRing, config: Pick<RepositoryConfig, 'generation' | 'realms'>): boolean {
  const held = new Set(ring.realms())
  const hasRealms = !ring.full || config.realms.every((realm) => held.has(realm))
  return hasRealms && ring.realm().generation === config.generation
}

abstract class Ring implements KeyRing {
  abstract readonly full: boolean
  abstract readonly ownerPublicKey: Uint8Array
  abstract ownerSign(message: Uint8Array): Uint8Array
  abstract [Symbol.dispose](): void
  protected readonly opened: RealmKeyStore[] = []

  realm(id?: RealmId): RealmKeys {
    const found = id === undefined ? this.opened[0] : this.opened.find((keys) => keys.realm === id)
    if (found !== undefined) return found
    throw new KeyError('WRONG_KEY', `the opened key set does not hold realm ${id ?? ''}`, {
      context: { realm: id ?? '' },
      hint: 'Open the repository with a slot that holds this realm.',
    })
  }

  realms(): RealmId[] {
    return this.opened.map((keys) => keys.realm)
  }
}

class FullRing extends Ring {
  readonly full = true
  readonly ownerPublicKey: Uint8Array
  readonly #ownerSecretKey: Uint8Array

  constructor(set: FullKeySet, randomness: Randomness) {
    super()
    const pair = signingKeyPair(set.ownerSeed)
    this.ownerPublicKey = pair.publicKey
    this.#ownerSecretKey = keepSecret(pair.secretKey)
    for (const realm of set.realms) this.opened.push(fullRealm(set, realm, randomness))
    wipe(set.ownerSeed, ...set.generations)
  }

  ownerSign(message: Uint8Array): Uint8Array {
    return sign(message, this.#ownerSecretKey)
  }

  [Symbol.dispose](): void {
    wipe(this.#ownerSecretKey)
    for (const keys of this.opened) keys.wipe()
  }
}

class BackupRing extends Ring {
  readonly full = false
  readonly ownerPublicKey: Uint8Array

  constructor(set: BackupKeySet, randomness: Randomness) {
    super()
    this.ownerPublicKey = set.ownerPublicKey
    const { idKeys } = set
    this.opened.push(
      new RealmKeyStore(set.realm, randomness, {
        metadataKeys: set.metadataKeys.map(keepSecret),
        sealingSeeds: undefined,
        sealingPublicKey: set.sealingPublicKey,
        idKeys: {
          data: keepSecret(idKeys.data),
          tree: keepSecret(idKeys.tree),
          list: keepSecret(idKeys.list),
          detail: keepSecret(idKeys.detail),
        },
        chunkerSeed: keepSecret(set.chunkerSeed),
      }),
    )
  }

  ownerSign(): never {
    throw notFull('sign as the owner')
  }

  [Symbol.dispose](): void {
    for (const keys of this.opened) keys.wipe()
  }
}

function fullRealm(set: FullKeySet, realm: NamedRealm, randomness: Randomness): RealmKeyStore {
  const scopes = set.generations.map((master) => ({ master, realm: realm.id }))
  const first = present(scopes[0], 'the first generation')
  const idKey = (type: BlobType): Uint8Array => keepSecret(deriveIdKey(first, type))
  return new RealmKeyStore(realm, randomness, {
    metadataKeys: scopes.map((scope) => keepSecret(deriveMetadataKey(scope))),
    sealingSeeds: scopes.map((scope) => keepSecret(deriveSealingSeed(scope))),
    sealingPublicKey: undefined,
    // A rotation must not end deduplication.
    idKeys: { data: idKey('data'), tree: idKey('tree'), list: idKey('list'), detail: idKey('detail') },
    chunkerSeed: keepSecret(deriveChunkerSeed(first)),
  })
}

interface RealmSecrets {
  readonly metadataKeys: readonly Uint8Array[]
  /** Of a full key set only. */
  readonly sealingSeeds: readonly Uint8Array[] | undefined
  /** Of a backup-only key set only: it must come from there, never from `config`. */
  readonly sealingPublicKey: Uint8Array | undefined
  readonly idKeys: BlobIdKeys
  readonly chunkerSeed: Uint8Array
}

class RealmKeyStore implements RealmKeys {
  readonly realm: RealmId
  readonly name: string
  readonly generation: number
  readonly chunkerSeed: Uint8Array
  readonly #secrets: RealmSecrets
  readonly #randomness: Randomness
  #publicKey: Uint8Array | undefined

  constructor(realm: NamedRealm, randomness: Randomness, secrets: RealmSecrets) {
    this.realm = realm.id
    this.name = realm.name
    this.generation = secrets.metadataKeys.length
    this.chunkerSeed = secrets.chunkerSeed
    this.#secrets = secrets
    this.#randomness = randomness
  }

  metadataKey(generation: number): Uint8Array {
    return this.#ofGeneration(this.#secrets.metadataKeys, generation)
  }

  idKey(type: BlobType): Uint8Array {
    return this.#secrets.idKeys[type]
  }

  sealingPublicKey(): Uint8Array {
    return (this.#publicKey ??= this.#secrets.sealingPublicKey ?? this.#derivePublicKey())
  }

  sealWriterKey(repository: RepositoryId, writerKey: Uint8Array): Uint8Array {
    return hpkeSeal(writerKey, {
      publicKey: this.sealingPublicKey(),
      info: writerKeyInfo(repository, this.realm),
      randomness: this.#randomness,
    })
  }

  openWriterKey(repository: RepositoryId, generation: number, sealed: Uint8Array): Uint8Array {
    const { sealingSeeds } = this.#secrets
    if (sealingSeeds === undefined) throw readsNothing()
    const seed = this.#ofGeneration(sealingSeeds, generation)
    const info = writerKeyInfo(repository, this.realm)
    const key = sealed.byteLength === SEALED_WRITER_KEY_BYTES ? hpkeOpen(sealed, { seed, info }) : undefined
    if (key !== undefined) return key
    throw new IntegrityError(
      'AUTH_FAILED',
      `a writer key does not open in realm ${this.realm}, generation ${generation}`,
      {
        context: { realm: this.realm, generation },
        hint: 'What was written with it is damaged or forged: run `tidemark check`.',
      },
    )
  }

  wipe(): void {
    const { metadataKeys, sealingSeeds, idKeys, chunkerSeed } = this.#secrets
    wipe(...metadataKeys, ...(sealingSeeds ?? []), idKeys.data, idKeys.tree, idKeys.list, idKeys.detail, chunkerSeed)
  }

  #derivePublicKey(): Uint8Array {
    const seeds = present(this.#secrets.sealingSeeds, 'the sealing seeds of a full key set')
    return hpkePublicKey(this.#ofGeneration(seeds, this.generation))
  }

  #ofGeneration(keys: readonly Uint8Array[], generation: number): Uint8Array {
    const key = keys[generation - 1]
    if (key !== undefined) return key
    throw new KeyError('WRONG_KEY', `the opened key set has no generation ${generation} of realm ${this.realm}`, {
      context: { realm: this.realm, generation },
      hint: 'The keys were rotated: open the repository with a slot that took part.',
    })
  }
}

/** The error of a holder of a backup-only key who wants to read. */
export function readsNothing(): KeyError {
  return notFull('read what was backed up')
}

function notFull(wish: string): KeyError {
  return new KeyError('KEY_NOT_FULL', `a backup-only key cannot ${wish}`, {
    hint: 'Open the repository with a password, key file or recovery code of the owner.',
  })
}
