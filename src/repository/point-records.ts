import { equalBytes } from '../base/bytes.ts'
import type { InstanceId, PointId } from '../base/ids.ts'
import type { InstanceRecord, TombstoneRecord } from '../format/records.ts'
import type { PointInfo } from './point-info.ts'

/** Tombstones of points by the owner, by uuid. A point that was copied again has others than before. */
export type Removed = ReadonlyMap<PointId, readonly TombstoneRecord[]>

/** Tells whether the owner removed the record of a point that has this hash. */
export function isRemoved(removed: Removed, point: PointId, hash: Uint8Array): boolean {
  return removed.get(point)?.some((other) => equalBytes(other.hash, hash)) === true
}

/** Tells whether somebody wanted to be rid of a point; not when it was only ever taken back because it was not whole. */
export function isForgotten(removed: Removed, point: PointId): boolean {
  return removed.get(point)?.some(({ takenBack }) => takenBack !== true) === true
}

/**
 * Returns one record of each point, in the order of `records`. Who copies a point while somebody else does, or before the record of
 * an earlier attempt arrives, makes a second record of it: the one with the smallest object id is the point. Records of one
 * uuid for which no such reason is known are all returned.
 *
 * @see docs/decisions/0102-one-point-several-records.md
 */
export function onePerPoint(
  records: readonly PointInfo[],
  instances: ReadonlyMap<InstanceId, InstanceRecord>,
): PointInfo[] {
  const others = new Set<PointInfo>()
  for (const same of Map.groupBy(records, ({ record }) => record.point).values()) {
    const [first, ...more] = same.toSorted((a, b) => (a.object < b.object ? -1 : 1))
    if (first === undefined || !more.every((other) => areCopiesOfOne(first, other, instances))) continue
    for (const other of more) others.add(other)
  }
  return records.filter((point) => !others.has(point))
}

/** Both carry the same original, and both are by somebody whom the owner trusts with everything. */
function areCopiesOfOne(a: PointInfo, b: PointInfo, instances: ReadonlyMap<InstanceId, InstanceRecord>): boolean {
  const [original, other] = [a.record.original, b.record.original]
  if (original === undefined || other === undefined || !equalBytes(original.inner, other.inner)) return false
  return [a, b].every(({ signer }) => (instances.get(signer)?.certificate.byteLength ?? 0) > 0)
}
