import { equalBytes } from '../base/bytes.ts'
import { IntegrityError } from '../base/errors.ts'
import type { RepositoryId } from '../base/ids.ts'
import { argon2id, type KdfParameters } from '../crypto/kdf.ts'
import { type DecodedSlot, decodeSlot } from '../format/slot.ts'
import type { OpeningObjects } from '../repository/opening-objects.ts'
import type { OpeningKey } from '../repository/slot-key.ts'
import type { PendingSlotKey } from '../repository/slots.ts'
import type { ObjectName } from '../storage/driver.ts'
import type { RecalledSlot } from './opening-memory.ts'

/** What the slots alone tell, before any key is opened. Nothing of it is verified yet. */
export interface EarlyKey {
  readonly repository: RepositoryId
  /** The slot that a password is for, when it is clear which. */
  readonly slot: RecalledSlot | undefined
  /** The derivation of the password's key. */
  readonly pending: PendingSlotKey | undefined
}

/** A derivation with what is remembered of a slot. It rejects only when awaited. */
export interface RecalledKey {
  readonly slot: RecalledSlot
  readonly key: Promise<Uint8Array>
}

/** Starts to derive the key of a password before the store is asked anything. */
export function startRecalledKey(slot: RecalledSlot, secret: OpeningKey): RecalledKey | undefined {
  return secret.kind === 'password' ? { slot, key: derive(slot, secret.bytes) } : undefined
}

/** Wipes what nobody needs, once it is there. */
export function dropRecalledKey(recalled: RecalledKey | undefined): void {
  recalled?.key.then(
    (bytes) => bytes.fill(0),
    () => undefined,
  )
}

/**
 * Starts to derive the key of a password as soon as the slots have been read, in a thread of its own, while everything
 * else is still being loaded: a tenth of a second that nobody waits for.
 *
 * This module imports neither libsodium nor the repository, which would be loaded first.
 * Returns `undefined` when there are no slots, or damaged ones only: opening the repository says what is wrong.
 *
 * @param recalled taken where the slot is as it was remembered, wiped otherwise.
 */
export async function startEarlyKey(
  objects: OpeningObjects,
  secret: OpeningKey,
  recalled?: RecalledKey,
): Promise<EarlyKey | undefined> {
  const slots: { readonly name: ObjectName; readonly slot: DecodedSlot }[] = []
  for (const name of objects.slots) {
    const slot = decode(await objects.get(name))
    if (slot !== undefined) slots.push({ name, slot })
  }
  const repository = slots[0]?.slot.header.repository
  const fitting = slots.flatMap(({ name, slot: { header } }) =>
    header.kind === 'password' ? [{ id: name.id, salt: header.salt, kdf: header.kdf }] : [],
  )
  const slot = fitting.length === 1 ? fitting[0] : undefined
  const isRecalled = slot !== undefined && recalled !== undefined && isSameSlot(slot, recalled.slot)
  if (!isRecalled) dropRecalledKey(recalled)
  if (repository === undefined) return undefined
  if (secret.kind !== 'password' || slot === undefined) return { repository, slot, pending: undefined }
  return { repository, slot, pending: { slot: slot.id, key: isRecalled ? recalled.key : derive(slot, secret.bytes) } }
}

function derive({ salt, kdf }: RecalledSlot, password: Uint8Array): Promise<Uint8Array> {
  const key = argon2id({ password, salt }, kdf)
  // Whoever awaits it gets the error; until then it must not end the process.
  key.catch(() => undefined)
  return key
}

function isSameSlot(a: RecalledSlot, b: RecalledSlot): boolean {
  return a.id === b.id && equalBytes(a.salt, b.salt) && isSameKdf(a.kdf, b.kdf)
}

function isSameKdf(a: KdfParameters, b: KdfParameters): boolean {
  return a.memoryKib === b.memoryKib && a.passes === b.passes && a.lanes === b.lanes
}

function decode(bytes: Uint8Array): DecodedSlot | undefined {
  try {
    return decodeSlot(bytes)
  } catch (error) {
    if (error instanceof IntegrityError) return undefined
    throw error
  }
}
