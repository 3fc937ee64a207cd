import type { PointId } from '../../base/ids.ts'
import type { CareContext } from '../care-types.ts'
import { packSpace, type RepackLimits } from './pack-space.ts'
import { lookAtRealm } from './realm-view.ts'

/**
 * Returns about how many bytes a prune would free if `without` were forgotten: packs that nothing needs, and what it would
 * write others anew for.
 *
 * @throws {IntegrityError} something that decides about it cannot be read, which stops a prune, too.
 */
export async function freeableBytes(
  { repository }: CareContext,
  { without, limits }: { readonly without: ReadonlySet<PointId>; readonly limits: RepackLimits },
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
    bytes += packSpace(view, limits).freeableBytes
    view.index[Symbol.dispose]()
  }
  return bytes
}
