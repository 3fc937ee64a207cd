import { IntegrityError, KeyError, type TidemarkError } from '../base/errors.ts'
import type { ObjectId, RepositoryId } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import type { Driver } from '../storage/driver.ts'
import type { KeyRing } from './key-ring.ts'
import { RecordStore } from './record-store.ts'
import { isOwnersTombstone } from './signing.ts'
import type { StoredSlot } from './slots.ts'

export interface SlotTombstones {
  readonly driver: Driver
  readonly repository: RepositoryId
  readonly ring: KeyRing
  readonly randomness: Randomness
  readonly slots: readonly StoredSlot[]
  readonly onProblem?: (problem: TidemarkError) => void
}

/** Returns the slots that the owner has said to be removed. Tombstones that nobody can read say nothing. */
export async function readSlotTombstones(from: Omit<SlotTombstones, 'slots'>): Promise<Set<ObjectId>> {
  const records = new RecordStore(from)
  const removed = new Set<ObjectId>()
  for (const id of await records.list('tombstones')) {
    try {
      const { record } = await records.get('tombstones', id)
      if (record.target !== 'slot') continue
      if (isOwnersTombstone(from.ring, from.repository, record)) removed.add(record.id as ObjectId)
    } catch (error) {
      // Of another realm, or newer than what this key opens: it tells the holder nothing.
      if (error instanceof KeyError && error.code === 'WRONG_KEY') continue
      if (!(error instanceof IntegrityError)) throw error
      from.onProblem?.(error)
    }
  }
  return removed
}

/**
 * Tells whether a slot no longer counts.
 *
 * When two people remove each other's slots at once, every full slot may have a tombstone: the one with the smallest id
 * stays valid then, or nobody could open the repository again.
 */
export async function isRemovedSlot(id: ObjectId, from: SlotTombstones): Promise<boolean> {
  const removed = await readSlotTombstones(from)
  if (!removed.has(id)) return false
  const full = from.slots.filter(
    ({ slot }) => slot?.header.keySet === 'full' && slot.header.repository === from.repository,
  )
  const lastResort = full.map((stored) => stored.id).sort()[0]
  return !(id === lastResort && full.every((stored) => removed.has(stored.id)))
}
