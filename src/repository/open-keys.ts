import type { Timespec } from '../base/clock.ts'
import { present } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { IntegrityError, KeyError, StorageError, type TidemarkError } from '../base/errors.ts'
import type { ObjectId, RepositoryId } from '../base/ids.ts'
import { FRAME_BYTES_TARGET, PACK_BYTES_TARGET } from '../base/limits.ts'
import type { Randomness } from '../base/random.ts'
import { keepSecret, wipe } from '../crypto/secret.ts'
import { CONFIG_SUITE, type ConfigSlot, type RepositoryConfig } from '../format/config.ts'
import { decodeKeySet } from '../format/key-set.ts'
import type { DecodedSlot, SlotContent } from '../format/slot.ts'
import type { Driver } from '../storage/driver.ts'
import {
  chooseConfig,
  configMissing,
  putConfig,
  readConfigs,
  type RevisionMemory,
  type StoredConfig,
} from './config-store.ts'
import { holdsAll, type KeyRing, openKeyRing } from './key-ring.ts'
import { openKeyUpdate, readKeyUpdate, readKeyUpdates, type StoredUpdate } from './key-updates.ts'
import type { OpeningObjects } from './opening-objects.ts'
import { type DerivedSlotKey, deriveSlotKey, type OpeningKey, slotDamaged, unwrapSlot } from './slot-key.ts'
import { isRemovedSlot } from './slot-removal.ts'
import { type PendingSlotKey, readSlots, type StoredSlot } from './slots.ts'
import type { ObjectSource } from './stored-object.ts'

/** A repository's keys and config, opened with one slot. Disposing of it wipes every key. */
export interface OpenedKeys extends Disposable {
  readonly repository: RepositoryId
  readonly ring: KeyRing
  readonly config: RepositoryConfig
  readonly configId: ObjectId
  /** The slot that opened. */
  readonly slot: ObjectId
  readonly label: string
  readonly created: Timespec
  /** The encoded key set, to be wrapped in further slots. */
  readonly keySet: Uint8Array
}

export interface OpenKeysOptions {
  /** Feeds what is sealed later on. */
  readonly randomness: Randomness
  readonly memory?: RevisionMemory
  /** The slot to try first, such as the one that opened last time. */
  readonly first?: ObjectId
  /** A derivation that was started before; its slot is tried first. */
  readonly pending?: PendingSlotKey
  /** What was asked of the store before. */
  readonly objects?: OpeningObjects
  /** Makes a lost config anew from the slot and stores it; `check --repair` says so. */
  readonly rebuildConfig?: boolean
  /** Is given what the slot that opened derives its keys from, to open it again without a derivation; its own to wipe. */
  readonly onDerived?: (derived: DerivedSlotKey) => void
  /** Told about damaged slots and configs that did not keep the repository from opening. */
  readonly onProblem?: (problem: TidemarkError) => void
}

/**
 * Opens a repository's keys: tries the slots of the secret's kind one after the other, the newest first; of a derived key,
 * its slot alone.
 *
 * @throws {StorageError} NO_REPOSITORY: neither config nor slots are there.
 * @throws {KeyError} WRONG_PASSWORD, or WRONG_KEY for key files and recovery codes; SLOT_DAMAGED: nothing but damaged
 * slots, or none at all, is left to try; UNKNOWN_SLOT: no slot is of this kind, or that of a derived key is gone; KDF_BOUNDS.
 * @throws {IntegrityError} as `readConfigs` and `chooseConfig`; RECORD_MISSING: there is no config any more.
 */
export async function openKeys(driver: Driver, secret: OpeningKey, options: OpenKeysOptions): Promise<OpenedKeys> {
  const from = options.objects ?? driver
  const [configs, slots] = await Promise.all([usableConfigs(from, options), readSlots(from)])
  if (slots.length === 0) throw configs.length === 0 ? noRepository(driver) : slotsLost(driver)
  const first = options.pending?.slot ?? options.first
  const problems = slots.flatMap((stored) => (stored.slot === undefined ? [stored.problem] : []))
  const unread = new Set(problems)
  let wrong = 0
  let fitting: TidemarkError | undefined
  for (const stored of inOrder(slots, configs.at(-1)?.config, first)) {
    const { id, slot } = stored
    if (slot === undefined || !fits(id, slot, secret)) continue
    const opened = await orDamaged(problems, async () => {
      const content = await tryOpen(id, slot, { secret, ...options })
      return content && finish({ driver, configs, slots, options }, { id, slot }, content)
    })
    if (opened === 'damaged') {
      // The secret is this slot's for certain: that others do not open with it is no news.
      fitting ??= problems.find((problem) => problem.code === 'SLOT_DAMAGED' && !unread.has(problem))
      continue
    }
    if (opened === undefined) {
      wrong++
      continue
    }
    for (const problem of problems) options.onProblem?.(problem)
    return opened
  }
  throw fitting ?? notOpened(secret, wrong, problems)
}

/** A config whose bytes are not those of its name is as good as none where one is to be made anew. */
async function usableConfigs(from: ObjectSource, options: OpenKeysOptions): Promise<StoredConfig[]> {
  try {
    return await readConfigs(from, options.onProblem)
  } catch (error) {
    const isRotten = error instanceof IntegrityError && error.code === 'ID_MISMATCH'
    if (!isRotten || options.rebuildConfig !== true) throw error
    options.onProblem?.(error)
    return []
  }
}

/** Puts the slot that opened last time first, then the config's, newest first, then those that it does not list. */
function inOrder(slots: StoredSlot[], config: RepositoryConfig | undefined, first: ObjectId | undefined): StoredSlot[] {
  const places = new Map(config?.slots.map(({ id }, i) => [id, i] as const) ?? [])
  const rank = (id: ObjectId): number => (id === first ? Infinity : (places.get(id) ?? -1))
  return slots.toSorted((a, b) => (rank(a.id) === rank(b.id) ? 0 : rank(b.id) - rank(a.id)))
}

/** Whether a secret may be that of a slot. */
function fits(id: ObjectId, slot: DecodedSlot, secret: OpeningKey): boolean {
  return secret.kind === 'derived' ? secret.slot === id : secret.kind === slot.header.kind
}

async function tryOpen(
  id: ObjectId,
  slot: DecodedSlot,
  how: { readonly secret: OpeningKey } & Pick<OpenKeysOptions, 'pending' | 'onDerived'>,
): Promise<SlotContent | undefined> {
  const derived = await derivedFor(id, slot, how)
  try {
    const content = unwrapSlot(id, slot, derived)
    if (content !== undefined) how.onDerived?.({ kind: 'derived', slot: id, bytes: Uint8Array.from(derived) })
    return content
  } finally {
    wipe(derived)
  }
}

async function derivedFor(
  id: ObjectId,
  { header }: DecodedSlot,
  { secret, pending }: { readonly secret: OpeningKey } & Pick<OpenKeysOptions, 'pending'>,
): Promise<Uint8Array> {
  if (secret.kind === 'derived') return Uint8Array.from(secret.bytes)
  return pending?.slot === id ? pending.key : deriveSlotKey(header, secret)
}

/** What is wrong with one slot must not keep another from being tried. */
async function orDamaged<T>(problems: TidemarkError[], open: () => Promise<T>): Promise<T | 'damaged'> {
  try {
    return await open()
  } catch (error) {
    if (!(error instanceof KeyError)) throw error
    problems.push(error)
    return 'damaged'
  }
}

interface Store {
  readonly driver: Driver
  readonly configs: readonly StoredConfig[]
  readonly slots: readonly StoredSlot[]
  readonly options: OpenKeysOptions
}

/**
 * Returns the opened keys, or `undefined` when the owner removed the slot, or left it out when the keys were changed.
 * @throws {KeyError} SLOT_DAMAGED: what the slot's key set is now cannot be read.
 */
async function finish(
  store: Store,
  { id, slot }: { readonly id: ObjectId; readonly slot: DecodedSlot },
  content: SlotContent,
): Promise<OpenedKeys | undefined> {
  const { driver, configs, options } = store
  const { repository, ownerPublicKey } = slot.header
  using keys = new KeysInHand(content, options.randomness)
  if (!equalBytes(ownerPublicKey, keys.ring.ownerPublicKey)) throw foreignConfig(driver)
  const memory = options.rebuildConfig === true ? undefined : options.memory
  const trusted = chooseConfig(configs, { ownerPublicKey, memory })
  const listed = trusted?.config.slots.find((known) => known.id === id)
  const update =
    listed === undefined
      ? await newestUpdate(store, { id, ownerPublicKey })
      : await namedUpdate(store, listed, ownerPublicKey)
  if (update !== undefined) await keys.take(update, { slot: id, repository })
  const chosen = trusted ?? (await rebuild(store, keys.ring, { id, slot, update }))
  const { config, id: configId } = chosen
  if (config.repository !== repository) throw foreignConfig(driver)
  if (listed === undefined && trusted !== undefined) {
    if (await isRemovedSlot(id, { ...store, repository, ring: keys.ring, ...options })) return undefined
    if (!holdsAll(keys.ring, config)) return undefined
  } else if (!holdsAll(keys.ring, config)) throw slotDamaged(id, undefined)
  const { label, created } = content
  const { ring, keySet } = keys.handOver()
  const dispose = (): void => {
    ring[Symbol.dispose]()
    wipe(keySet)
  }
  return { repository, ring, config, configId, slot: id, label, created, keySet, [Symbol.dispose]: dispose }
}

/** A slot's keys while it is not certain yet that they are to be used. Disposing of it wipes what was not handed over. */
class KeysInHand implements Disposable {
  readonly #randomness: Randomness
  readonly #sealingSeed: Uint8Array
  #opened: { ring: KeyRing; keySet: Uint8Array } | undefined

  /** Ownership: the secrets of `content` move in. */
  constructor(content: SlotContent, randomness: Randomness) {
    this.#randomness = randomness
    this.#sealingSeed = content.sealingSeed
    this.#opened = this.#open(content.keySet)
  }

  get ring(): KeyRing {
    return present(this.#opened, 'the keys in hand').ring
  }

  /** Replaces the key set that was wrapped in the slot by what became of it. */
  async take(update: StoredUpdate, of: { readonly slot: ObjectId; readonly repository: RepositoryId }): Promise<void> {
    const { full, ownerPublicKey } = this.ring
    const keySet = openKeyUpdate(update, { ...of, sealingSeed: this.#sealingSeed })
    this.#wipe()
    this.#opened = this.#open(keySet)
    const isSameOwner = equalBytes(this.ring.ownerPublicKey, ownerPublicKey)
    if (this.ring.full !== full || !isSameOwner) throw slotDamaged(update.id, undefined)
  }

  handOver(): { ring: KeyRing; keySet: Uint8Array } {
    const opened = present(this.#opened, 'the keys in hand')
    this.#opened = undefined
    return opened
  }

  [Symbol.dispose](): void {
    wipe(this.#sealingSeed)
    this.#wipe()
  }

  #open(keySet: Uint8Array): { ring: KeyRing; keySet: Uint8Array } {
    return { ring: openKeyRing(decodeKeySet(keySet), this.#randomness), keySet: keepSecret(keySet) }
  }

  #wipe(): void {
    this.#opened?.ring[Symbol.dispose]()
    if (this.#opened !== undefined) wipe(this.#opened.keySet)
    this.#opened = undefined
  }
}

async function namedUpdate(
  { driver }: Store,
  { id, update }: ConfigSlot,
  ownerPublicKey: Uint8Array,
): Promise<StoredUpdate | undefined> {
  if (update === undefined) return undefined
  try {
    return await readKeyUpdate(driver, update, ownerPublicKey)
  } catch (error) {
    const isGone = error instanceof StorageError && error.code === 'NOT_FOUND'
    throw isGone || error instanceof IntegrityError ? slotDamaged(id, error) : error
  }
}

/** Of a slot that no config lists, the newest update is the one that counts. */
async function newestUpdate(
  { driver, options }: Store,
  { id, ownerPublicKey }: { readonly id: ObjectId; readonly ownerPublicKey: Uint8Array },
): Promise<StoredUpdate | undefined> {
  const updates = await readKeyUpdates(driver, { ownerPublicKey, onProblem: options.onProblem })
  return updates.find(({ update }) => update.header.slot === id)
}

/**
 * Makes a lost config anew. Only the opened slot is listed: what the others say about themselves nobody has verified,
 * and new generations will be sealed to the public keys that are listed.
 */
async function rebuild(
  { driver, options }: Store,
  ring: KeyRing,
  {
    id,
    slot,
    update,
  }: { readonly id: ObjectId; readonly slot: DecodedSlot; readonly update: StoredUpdate | undefined },
): Promise<StoredConfig> {
  if (options.rebuildConfig !== true) throw configMissing(driver)
  const { repository, chunker, graceSeconds, keySet, sealingPublicKey } = slot.header
  const revision = Math.max(options.memory?.read() ?? 0, update?.update.header.revision ?? 0) + 1
  const config: RepositoryConfig = {
    repository,
    suite: CONFIG_SUITE,
    chunker,
    frameBytesTarget: FRAME_BYTES_TARGET,
    packBytesTarget: PACK_BYTES_TARGET,
    graceSeconds,
    features: { read: [], write: [], prune: [] },
    revision,
    previous: undefined,
    ownerPublicKey: ring.ownerPublicKey,
    generation: ring.realm().generation,
    realms: ring.realms(),
    slots: [{ id, keySet, sealingPublicKey: Uint8Array.from(sealingPublicKey), update: update?.id }],
    extensions: {},
  }
  const configId = await putConfig(driver, ring, config)
  options.memory?.write(revision)
  return { id: configId, config }
}

function noRepository(driver: Driver): StorageError {
  return new StorageError('NO_REPOSITORY', `there is no repository at ${driver.location}`, {
    context: { location: driver.location },
    hint: 'Check the location, or create one there with `tidemark init`.',
  })
}

function slotsLost(driver: Driver): KeyError {
  return new KeyError('SLOT_DAMAGED', `the repository at ${driver.location} has lost all of its key slots`, {
    context: { location: driver.location },
    hint: 'Without one nothing opens it: put the objects of keys/ back, from a copy of the store whose password, key file or recovery code you have.',
  })
}

function foreignConfig(driver: Driver): IntegrityError {
  return new IntegrityError('CONFIG_CONFLICT', `slot and configuration at ${driver.location} are of two repositories`, {
    context: { location: driver.location },
    hint: 'The store holds objects of two repositories: move one of them elsewhere.',
  })
}

const SECRET_NAMES = { password: 'password', 'key-file': 'key file', 'recovery-code': 'recovery code' } as const

/** `wrong` slots said for certain that the secret is not theirs. */
function notOpened(secret: OpeningKey, wrong: number, problems: readonly TidemarkError[]): TidemarkError {
  if (secret.kind === 'derived') return slotGone(secret)
  const [problem] = problems
  if (wrong === 0 && problem !== undefined) return problem
  const name = SECRET_NAMES[secret.kind]
  if (wrong === 0) {
    return new KeyError('UNKNOWN_SLOT', `no slot of this repository opens with a ${name}`, {
      hint: 'Use a password, key file or recovery code that was made for it.',
    })
  }
  const more = problems.length === 0 ? '' : `; damaged and passed over: ${problems.length}`
  const isPassword = secret.kind === 'password'
  return new KeyError(
    isPassword ? 'WRONG_PASSWORD' : 'WRONG_KEY',
    `the ${name} opens no slot of this repository${more}`,
    {
      context: { tried: wrong, damaged: problems.length },
      hint: isPassword
        ? 'Type it again; a recovery code or key file opens the repository when it is forgotten.'
        : 'Check that it belongs to this repository and was not removed from it.',
    },
  )
}

function slotGone({ slot }: DerivedSlotKey): KeyError {
  return new KeyError('UNKNOWN_SLOT', 'the repository was unlocked with a key slot that opens it no more', {
    context: { object: `keys/${slot}` },
    hint: 'Its password was changed, or the slot removed: run `tidemark unlock` again.',
  })
}
