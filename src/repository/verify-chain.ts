import { equalBytes } from '../base/bytes.ts'
import { IntegrityError } from '../base/errors.ts'
import type { ChainId, PointId } from '../base/ids.ts'
import type { ChainHead } from './chain-heads.ts'
import { isTrueCopy } from './original-record.ts'
import type { PointInfo } from './point-info.ts'

/** Hashes of points that the owner removed on purpose, by uuid. */
export type Removed = ReadonlyMap<PointId, Uint8Array>

const HINT =
  'Unless you know why, look at who can write to this store before you rely on it; `tidemark check` says more.'

const ROLLBACK_HINT =
  'The store shows an older state: find out why before you prune. If an older copy was put back on purpose, ' +
  '`tidemark cache clear --accept-rollback` makes this machine go on from it.'

/** Returns what is wrong with the links between points: every parent is there unchanged, or was removed on purpose. */
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
      const link = `point ${parent.point}, which point ${point.record.point} follows,`
      if (hash === undefined) alarms.push(alarm('RECORD_MISSING', `${link} is gone, and nobody removed it`, point))
      else if (!equalBytes(hash, parent.hash)) {
        alarms.push(alarm('ID_MISMATCH', `${link} is not the one that it followed`, point))
      }
    }
  }
  return alarms
}

/** Returns an alarm for each chain whose remembered head is neither there unchanged nor removed on purpose. */
export function headAlarms(
  points: readonly PointInfo[],
  { heads, removed }: { readonly heads: ReadonlyMap<ChainId, ChainHead>; readonly removed: Removed },
): IntegrityError[] {
  const alarms: IntegrityError[] = []
  const byId = new Map(points.map((point) => [point.record.point, point]))
  for (const [chain, head] of heads) {
    const hash = byId.get(head.point)?.innerHash ?? removed.get(head.point)
    if (hash !== undefined && equalBytes(hash, head.hash)) continue
    const what = hash === undefined ? 'is gone, and nobody removed it' : 'is another one now'
    alarms.push(
      new IntegrityError('ROLLED_BACK', `point ${head.point}, number ${head.sequence} of chain ${chain}, ${what}`, {
        context: { chain, point: head.point, sequence: head.sequence },
        hint: ROLLBACK_HINT,
      }),
    )
  }
  return alarms
}

function alarm(
  code: 'ID_MISMATCH' | 'RECORD_MISSING' | 'BAD_SIGNATURE',
  message: string,
  { object, record }: PointInfo,
): IntegrityError {
  const context = { object: `points/${object}`, point: record.point, chain: record.chain }
  return new IntegrityError(code, message, { context, hint: HINT })
}
