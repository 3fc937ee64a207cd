import type { ByteString } from '../../base/byte-string.ts'
import type { TreeEntry } from '../../format/tree.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import { contentState } from '../point-view-state.ts'
import type { PointViews } from './point-views.ts'

/** A state of a path's content. */
export interface Version {
  /** As the first point that has it holds it. */
  readonly entry: TreeEntry
  /** All that have it, in the order in which they were given. */
  readonly points: readonly PointInfo[]
}

/**
 * Returns each distinct version of what lies at `path`, in the order of the first point that has it. A path that was
 * away for a while and came back as it was is one version.
 *
 * `points` are the ones looked at, oldest first; points of different realms share no versions.
 */
export async function history(
  views: Pick<PointViews, 'open'>,
  path: ByteString,
  { points, signal }: { readonly points: readonly PointInfo[]; readonly signal: AbortSignal },
): Promise<Version[]> {
  const versions = new Map<string, { entry: TreeEntry; points: PointInfo[] }>()
  for (const point of points) {
    signal.throwIfAborted()
    const entry = await (await views.open(point)).lookup(path)
    if (entry === undefined) continue
    const state = `${point.realm} ${contentState(entry)}`
    const known = versions.get(state)
    if (known === undefined) versions.set(state, { entry, points: [point] })
    else known.points.push(point)
  }
  return [...versions.values()]
}
