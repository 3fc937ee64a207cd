import type { ByteString } from '../../base/byte-string.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { CareEvents } from '../care-types.ts'
import type { HealedBlobs } from '../run/run-store.ts'

/** How far a copy is. */
export interface CopyProgress {
  readonly point: PointInfo
  readonly pointsDone: number
  readonly pointsTotal: number
  readonly filesDone: number
  readonly bytesRead: number
  readonly bytesStored: number
}

export interface CopyEvents extends Pick<CareEvents, 'warning'> {
  copying?(progress: CopyProgress): void
  /** A point is in the other repository. */
  copied?(point: CopiedPoint): void
  /** A point is left out, because what it needs is damaged where it is to be copied from. */
  leftOut?(point: DamagedPoint): void
}

export interface CopyOptions {
  /** Nothing is read or written; the report says which points would be copied. */
  readonly dryRun: boolean
  /** Also points that somebody forgot in the other repository. */
  readonly bringBack: boolean
}

export interface CopiedPoint {
  readonly point: PointInfo
  /** Content that was read, because the point's copied parent does not have it. */
  readonly bytesRead: number
  readonly bytesStored: number
}

/** A point that cannot be had whole where it is to be copied from. */
export interface DamagedPoint {
  readonly point: PointInfo
  /** Files and directories that cannot be had whole, as far as that is known. */
  readonly entries: number
  /** The first of their paths. */
  readonly paths: readonly ByteString[]
}

export interface CopyReport {
  /** In the order in which they were copied, or would be. */
  readonly copied: readonly CopiedPoint[]
  /** Points that the other repository has already. */
  readonly alreadyThere: readonly PointInfo[]
  /** Points that were forgotten in the other repository, and stay so. */
  readonly forgottenThere: readonly PointInfo[]
  /** Points that are left out, because they cannot be had whole. */
  readonly damaged: readonly DamagedPoint[]
  /** What had been lost in the other repository, and was stored there again. */
  readonly healed: HealedBlobs
  /** Blobs that points in the other repository need and that stay lost; in a dry run, that are lost before the copy. */
  readonly lostThere: number
}
