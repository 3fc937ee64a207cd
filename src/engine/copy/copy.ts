import { UsageError } from '../../base/errors.ts'
import { compareWithinChain, type PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import type { CareContext } from '../care-types.ts'
import { PointViews } from '../look/point-views.ts'
import { copyPoint } from './copy-point.ts'
import type { CopiedPoint, CopyEvents, CopyOptions, CopyReport } from './copy-types.ts'

export interface CopyRequest {
  readonly source: Repository
  /** Points of the source; those that the target has are passed over. */
  readonly points: readonly PointInfo[]
  readonly options: CopyOptions
}

/**
 * Copies points into another repository, parents before children, each committed by itself: an interrupted copy goes on
 * with the next one. Content is read here and stored there under its keys, as far as the copied parent lacks it.
 *
 * @param target where they go.
 * @throws {UsageError} BAD_ARGUMENT: both are the same repository.
 * @throws {IntegrityError} a point cannot be read in full. @throws {RunError} PRUNED_UNDER_RUN @throws the signal's reason.
 */
export async function copyPoints(
  target: CareContext,
  { source, points, options }: CopyRequest,
  events: CopyEvents,
  signal: AbortSignal,
): Promise<CopyReport> {
  if (source.id === target.repository.id) {
    throw new UsageError('BAD_ARGUMENT', 'the repository to copy to is the one to copy from', {
      hint: 'A repository that was made by copying files is the same one; make the other with `tidemark init`.',
    })
  }
  target.repository.requireFeatures('write')
  const there = await target.repository.chain({ reload: true, signal })
  const missing: PointInfo[] = []
  const alreadyThere: PointInfo[] = []
  for (const point of points.toSorted(byChain)) {
    if (there.get(point.record.point) === undefined) missing.push(point)
    else alreadyThere.push(point)
  }
  const copied: CopiedPoint[] = []
  const views = new PointViews(source)
  for (const [pointsDone, point] of missing.entries()) {
    signal.throwIfAborted()
    const done = options.dryRun
      ? { point, bytesRead: 0, bytesStored: 0 }
      : await copyPoint(target, { source, point, views, pointsDone, pointsTotal: missing.length, events, signal })
    if (done === undefined) {
      alreadyThere.push(point)
      continue
    }
    copied.push(done)
    if (!options.dryRun) events.copied?.(done)
  }
  return { copied, alreadyThere }
}

function byChain(a: PointInfo, b: PointInfo): number {
  if (a.record.chain !== b.record.chain) return a.record.chain < b.record.chain ? -1 : 1
  return compareWithinChain(a, b)
}
