import { assert } from '../base/assert.ts'
import { type Clock, timespecOfMs } from '../base/clock.ts'
import { KeyError } from '../base/errors.ts'
import { idBytes, type ObjectId } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import { wipe } from '../crypto/secret.ts'
import { formatRecoveryCode, RECOVERY_CODE_BYTES } from '../format/recovery-code.ts'
import type { KeySetKind, SlotKind } from '../format/slot.ts'
import type { Driver } from '../storage/driver.ts'
import { type RevisionMemory, updateConfig } from './config-store.ts'
import type { Instance } from './instance-key.ts'
import { encodeKeyFile, KEY_FILE_KEY_BYTES } from './key-file.ts'
import { type NewSlot, putSlot } from './new-slot.ts'
import type { OpenedKeys } from './open-keys.ts'
import type { RecordStore } from './record-store.ts'
import { signTombstone } from './signing.ts'
import { readSlotTombstones } from './slot-removal.ts'
import { readSlots } from './slots.ts'
import { listIds } from './stored-object.ts'

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
  readonly records: RecordStore
  readonly signer: Instance
}

export interface SlotInfo {
  readonly id: ObjectId
  /** Unknown for a damaged slot. */
  readonly kind: SlotKind | undefined
  readonly keySet: KeySetKind | undefined
  /** Whether it opened the repository now. */
  readonly current: boolean
  /** Whether the owner vouches for it. */
  readonly listed: boolean
  readonly damaged: boolean
}

/** What every removal of a slot must tell the user. */
export const SLOT_REMOVAL_NOTICE =
  'Whoever opened the repository with it before may have kept its keys: `tidemark key rotate` protects what is backed up from then on.'

/**
 * Adds a slot that holds the opened key set, and returns its id. Nothing that is stored is written again.
 * @throws {KeyError} KEY_NOT_FULL, KDF_BOUNDS
 * @throws {StorageError} {IntegrityError} as `updateConfig`
 */
export async function addSlot(context: SlotContext, slot: NewSlot): Promise<ObjectId> {
  const { driver, opened, clock, randomness, memory } = context
  requireFull(opened)
  const { repository, chunker, graceSeconds, ownerPublicKey } = opened.config
  const frame = { repository, chunker, graceSeconds, ownerPublicKey }
  const added = await putSlot(slot, { driver, clock, randomness, frame, kind: 'full', keySet: opened.keySet })
  await updateConfig(driver, { ring: opened.ring, memory }, (config) => ({
    ...config,
    slots: [...config.slots, added],
  }))
  return added.id
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
export async function exportKeyFile(context: SlotContext, label: string): Promise<{ id: ObjectId; file: Uint8Array }> {
  const key = context.randomness.bytes(KEY_FILE_KEY_BYTES)
  const id = await addSlot(context, { secret: { kind: 'key-file', bytes: key }, label })
  const file = encodeKeyFile({ repository: context.opened.repository, key })
  wipe(key)
  return { id, file }
}

/** Adds a slot under a new password, then removes the one that opened the repository; returns the new one. */
export async function changePassword(context: SlotRemovalContext, slot: NewSlot): Promise<ObjectId> {
  assert(slot.secret.kind === 'password', 'a password is replaced by a password')
  const id = await addSlot(context, slot)
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
  const { driver, opened, clock, memory, records, signer } = context
  requireFull(opened)
  const present = new Set(await listIds(driver, 'keys'))
  if (!present.has(id)) throw unknownSlot(id)
  await updateConfig(driver, { ring: opened.ring, memory }, (config) => {
    const slots = config.slots.filter((slot) => slot.id !== id)
    if (!slots.some((slot) => slot.keySet === 'full' && present.has(slot.id))) throw lastFullSlot(id)
    return { ...config, slots }
  })
  const made = timespecOfMs(clock.nowMs())
  const tombstone = { target: 'slot', id, hash: idBytes(id), made } as const
  await records.put('tombstones', signTombstone(opened.ring, opened.repository, tombstone), signer)
  // Whoever removes the other slot meanwhile sees this tombstone, or is seen: one of the two keeps its slot.
  const removed = await readSlotTombstones({ ...context, repository: opened.repository, ring: opened.ring })
  const slots = await readSlots(driver)
  if (!slots.some((stored) => stored.slot?.header.keySet === 'full' && !removed.has(stored.id))) return
  await driver.remove({ kind: 'keys', id })
}

/** Returns what can be said of every slot without opening it, in ascending order of id. */
export async function listSlots(driver: Driver, opened: OpenedKeys): Promise<SlotInfo[]> {
  const listed = new Set(opened.config.slots.map(({ id }) => id))
  const slots = await readSlots(driver)
  return slots.map(({ id, slot }) => ({
    id,
    kind: slot?.header.kind,
    keySet: slot?.header.keySet,
    current: id === opened.slot,
    listed: listed.has(id),
    damaged: slot === undefined,
  }))
}

function requireFull(opened: OpenedKeys): void {
  if (opened.ring.full) return
  throw new KeyError('KEY_NOT_FULL', 'A backup-only key cannot change the slots of a repository.', {
    hint: 'Open the repository with a password, key file or recovery code of the owner.',
  })
}

function unknownSlot(id: ObjectId): KeyError {
  return new KeyError('UNKNOWN_SLOT', `The repository has no key slot ${id}.`, {
    context: { slot: id },
    hint: 'List them with `tidemark key list`.',
  })
}

function lastFullSlot(id: ObjectId): KeyError {
  return new KeyError('LAST_FULL_SLOT', `Key slot ${id} is the last that opens everything: it stays.`, {
    context: { slot: id },
    hint: 'Add another password, key file or recovery code first.',
  })
}
