import { assert } from '../base/assert.ts'
import { type Clock, timespecOfMs } from '../base/clock.ts'
import { KeyError } from '../base/errors.ts'
import { idBytes, type ObjectId, type RealmId } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import { wipe } from '../crypto/secret.ts'
import type { ConfigSlot, RepositoryConfig } from '../format/config.ts'
import { decodeKeySet, type NamedRealm } from '../format/key-set.ts'
import { formatRecoveryCode, RECOVERY_CODE_BYTES } from '../format/recovery-code.ts'
import type { KeySetKind, SlotKind } from '../format/slot.ts'
import type { Driver } from '../storage/driver.ts'
import { readConfigs, type RevisionMemory, updateConfig } from './config-store.ts'
import type { Instance } from './instance-key.ts'
import { encodeKeyFile, KEY_FILE_KEY_BYTES } from './key-file.ts'
import { holdsAll, openKeyRing } from './key-ring.ts'
import { backupOnlyOf, keyNotFull, withGeneration, withRealm } from './key-sets.ts'
import { putKeyUpdate, removeOldUpdates } from './key-updates.ts'
import { type NewSlot, putSlot } from './new-slot.ts'
import type { OpenedKeys } from './open-keys.ts'
import type { RecordStore } from './record-store.ts'
import { signTombstone } from './signing.ts'
import { readSlotTombstones } from './slot-removal.ts'
import { readSlots } from './slots.ts'

const MASTER_KEY_BYTES = 32

/** What changing slots needs. The opened keys are of a full key set, and their `config` is not updated. */
export interface SlotContext {
  readonly driver: Driver
  readonly opened: OpenedKeys
  readonly clock: Clock
  readonly randomness: Randomness
  readonly memory: RevisionMemory | undefined
}

/** What removing slots needs besides: tombstones are records, and an instance signs every record. */
export interface SlotRemovalContext extends SlotContext {
  /** Returns the records of a realm, `home` by default. */
  readonly recordsIn: (realm?: RealmId) => RecordStore
  readonly signer: Instance
}

export interface SlotInfo {
  readonly id: ObjectId
  /** Unknown for a damaged slot. */
  readonly kind: SlotKind | undefined
  readonly keySet: KeySetKind | undefined
  /** Of a listed backup-only slot: the realm that it writes into. */
  readonly realm: RealmId | undefined
  /** Whether it opened the repository now. */
  readonly current: boolean
  /** Whether the owner vouches for it. */
  readonly listed: boolean
  /** Among those that the owner vouches for, in the order in which they were added: from 1 on. */
  readonly order: number | undefined
  readonly damaged: boolean
}

/** What every removal of a slot must tell the user. */
export const SLOT_REMOVAL_NOTICE =
  'Whoever opened the repository with it before may have kept its keys: `tidemark key rotate` protects what is backed up from then on.'

/**
 * Adds a slot, and returns its id: one that holds the opened key set, or, with a realm, one that can write into that and
 * read nothing. Nothing that is stored is written again.
 * @throws {KeyError} KEY_NOT_FULL, KDF_BOUNDS, KEY_LIMIT
 * @throws {StorageError} {IntegrityError} as `updateConfig`
 */
export async function addSlot(context: SlotContext, slot: NewSlot, realm?: NamedRealm): Promise<ObjectId> {
  return realm === undefined ? addFullSlot(context, slot) : addBackupOnlySlot(context, slot, realm)
}

async function addFullSlot(context: SlotContext, slot: NewSlot): Promise<ObjectId> {
  const { driver, opened, clock, randomness } = context
  requireFull(opened)
  const making = { driver, clock, randomness, frame: slotFrame(opened.config) }
  const added = await putSlot(slot, { ...making, kind: 'full', keySet: opened.keySet })
  await changeKeys(context, opened.keySet, (config) => ({ ...config, slots: [...config.slots, added] }))
  return added.id
}

/** Where the realm is new, the key sets of all full slots are given it, without anyone's password. */
async function addBackupOnlySlot(context: SlotContext, slot: NewSlot, realm: NamedRealm): Promise<ObjectId> {
  const { driver, opened, clock, randomness } = context
  requireFull(opened)
  const isNew = !opened.ring.realms().includes(realm.id)
  const full = isNew ? withRealm(opened.keySet, realm) : Uint8Array.from(opened.keySet)
  const { ownerPublicKey } = opened.ring
  const keySet = backupOnlyOf(full, { realm: realm.id, ownerPublicKey })
  try {
    const making = { driver, clock, randomness, frame: slotFrame(opened.config) }
    const made = await putSlot(slot, { ...making, kind: 'backup-only', keySet })
    const added = { ...made, realm: realm.id }
    await changeKeys(context, full, (config) => ({ ...config, slots: [...config.slots, added] }))
    return added.id
  } finally {
    wipe(full, keySet)
  }
}

/** What every rotation must tell the user. */
export const ROTATION_NOTICE =
  'What is backed up by commands that start from now on cannot be read with keys that were removed before. It takes nothing ' +
  'back of what they could read until now, and a former holder of a full key who can write to the store can still act as its ' +
  'owner: shut him out there, or copy the points into a new repository.'

/**
 * Adds a generation of the master key, sealed to every slot that the config lists; returns its number. Who holds older
 * ones only cannot read what is written from then on by whoever opens the repository anew.
 * @throws {KeyError} KEY_NOT_FULL, KEY_LIMIT
 * @throws {StorageError} {IntegrityError} as `updateConfig`
 */
export async function rotateKeys(context: SlotContext): Promise<{ generation: number; slots: number }> {
  const { opened, randomness } = context
  requireFull(opened)
  const master = randomness.bytes(MASTER_KEY_BYTES)
  const keySet = withGeneration(opened.keySet, master)
  try {
    const { generation, slots } = await changeKeys(context, keySet, (config) => config)
    return { generation, slots: slots.length }
  } finally {
    wipe(master, keySet)
  }
}

/** Adds a slot under a new recovery code, and returns the code to be printed once. */
export async function addRecoveryCode(context: SlotContext, label: string): Promise<{ id: ObjectId; code: string }> {
  const bytes = context.randomness.bytes(RECOVERY_CODE_BYTES)
  const id = await addSlot(context, { secret: { kind: 'recovery-code', bytes }, label })
  const code = formatRecoveryCode(bytes)
  wipe(bytes)
  return { id, code }
}

/** Adds a slot under a new key file, and returns the file's bytes; the caller writes them, then wipes them. */
export async function exportKeyFile(
  context: SlotContext,
  label: string,
  realm?: NamedRealm,
): Promise<{ id: ObjectId; file: Uint8Array }> {
  const key = context.randomness.bytes(KEY_FILE_KEY_BYTES)
  const id = await addSlot(context, { secret: { kind: 'key-file', bytes: key }, label }, realm)
  const file = encodeKeyFile({ repository: context.opened.repository, key })
  wipe(key)
  return { id, file }
}

/**
 * Adds a slot under a new password, then removes the one that opened the repository; returns the new one.
 *
 * @param between is called while both open it. When it fails, the new slot is removed again.
 */
export async function changePassword(
  context: SlotRemovalContext,
  slot: NewSlot,
  between: () => Promise<void> = async () => undefined,
): Promise<ObjectId> {
  assert(slot.secret.kind === 'password', 'a password is replaced by a password')
  const id = await addSlot(context, slot)
  try {
    await between()
  } catch (error) {
    await removeSlot(context, id)
    throw error
  }
  await removeSlot(context, context.opened.slot)
  return id
}

/**
 * Removes a slot: from the config, by a tombstone that outlives it, and from the store.
 *
 * It cannot take back what its holder knows: show SLOT_REMOVAL_NOTICE.
 * @throws {KeyError} UNKNOWN_SLOT; LAST_FULL_SLOT: nobody could open the repository any more; KEY_NOT_FULL
 * @throws {StorageError} {IntegrityError} as `updateConfig` and `RecordStore.put`
 */
export async function removeSlot(context: SlotRemovalContext, id: ObjectId): Promise<void> {
  const { driver, opened, clock, memory, signer } = context
  requireFull(opened)
  const present = new Set((await readSlots(driver)).map((slot) => slot.id))
  if (!present.has(id)) throw unknownSlot(id)
  let realm: RealmId | undefined
  await updateConfig(driver, { ring: opened.ring, memory }, (config) => {
    const slots = config.slots.filter((slot) => slot.id !== id)
    if (!slots.some((slot) => slot.keySet === 'full' && present.has(slot.id))) throw lastFullSlot(id)
    realm = config.slots.find((slot) => slot.id === id)?.realm
    return { ...config, slots }
  })
  await forgetOldUpdates(context)
  const made = timespecOfMs(clock.nowMs())
  const tombstone = { target: 'slot', id, hash: idBytes(id), made } as const
  // Where the slot's holder can read it. A realm that was made a moment ago, nobody but this process has seen.
  const isHeld = realm !== undefined && opened.ring.realms().includes(realm)
  const records = isHeld ? context.recordsIn(realm) : context.recordsIn()
  await records.put('tombstones', signTombstone(opened.ring, opened.repository, tombstone), signer)
  // Whoever removes the other slot meanwhile sees this tombstone, or is seen: one of the two keeps its slot.
  const removed = await readSlotTombstones({ ...context, repository: opened.repository, ring: opened.ring })
  const slots = await readSlots(driver)
  if (!slots.some((stored) => stored.slot?.header.keySet === 'full' && !removed.has(stored.id))) return
  await driver.remove({ kind: 'keys', id })
}

/** Returns what can be said of every slot without opening it, in ascending order of id. */
export async function listSlots(driver: Driver, opened: OpenedKeys): Promise<SlotInfo[]> {
  const listed = new Map(opened.config.slots.map((slot, index) => [slot.id, { ...slot, order: index + 1 }]))
  const slots = await readSlots(driver)
  return slots.map(({ id, slot }) => ({
    id,
    kind: slot?.header.kind,
    keySet: slot?.header.keySet,
    realm: listed.get(id)?.realm,
    current: id === opened.slot,
    listed: listed.has(id),
    order: listed.get(id)?.order,
    damaged: slot === undefined,
  }))
}

/**
 * Replaces the config by `change` of it, with the generation and realms of `keySet`; before, the slots whose key sets that
 * changes are given theirs anew.
 */
async function changeKeys(
  context: SlotContext,
  keySet: Uint8Array,
  change: (config: RepositoryConfig) => RepositoryConfig,
): Promise<RepositoryConfig> {
  const { driver, opened, memory } = context
  const { ring } = opened
  using next = openKeyRing(decodeKeySet(keySet), context.randomness)
  const { generation } = next.realm()
  const { config } = await updateConfig(driver, { ring, memory }, async (current) => {
    if (!holdsAll(ring, current)) throw changedMeanwhile()
    const isRotated = generation > current.generation
    const isChanged = isRotated || next.realms().length > current.realms.length
    const outdated = (slot: ConfigSlot): boolean => (slot.keySet === 'full' ? isChanged : isRotated)
    const slots: ConfigSlot[] = []
    for (const slot of current.slots) {
      slots.push(outdated(slot) ? await updated(context, slot, { keySet, revision: current.revision + 1 }) : slot)
    }
    return change({ ...current, generation, realms: next.realms(), slots })
  })
  await forgetOldUpdates(context)
  return config
}

/** Seals what a slot's key set is to be from now on to the slot's own public key. */
async function updated(
  { driver, opened, randomness }: SlotContext,
  slot: ConfigSlot,
  next: { readonly keySet: Uint8Array; readonly revision: number },
): Promise<ConfigSlot> {
  const { ring, repository } = opened
  const { ownerPublicKey } = ring
  const keySet =
    slot.realm === undefined
      ? Uint8Array.from(next.keySet)
      : backupOnlyOf(next.keySet, { realm: slot.realm, ownerPublicKey })
  try {
    const header = { repository, slot: slot.id, revision: next.revision }
    const by = { ring, sealingPublicKey: slot.sealingPublicKey, randomness }
    return { ...slot, update: await putKeyUpdate(driver, header, keySet, by) }
  } finally {
    wipe(keySet)
  }
}

async function forgetOldUpdates({ driver, opened }: SlotContext): Promise<void> {
  const configs = await readConfigs(driver)
  const revision = configs.at(-1)?.config.revision ?? 0
  const named = new Set(configs.flatMap(({ config }) => config.slots.flatMap(({ update }) => update ?? [])))
  await removeOldUpdates(driver, { revision, named, ownerPublicKey: opened.ring.ownerPublicKey })
}

function slotFrame({ repository, chunker, graceSeconds, ownerPublicKey }: RepositoryConfig) {
  return { repository, chunker, graceSeconds, ownerPublicKey }
}

/** @throws {KeyError} KEY_NOT_FULL */
export function requireFull(opened: OpenedKeys): void {
  if (!opened.ring.full) throw keyNotFull()
}

function changedMeanwhile(): KeyError {
  return new KeyError('WRONG_KEY', 'the keys of the repository were changed while it was open', {
    retry: 'transient',
    hint: 'Run it again.',
  })
}

function unknownSlot(id: ObjectId): KeyError {
  return new KeyError('UNKNOWN_SLOT', `the repository has no key slot ${id}`, {
    context: { slot: id },
    hint: 'List them with `tidemark key list`.',
  })
}

function lastFullSlot(id: ObjectId): KeyError {
  return new KeyError('LAST_FULL_SLOT', `key slot ${id} is the last that opens everything: it stays`, {
    context: { slot: id },
    hint: 'Add another password, key file or recovery code first.',
  })
}
