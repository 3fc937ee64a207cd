import type { ObjectId } from '../../base/ids.ts'
import type { Driver, ObjectKind } from '../../storage/driver.ts'
import type { StoreLists } from './bases.ts'

/** Lists what decides whether a base can still be relied on. A run object must be in the store before. */
export async function readStoreLists(driver: Driver): Promise<StoreLists> {
  const ids = async (kind: ObjectKind): Promise<ObjectId[]> => {
    const found: ObjectId[] = []
    for await (const { name } of driver.list(kind)) found.push(name.id)
    return found
  }
  // Index before marks: a pack that is marked in between is then seen to be.
  const index = await ids('index')
  const [marks, dead, lost, packs] = await Promise.all([ids('marks'), ids('dead'), ids('lost'), ids('packs')])
  return { index, marks, dead, lost, packs }
}

/** Whether everything that the base's point relies on is there by the lists alone; otherwise it must be looked up. */
export function areListsKept(then: StoreLists, now: StoreLists): boolean {
  return (
    isSubset(then.index, now.index) &&
    isSubset(then.packs, now.packs) &&
    isSubset(now.marks, then.marks) &&
    isSubset(now.dead, then.dead) &&
    isSubset(now.lost, then.lost)
  )
}

function isSubset(ids: readonly ObjectId[], of: readonly ObjectId[]): boolean {
  if (ids.length === 0) return true
  const all = new Set(of)
  return ids.every((id) => all.has(id))
}
