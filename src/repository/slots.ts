import { StorageError, TidemarkError } from '../base/errors.ts'
import type { ObjectId } from '../base/ids.ts'
import { KEY_UPDATE_BYTES } from '../format/key-update.ts'
import { type DecodedSlot, decodeSlot, SLOT_BYTES } from '../format/slot.ts'
import { deriveSlotKey, slotDamaged, type SlotSecret } from './slot-key.ts'
import { listObjects, type ObjectSource, readObject } from './stored-object.ts'

/** A slot in the store: taken apart, or what keeps it from being. */
export type StoredSlot =
  | { readonly id: ObjectId; readonly slot: DecodedSlot }
  | { readonly id: ObjectId; readonly slot: undefined; readonly problem: TidemarkError }

/** The derivation of a slot's key, under way. It rejects only when awaited. */
export interface PendingSlotKey {
  readonly slot: ObjectId
  readonly key: Promise<Uint8Array>
}

/**
 * Starts to derive the key of a slot whose bytes are at hand, such as from a cache, before the store is asked anything.
 * @throws {IntegrityError} MALFORMED, UNSUPPORTED_VERSION
 */
export function startSlotKey(id: ObjectId, bytes: Uint8Array, secret: SlotSecret): PendingSlotKey {
  const key = deriveSlotKey(decodeSlot(bytes).header, secret)
  // Whoever awaits it gets the error; until then it must not end the process.
  key.catch(() => undefined)
  return { slot: id, key }
}

/** Returns every slot in the store, in ascending order of id. Damaged slots are part of the answer. */
export async function readSlots(from: ObjectSource): Promise<StoredSlot[]> {
  const slots: StoredSlot[] = []
  for (const { name, bytes } of await listObjects(from, 'keys')) {
    // Those are no slots, but what became of the key sets of some.
    if (bytes === KEY_UPDATE_BYTES) continue
    const { id } = name
    try {
      slots.push({ id, slot: decodeSlot(await readObject(from, name, SLOT_BYTES, bytes)) })
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      if (error.code === 'NOT_FOUND') continue
      // A store that cannot be reached is no damage.
      if (error instanceof StorageError) throw error
      const problem = error.code === 'UNSUPPORTED_VERSION' ? error : slotDamaged(id, error)
      slots.push({ id, slot: undefined, problem })
    }
  }
  return slots
}
