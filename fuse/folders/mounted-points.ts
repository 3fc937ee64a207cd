import type { ByteString } from '../../src/base/byte-string.ts'
import type { Timespec } from '../../src/base/clock.ts'
import type { PointView } from '../../src/engine/point-view-types.ts'

/** A Restoring Point as the mount shows it; the same object for as long as the point is there. */
export interface MountedPoint {
  /** 32 hexadecimal digits. */
  readonly id: string
  /** When it was made, in UTC, and the beginning of its id: no two points have the same. */
  readonly folderName: ByteString
  /** 32 hexadecimal digits each. */
  readonly chain: string
  readonly instance: string
  /** As whoever made it called his machine: any text. */
  readonly instanceName: string
  readonly started: Timespec
  readonly tags: readonly string[]
  /** It holds what a restore was about to overwrite: no state of a source, so nothing leads to it as the latest. */
  readonly isUndo: boolean
  readonly view: PointView
  /** Returns its record as JSON. */
  record(): Promise<Uint8Array>
}

/** All points of a repository at one moment. */
export interface PointSet {
  /** When it was found that points, or what is said about them, have changed: different from set to set. */
  readonly changed: Timespec
  /** The oldest first; those of one chain in the order of their making. */
  readonly points: readonly MountedPoint[]
  /** Returns the point that POINT, as on the command line, names; `undefined` where it names none, or several. */
  resolve(point: string): MountedPoint | undefined
}

/** Where folders get the points from that are there now. */
export interface PointSource {
  current(): Promise<PointSet>
}
