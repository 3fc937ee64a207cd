import type { PointId } from '../../base/ids.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import { isSuspect } from '../tripwire/suspicion.ts'

/**
 * Returns the points that must not be forgotten by anybody for now: of each chain, the last one before the first that is
 * suspect and not acknowledged.
 *
 * @param chain points of one instance and chain, the oldest first.
 */
export function protectedPoints(chain: readonly PointInfo[]): ReadonlySet<PointId> {
  const suspect = chain.findIndex(isSuspect)
  const before = suspect < 0 ? undefined : chain[suspect - 1]
  return new Set(before === undefined ? [] : [before.record.point])
}
