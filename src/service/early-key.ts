import { IntegrityError } from '../base/errors.ts'
import type { RepositoryId } from '../base/ids.ts'
import { argon2id } from '../crypto/kdf.ts'
import { type DecodedSlot, decodeSlot } from '../format/slot.ts'
import type { OpeningObjects } from '../repository/opening-objects.ts'
import type { OpeningKey } from '../repository/slot-key.ts'
import type { PendingSlotKey } from '../repository/slots.ts'
import type { ObjectName } from '../storage/driver.ts'

/** What the slots alone tell, before any key is opened. Nothing of it is verified yet. */
export interface EarlyKey {
  readonly repository: RepositoryId
  /** The derivation of the password's key, when it is clear which slot it is for. */
  readonly pending: PendingSlotKey | undefined
}

/**
 * Starts to derive the key of a password as soon as the slots have been read, in a thread of its own, while everything
 * else is still being loaded: a tenth of a second that nobody waits for.
 *
 * This module imports neither libsodium nor the repository, which would be loaded first.
 * Returns `undefined` when there are no slots, or damaged ones only: opening the repository says what is wrong.
 */
export async function startEarlyKey(objects: OpeningObjects, secret: OpeningKey): Promise<EarlyKey | undefined> {
  const slots: { readonly name: ObjectName; readonly slot: DecodedSlot }[] = []
  for (const name of objects.slots) {
    const slot = decode(await objects.get(name))
    if (slot !== undefined) slots.push({ name, slot })
  }
  const repository = slots[0]?.slot.header.repository
  if (repository === undefined) return undefined
  const [fitting, ...others] = slots.filter(({ slot }) => slot.header.kind === secret.kind)
  if (secret.kind !== 'password' || fitting === undefined || others.length > 0)
    return { repository, pending: undefined }
  const { salt, kdf } = fitting.slot.header
  const key = argon2id({ password: secret.bytes, salt }, kdf)
  // Whoever awaits it gets the error; until then it must not end the process.
  key.catch(() => undefined)
  return { repository, pending: { slot: fitting.name.id, key } }
}

function decode(bytes: Uint8Array): DecodedSlot | undefined {
  try {
    return decodeSlot(bytes)
  } catch (error) {
    if (error instanceof IntegrityError) return undefined
    throw error
  }
}
