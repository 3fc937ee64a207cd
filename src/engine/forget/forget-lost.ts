import { timespecOfMs } from '../../base/clock.ts'
import type { LostPoint, UnreadableRecord } from '../../repository/lost-points.ts'
import { signTombstone } from '../../repository/signing.ts'
import type { CareContext } from '../care-types.ts'
import { requireOwner } from './require-owner.ts'

/** What somebody gives up for good. */
export interface ForgottenLosses {
  readonly lost: readonly LostPoint[]
  /** Records of which nobody knows which points they were. */
  readonly unreadable: readonly UnreadableRecord[]
}

/**
 * Accepts that points are lost: the owner's tombstone stands for each from then on, as for one that was removed on purpose, so that
 * the chain goes on and a prune works again. What is left of their records is removed.
 *
 * @throws {KeyError} KEY_NOT_FULL: only the owner's key says so. @throws {StorageError} of the driver.
 * @see docs/decisions/0024-lost-records.md
 */
export async function forgetLost(
  { repository, clock }: CareContext,
  { lost, unreadable }: ForgottenLosses,
  signal: AbortSignal,
): Promise<void> {
  const { driver, keyRing, instance } = repository
  requireOwner(keyRing)
  const chain = await repository.chain()
  const rotten = [...unreadable]
  for (const point of lost) {
    signal.throwIfAborted()
    const { point: id, hash } = point
    const tombstone = { target: 'point', id, hash, made: timespecOfMs(clock.nowMs()) } as const
    const signed = signTombstone(keyRing, repository.id, tombstone)
    const realm = point.realm ?? chain.of(point.chain)[0]?.realm
    await repository.recordsIn(realm).put('tombstones', signed, instance)
    if (point.unreadable !== undefined) rotten.push(point.unreadable)
  }
  for (const { object } of rotten) await driver.remove({ kind: 'points', id: object }, signal)
  await repository.chain({ reload: true, signal })
}
