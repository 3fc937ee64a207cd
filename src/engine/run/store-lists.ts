import type { ObjectId } from '../../base/ids.ts'
import type { IndexKind } from '../../repository/repository-index.ts'
import { POINT_KINDS, type PointKind } from '../../repository/point-chain.ts'
import type { Driver, ObjectInfo } from '../../storage/driver.ts'
import { type Listed, listInTurn } from '../../storage/list-in-turn.ts'
import type { SizedPack, StoreLists } from './bases.ts'

/** What a run sees of the store when it begins. */
export type RunListing = Listed<IndexKind | PointKind>

/**
 * Lists what decides whether a base can still be relied on, and the points. A run object must be in the store before.
 *
 * Index before marks: a pack that is marked in between is then seen to be. Points after marks and dead records: a point
 * that is still there then is whole without what they name.
 */
export async function listForRun(driver: Driver): Promise<RunListing> {
  return listInTurn<IndexKind | PointKind>(driver, [['index'], ['marks', 'dead', 'lost', 'packs'], POINT_KINDS])
}

/** What of a listing a base keeps. */
export function storeLists({ index, marks, dead, lost, packs }: RunListing): StoreLists {
  return {
    index: idsOf(index),
    marks: idsOf(marks),
    dead: idsOf(dead),
    lost: idsOf(lost),
    packs: packs.map(({ name, bytes }) => [name.id, bytes]),
  }
}

/** Whether everything that the base's point relies on is there by the lists alone; otherwise it must be looked up. */
export function areListsKept(then: StoreLists, now: StoreLists): boolean {
  return (
    isSubset(then.index, now.index) &&
    areWhole(then.packs, now.packs) &&
    isSubset(now.marks, then.marks) &&
    isSubset(now.dead, then.dead) &&
    isSubset(now.lost, then.lost)
  )
}

function idsOf(infos: readonly ObjectInfo[]): ObjectId[] {
  return infos.map(({ name }) => name.id)
}

function areWhole(packs: readonly SizedPack[], listed: readonly SizedPack[]): boolean {
  const sizes = new Map(listed)
  return packs.every(([id, bytes]) => sizes.get(id) === bytes)
}

function isSubset(ids: readonly ObjectId[], of: readonly ObjectId[]): boolean {
  if (ids.length === 0) return true
  const all = new Set(of)
  return ids.every((id) => all.has(id))
}
