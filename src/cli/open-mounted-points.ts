import { PointWatch, type PointWatchOptions } from '../../fuse/folders/point-watch.ts'
import type { PointFrames } from '../engine/point-view-frames.ts'
import { openPointFrames } from '../engine/point-view-repository.ts'
import type { RealmId } from '../base/ids.ts'
import type { FrameDiskCache } from '../repository/frame-disk-cache.ts'
import type { Repository } from '../repository/repository.ts'
import { RepositoryPoints } from './mounted-points.ts'

export interface OpenMountedPointsOptions extends Omit<PointWatchOptions, 'store'> {
  readonly repository: Repository
  readonly realm: RealmId
  readonly frameCache: FrameDiskCache | undefined
}

/** What a mount shows. Disposing of `frames` is the caller's. */
export interface OpenedPoints {
  readonly frames: PointFrames
  readonly points: PointWatch
}

/**
 * Opens the points of a realm and the files in them. Points and index are loaded at once: of an index that lacks what a
 * point needs that was made in between, a newer one is loaded when somebody asks for that.
 *
 * @throws as `Repository.index` and `Repository.chain`
 */
export async function openMountedPoints(options: OpenMountedPointsOptions): Promise<OpenedPoints> {
  const { repository, realm, frameCache, clock } = options
  const opening = openPointFrames(repository.inRealm(realm), frameCache)
  const blobs = opening.then((frames) => frames.blobs)
  const watching = PointWatch.open({ ...options, store: new RepositoryPoints({ repository, realm, blobs, clock }) })
  const [frames, points] = await Promise.allSettled([opening, watching])
  if (frames.status === 'rejected') throw frames.reason
  if (points.status === 'fulfilled') return { frames: frames.value, points: points.value }
  frames.value[Symbol.dispose]()
  throw points.reason
}
