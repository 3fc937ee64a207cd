import { equalBytes } from '../base/bytes.ts'
import { IntegrityError } from '../base/errors.ts'
import { type PointId, shortId } from '../base/ids.ts'
import { ROLLBACK_HINT } from './lost-points.ts'
import { isTrueCopy } from './original-record.ts'
import type { PointInfo } from './point-info.ts'
import type { Removed } from './point-records.ts'
import type { SeenPoint, SeenPoints } from './seen-points.ts'

const HINT =
  'Unless you know why, look at who can write to this store before you rely on it; `tidemark check` says more.'

/** All records of points, and the one of each that is the point. */
export interface PointRecords {
  readonly points: readonly PointInfo[]
  readonly records: readonly PointInfo[]
  readonly removed: Removed
}

/** Returns what is wrong with the links between points: each parent that is there, or was removed on purpose, is the one that was followed. */
export function linkAlarms({ points, records, removed }: PointRecords): IntegrityError[] {
  const alarms: IntegrityError[] = []
  const byId = new Map<PointId, PointInfo>()
  for (const point of points) {
    const { point: id } = point.record
    const other = byId.get(id)
    if (other !== undefined && !equalBytes(other.innerHash, point.innerHash)) {
      alarms.push(
        alarm(
          'ID_MISMATCH',
          `points/${other.object} and points/${point.object} both call themselves ${shortId(id)}`,
          point,
        ),
      )
    }
    byId.set(id, point)
  }
  const known = knownHashes(records, removed)
  for (const point of records) {
    const { point: id, instance, parents } = point.record
    if (instance !== point.signer && !isTrueCopy(point.record)) {
      alarms.push(
        alarm(
          'BAD_SIGNATURE',
          `point ${shortId(id)} of instance ${shortId(instance)} was signed by ${shortId(point.signer)}`,
          point,
        ),
      )
    }
    for (const parent of parents) {
      if (!isAnother(known, parent.point, parent.hash)) continue
      const link = `point ${shortId(parent.point)}, which point ${shortId(id)} follows,`
      alarms.push(alarm('ID_MISMATCH', `${link} is not the one that it followed`, point))
    }
  }
  return alarms
}

/** Returns the remembered points that are there, or were removed on purpose, and are others now. */
export function replacedPoints(
  seen: SeenPoints,
  { records, removed }: Pick<PointRecords, 'records' | 'removed'>,
): SeenPoint[] {
  const known = knownHashes(records, removed)
  return [...seen.values()].filter(({ point, hash }) => isAnother(known, point, hash))
}

export function replacedAlarm({ chain, point, sequence }: SeenPoint): IntegrityError {
  const message = `point ${shortId(point)}, number ${sequence} of chain ${shortId(chain)}, is another one now`
  return new IntegrityError('ROLLED_BACK', message, { context: { chain, point, sequence }, hint: ROLLBACK_HINT })
}

/** Returns the hashes of all records that each point has, or had until the owner removed it. */
function knownHashes(records: readonly PointInfo[], removed: Removed): Map<PointId, Uint8Array[]> {
  const known = new Map(Array.from(removed, ([point, tombstones]) => [point, tombstones.map(({ hash }) => hash)]))
  for (const { record, innerHash } of records) {
    const hashes = known.get(record.point)
    if (hashes === undefined) known.set(record.point, [innerHash])
    else hashes.push(innerHash)
  }
  return known
}

/** Tells whether a point is known, and never had a record with this hash. */
function isAnother(known: ReadonlyMap<PointId, readonly Uint8Array[]>, point: PointId, hash: Uint8Array): boolean {
  return known.get(point)?.every((other) => !equalBytes(other, hash)) === true
}

function alarm(code: 'ID_MISMATCH' | 'BAD_SIGNATURE', message: string, { object, record }: PointInfo): IntegrityError {
  const context = { object: `points/${object}`, point: record.point, chain: record.chain }
  return new IntegrityError(code, message, { context, hint: HINT })
}
