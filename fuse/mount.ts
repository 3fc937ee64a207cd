import type { Clock } from '../src/base/clock.ts'
import type { PointFrames } from '../src/engine/point-view-frames.ts'
import type { Folder } from './folders/folder.ts'

/** The device of a mounted file system, as a transport opened it. */
export interface MountDevice {
  /** Open for reading and writing, blocking; stays the transport's to close. */
  readonly fd: number
}

export interface MountOptions {
  readonly root: Folder
  readonly device: MountDevice
  /** Where the bytes of all points' files are. Stays the caller's to close, after the mount. */
  readonly frames: PointFrames
  /** Who owns what no point holds. */
  readonly owner: { readonly uid: number; readonly gid: number }
  readonly clock: Clock
  /** Bytes of decoded frames that are kept. */
  readonly cacheBytesMax?: number
  /** Told, once each, of what cannot be read: damage, with the names of the files, and a store that does not answer. */
  readonly onProblem: (problem: unknown) => void
}

/** A mount at work. Disposing of it ends its threads and wipes what they knew; the file system is unmounted before. */
export interface Mount extends AsyncDisposable {
  /** Resolves once the kernel has let go of the file system; rejects when a thread died of a bug. */
  readonly ended: Promise<void>
}
