import type { PointId } from '../../base/ids.ts'
import type { PointInfo } from '../../repository/point-info.ts'

/** The tag of a point whose making looked as if somebody had encrypted or deleted what it is of. */
export const SUSPECT_TAG = 'suspect'
/** The tag that a person gives a suspect point after having looked at it. */
export const ACKNOWLEDGED_TAG = 'acknowledged'

/**
 * Returns the points that must not be forgotten by anybody for now: of each chain, the last one before the first that is
 * suspect and not acknowledged.
 *
 * @param chain points of one instance and chain, the oldest first.
 */
export function protectedPoints(chain: readonly PointInfo[]): ReadonlySet<PointId> {
  const suspect = chain.findIndex(({ tags }) => tags.includes(SUSPECT_TAG) && !tags.includes(ACKNOWLEDGED_TAG))
  const before = suspect < 0 ? undefined : chain[suspect - 1]
  return new Set(before === undefined ? [] : [before.record.point])
}
