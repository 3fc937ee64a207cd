import type { PointId } from '../../base/ids.ts'
import type { CareContext } from '../care-types.ts'
import { lookAtRealm, type RealmView } from './realm-view.ts'
import { packUses } from './repack-plan.ts'

/**
 * Returns about how many bytes a prune would free if `without` were forgotten: packs that nothing needs, and what is
 * unneeded in others.
 *
 * @throws {IntegrityError} something that decides about it cannot be read, which stops a prune, too.
 */
export async function freeableBytes(
  { repository }: CareContext,
  without: ReadonlySet<PointId>,
  signal: AbortSignal,
): Promise<number> {
  let bytes = 0
  for (const realm of repository.keyRing.realms()) {
    const inRealm = repository.inRealm(realm)
    const view = await lookAtRealm({
      repository: inRealm,
      main: repository,
      progress: () => undefined,
      signal,
      without,
    })
    bytes += unneededBytes(view)
    view.index[Symbol.dispose]()
  }
  return bytes
}

function unneededBytes(view: RealmView): number {
  const { index, present, copies } = view
  let bytes = 0
  for (const [id, size] of present) {
    const row = index.packs.rowOf(id)
    if (row !== undefined && copies.packBlobs[row] === 0) bytes += size
  }
  return bytes + packUses(view).reduce((sum, use) => sum + use.bytes - use.usedBytes, 0)
}
