import type { Clock } from '../base/clock.ts'
import { IntegrityError, type TidemarkError } from '../base/errors.ts'
import type { RealmId, RepositoryId } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import { CHUNKER_DEFAULT } from '../format/chunker-parameters.ts'
import type { RepositoryConfig } from '../format/config.ts'
import type { Driver } from '../storage/driver.ts'
import { listInTurn } from '../storage/list-in-turn.ts'
import { BlobReader, type BlobReaderOptions } from './blob-reader.ts'
import { chooseConfig } from './config-store.ts'
import { type Instance, type InstanceStore, type NewInstance, openInstance } from './instance-key.ts'
import { KeptObjects, type KeptObjectsOptions } from './kept-objects.ts'
import type { KeyRing, RealmKeys } from './key-ring.ts'
import type { LocalCache } from './local-cache.ts'
import { type OpenedKeys, openKeys, type OpenKeysOptions } from './open-keys.ts'
import type { OpeningObjects } from './opening-objects.ts'
import { keepRecord, keptRecords, knownRecord } from './known-records.ts'
import { POINT_KINDS, PointChain, type PointChainOptions } from './point-chain.ts'
import { RecordStore } from './record-store.ts'
import { type IndexLoadOptions, RepositoryIndex } from './repository-index.ts'
import { revisionMemoryIn } from './revision-memory.ts'
import type { OpeningKey } from './slot-key.ts'
import { TreePackKeys } from './tree-pack-keys.ts'

/** What every opened repository stands on. */
export interface RepositoryPorts {
  /** Stays the caller's to dispose of, after the repository. */
  readonly driver: Driver
  /** The local cache, or how to make it once the repository's id is known. */
  readonly cache?: LocalCache | ((repository: RepositoryId) => LocalCache | undefined) | undefined
  readonly instanceStore: InstanceStore
  /** Asked when this machine has no instance yet. */
  readonly describeInstance: () => NewInstance
  readonly clock: Clock
  readonly randomness: Randomness
  /** Which realm of the key set is worked in; its first by default. */
  readonly realm?: RealmId
  /** Told of all damage that does not keep anything from going on. */
  readonly onProblem?: ((problem: TidemarkError) => void) | undefined
}

export interface OpenRepositoryOptions extends RepositoryPorts {
  /** Stays the caller's to wipe. */
  readonly secret: OpeningKey
  /** How to look for the slot. */
  readonly keys?: Pick<OpenKeysOptions, 'first' | 'pending' | 'rebuildConfig' | 'memory' | 'objects' | 'onDerived'>
}

/**
 * Opens a repository with a secret.
 *
 * @throws {StorageError} NO_REPOSITORY, and every failure of the driver.
 * @throws {KeyError} WRONG_PASSWORD, WRONG_KEY, SLOT_DAMAGED, UNKNOWN_SLOT, KDF_BOUNDS
 * @throws {IntegrityError} BAD_SIGNATURE: the config is not the owner's. ROLLED_BACK, CONFIG_CONFLICT, RECORD_MISSING,
 * UNSUPPORTED_VERSION, UNSUPPORTED_FEATURE.
 */
export async function openRepository(options: OpenRepositoryOptions): Promise<Repository> {
  const { driver, secret, randomness, onProblem } = options
  const keys = await openKeys(driver, secret, {
    randomness,
    ...options.keys,
    ...(onProblem === undefined ? {} : { onProblem }),
  })
  try {
    const repository = await openWithKeys(keys, options, options.keys?.rebuildConfig ?? false)
    learnInstances(repository, options.keys?.objects)
    return repository
  } catch (error) {
    keys[Symbol.dispose]()
    throw error
  }
}

/** Opens a repository whose keys are open, such as one that was just created. It owns `keys` from then on. */
export async function openWithKeys(
  keys: OpenedKeys,
  ports: RepositoryPorts,
  isConfigRebuilt = false,
): Promise<Repository> {
  const { instanceStore, describeInstance: describe, clock, randomness } = ports
  const cache = typeof ports.cache === 'function' ? ports.cache(keys.repository) : ports.cache
  if (cache !== undefined) {
    // Only now is it known which repository this is, and what was seen of it.
    const memory = revisionMemoryIn(cache)
    const { ownerPublicKey } = keys.ring
    if (isConfigRebuilt) memory.write(keys.config.revision)
    else chooseConfig([{ id: keys.configId, config: keys.config }], { ownerPublicKey, memory })
  }
  const instance = await openInstance(instanceStore, { describe, clock, randomness })
  return new Repository(keys, ports, { cache, instance })
}

/** Hands over what is known of the instances that the store has just listed. */
function learnInstances({ records, cache }: Repository, objects: OpeningObjects | undefined): void {
  if (objects === undefined) return
  const listed = objects.instances
  const kept = cache === undefined || listed.length === 0 ? undefined : keptRecords('instances', cache)
  const known = listed.flatMap(({ name }) => kept?.get(name.id) ?? [])
  records.learn(known, { areAll: known.length === listed.length })
}

/**
 * An opened repository. While nothing is asked of it, it holds its keys and nothing else.
 *
 * Index and points are loaded when they are first asked for and kept until they are released or loaded anew. Disposing
 * of it wipes every key; the driver stays open.
 */
export class Repository implements Disposable {
  readonly id: RepositoryId
  readonly driver: Driver
  readonly config: RepositoryConfig
  readonly keys: OpenedKeys
  readonly keyRing: KeyRing
  /** The keys of the realm that was chosen: by default `home`, or the only one of a backup-only key set. */
  readonly realm: RealmKeys
  readonly records: RecordStore
  readonly instance: Instance
  readonly cache: LocalCache | undefined
  /** Of a backup-only key: for its own runs alone, which `indexForRun` serves. */
  readonly treePackKeys: TreePackKeys | undefined
  readonly #onProblem: ((problem: TidemarkError) => void) | undefined
  readonly #randomness: Randomness
  readonly #foreignRecords = new Map<RealmId, RecordStore>()
  #index: { readonly loading: Promise<RepositoryIndex>; readonly forWriting: boolean } | undefined
  #blobs: { readonly reader: BlobReader; readonly index: RepositoryIndex } | undefined
  #chain: Promise<PointChain> | undefined

  constructor(
    keys: OpenedKeys,
    { driver, randomness, realm, onProblem }: Pick<RepositoryPorts, 'driver' | 'randomness' | 'realm' | 'onProblem'>,
    { cache, instance }: { readonly cache: LocalCache | undefined; readonly instance: Instance },
  ) {
    this.id = keys.repository
    this.driver = driver
    this.config = keys.config
    this.keys = keys
    this.keyRing = keys.ring
    this.realm = keys.ring.realm(realm)
    const common = { driver, repository: keys.repository, ring: keys.ring, randomness }
    this.records = new RecordStore({
      ...common,
      realm: this.realm.realm,
      onRegistered: cache && ((made) => keepRecord('instances', knownRecord(made), cache)),
    })
    this.instance = instance
    this.cache = cache
    this.treePackKeys = keys.ring.full ? undefined : new TreePackKeys(cache)
    this.#onProblem = onProblem
    this.#randomness = randomness
  }

  /**
   * Refuses a use for which the repository needs what this version does not know.
   * @throws {IntegrityError} UNSUPPORTED_FEATURE
   */
  requireFeatures(use: 'write' | 'prune'): void {
    // This version knows of no features.
    const { chunker, features } = this.config
    // Readers need nothing of it. A writer that cuts otherwise than the others would store everything once more.
    const isCutOtherwise = use === 'write' && chunker.normalisation !== CHUNKER_DEFAULT.normalisation
    const unknown = features[use][0] ?? (isCutOtherwise ? `normalisation ${chunker.normalisation}` : undefined)
    if (unknown === undefined) return
    const verb = use === 'write' ? 'written to' : 'pruned'
    throw new IntegrityError('UNSUPPORTED_FEATURE', `the repository needs the feature ${unknown} to be ${verb}`, {
      context: { feature: unknown },
      hint: 'A later version of Tidemark changed it: update this one.',
    })
  }

  /**
   * Returns the index, loaded once. One that was loaded for reading is loaded anew for writing.
   * @throws as `RepositoryIndex.load`
   */
  async index(options: Pick<IndexLoadOptions, 'forWriting' | 'signal'> = {}): Promise<RepositoryIndex> {
    const forWriting = options.forWriting ?? false
    if (this.#index !== undefined && (this.#index.forWriting || !forWriting)) return this.#index.loading
    this.releaseIndex()
    const { driver, id: repository, records, realm, cache } = this
    const onProblem = this.#onProblem
    const loading = RepositoryIndex.load({ driver, repository, records, realm, cache, onProblem, ...options })
    const index = { loading, forWriting }
    this.#index = index
    // What failed may be asked for again.
    loading.catch(() => {
      if (this.#index === index) this.#index = undefined
    })
    return loading
  }

  /**
   * Returns an index that is nobody else's, as the store is now: a run claims blobs in it that it may never store. The
   * caller disposes of it.
   *
   * @throws as `RepositoryIndex.load`
   */
  async indexForRun(options: Pick<IndexLoadOptions, 'stored' | 'listed' | 'withGone'> = {}): Promise<RepositoryIndex> {
    const { driver, id: repository, records, realm, cache, treePackKeys } = this
    const onProblem = this.#onProblem
    const common = { driver, repository, records, realm, cache, onProblem }
    return RepositoryIndex.load({ ...common, ...options, treePackKeys, forWriting: true })
  }

  /**
   * Returns an index that is nobody else's, with nothing passed over that cannot be read: what is to be deleted must not
   * depend on it. The caller disposes of it.
   * @throws as `RepositoryIndex.load`
   */
  async wholeIndex(signal?: AbortSignal): Promise<RepositoryIndex> {
    const { driver, id: repository, records, realm, cache } = this
    return RepositoryIndex.load({ driver, repository, records, realm, cache, signal })
  }

  /**
   * Returns the same repository in another realm of the opened keys. It keeps nothing locally; the keys stay those of this one,
   * so it is not disposed of.
   */
  inRealm(realm: RealmId): Repository {
    if (realm === this.realm.realm) return this
    const { driver, instance } = this
    const ports = { driver, randomness: this.#randomness, realm, onProblem: this.#onProblem }
    return new Repository(this.keys, ports, { cache: undefined, instance })
  }

  /**
   * Returns the same repository with `driver` in the place of its own, such as one that only rehearses. What is kept locally is used and not
   * changed; the keys stay those of this one, so it is not disposed of.
   */
  over(driver: Driver): Repository {
    const ports = { driver, randomness: this.#randomness, realm: this.realm.realm, onProblem: this.#onProblem }
    return new Repository(this.keys, ports, { cache: this.cache?.frozen(), instance: this.instance })
  }

  /** Returns the records of a realm of the opened keys, the chosen one by default: what is put there, its holders can read. */
  recordsIn(realm: RealmId = this.realm.realm): RecordStore {
    if (realm === this.realm.realm) return this.records
    let records = this.#foreignRecords.get(realm)
    if (records === undefined) {
      const { driver, id: repository, keyRing: ring } = this
      records = new RecordStore({ driver, repository, ring, randomness: this.#randomness, realm })
      this.#foreignRecords.set(realm, records)
    }
    return records
  }

  /** Where what was put is kept on this machine, for whoever looks at it next and would fetch it. */
  kept(kind: KeptObjectsOptions['kind']): KeptObjects | undefined {
    const { cache, driver } = this
    return cache && new KeptObjects(cache, { driver, kind })
  }

  /** Returns a reader of blobs over `index()`. */
  async blobs(): Promise<BlobReader> {
    const index = await this.index()
    if (this.#blobs?.index === index) return this.#blobs.reader
    const reader = this.blobsIn(index)
    this.#blobs = { reader, index }
    return reader
  }

  /** Returns a new reader of blobs over an index of this repository; with `cache: undefined`, what it reads is in the store. */
  blobsIn(index: RepositoryIndex, options: Pick<BlobReaderOptions, 'cacheBytesMax' | 'cache'> = {}): BlobReader {
    const { driver, id: repository, realm, cache } = this
    return new BlobReader({ driver, repository, realm, cache, index, onProblem: this.#onProblem, ...options })
  }

  /**
   * Returns all points; with `reload`, as they are now.
   * @throws as `PointChain.load`
   */
  async chain(
    options: { readonly reload?: boolean } & Pick<PointChainOptions, 'listed' | 'signal'> = {},
  ): Promise<PointChain> {
    if (this.#chain !== undefined && options.reload !== true) return this.#chain
    const { id: repository, records, keyRing: ring, cache } = this
    const { listed, signal } = options
    const loading = PointChain.load({ repository, records, ring, cache, listed, signal })
    this.#chain = loading
    loading.catch(() => {
      if (this.#chain === loading) this.#chain = undefined
    })
    return loading
  }

  /**
   * Returns all points as they are now, while the index is loaded, too: for whoever reads trees of one next.
   * @throws as `PointChain.load`; what is wrong with the index, `index` throws.
   */
  async chainAndIndex(signal?: AbortSignal): Promise<PointChain> {
    // Points first: the index could lack what one needs that was made in between.
    const listed = await listInTurn(this.driver, [POINT_KINDS], signal)
    this.index({ signal }).catch(() => undefined)
    return this.chain({ reload: true, listed, signal })
  }

  /** Gives back the memory of index and blobs; whoever still uses them must be done. */
  releaseIndex(): void {
    const released = this.#index
    this.#index = undefined
    this.#blobs = undefined
    released?.loading.then(
      (index) => index[Symbol.dispose](),
      () => undefined,
    )
  }

  [Symbol.dispose](): void {
    this.releaseIndex()
    this.#chain = undefined
    this.treePackKeys?.[Symbol.dispose]()
    this.keys[Symbol.dispose]()
  }
}
