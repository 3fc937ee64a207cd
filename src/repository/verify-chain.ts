import { equalBytes } from '../base/bytes.ts'
import { IntegrityError } from '../base/errors.ts'
import type { ChainId, PointId } from '../base/ids.ts'
import type { ChainHead } from './chain-heads.ts'
import { ROLLBACK_HINT } from './lost-points.ts'
import { isTrueCopy } from './original-record.ts'
import type { PointInfo } from './point-info.ts'

/** Hashes of points that the owner removed on purpose, by uuid. */
export type Removed = ReadonlyMap<PointId, Uint8Array>

const HINT =
  'Unless you know why, look at who can write to this store before you rely on it; `tidemark check` says more.'

/** Returns what is wrong with the links between points: each parent that is there, or was removed on purpose, is the one that was followed. */
export function linkAlarms(points: readonly PointInfo[], removed: Removed): IntegrityError[] {
  const alarms: IntegrityError[] = []
  const byId = new Map<PointId, PointInfo>()
  for (const point of points) {
    const { point: id, instance } = point.record
    const other = byId.get(id)
    if (other !== undefined && !equalBytes(other.innerHash, point.innerHash)) {
      alarms.push(
        alarm('ID_MISMATCH', `points/${other.object} and points/${point.object} both call themselves ${id}`, point),
      )
    }
    byId.set(id, point)
    if (instance !== point.signer && !isTrueCopy(point.record)) {
      alarms.push(alarm('BAD_SIGNATURE', `point ${id} of instance ${instance} was signed by ${point.signer}`, point))
    }
  }
  for (const point of points) {
    for (const parent of point.record.parents) {
      const hash = byId.get(parent.point)?.innerHash ?? removed.get(parent.point)
      if (hash === undefined || equalBytes(hash, parent.hash)) continue
      const link = `point ${parent.point}, which point ${point.record.point} follows,`
      alarms.push(alarm('ID_MISMATCH', `${link} is not the one that it followed`, point))
    }
  }
  return alarms
}

/** Returns an alarm for each chain whose remembered head is there, or was removed on purpose, and is another one now. */
export function headAlarms(
  points: readonly PointInfo[],
  { heads, removed }: { readonly heads: ReadonlyMap<ChainId, ChainHead>; readonly removed: Removed },
): IntegrityError[] {
  const alarms: IntegrityError[] = []
  const byId = new Map(points.map((point) => [point.record.point, point]))
  for (const [chain, head] of heads) {
    const hash = byId.get(head.point)?.innerHash ?? removed.get(head.point)
    if (hash === undefined || equalBytes(hash, head.hash)) continue
    const message = `point ${head.point}, number ${head.sequence} of chain ${chain}, is another one now`
    alarms.push(
      new IntegrityError('ROLLED_BACK', message, {
        context: { chain, point: head.point, sequence: head.sequence },
        hint: ROLLBACK_HINT,
      }),
    )
  }
  return alarms
}

function alarm(code: 'ID_MISMATCH' | 'BAD_SIGNATURE', message: string, { object, record }: PointInfo): IntegrityError {
  const context = { object: `points/${object}`, point: record.point, chain: record.chain }
  return new IntegrityError(code, message, { context, hint: HINT })
}
