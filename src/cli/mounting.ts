import type { MountRoot } from '../../fuse/folders/folder.ts'
import { type Mount, type MountProblem, openMount } from '../../fuse/mount.ts'
import type { ReaderThreads } from '../../fuse/readers/reader-threads.ts'
import { openKernelDevice } from '../../fuse/transports/kernel/open-kernel-device.ts'
import { FolderTree } from '../../fuse/transports/native/folder-tree.ts'
import { openNativeMount } from '../../fuse/transports/native/open-native-mount.ts'
import { exitAtOnce } from '../base/posix/exit.ts'
import type { PointFrames } from '../engine/point-view-frames.ts'

export interface MountJob {
  /** An absolute path without symbolic links. */
  readonly mountPoint: string
  readonly root: MountRoot
  /** Stays the caller's to close, after the mount. */
  readonly frames: PointFrames
  readonly allowOther: boolean
  readonly cacheBytesMax: number | undefined
  /** Threads that were started for it; the mount's to end once it is there. */
  readonly readers: ReaderThreads | undefined
  /** Folders that programs are looked for in, separated by colons. */
  readonly searchPath: string
  readonly onProblem: (problem: MountProblem) => void
}

/** A mounted file system with what answers it. Disposing of it ends both. */
export interface Mounted extends AsyncDisposable {
  /** Resolves once it is no longer mounted, whoever ended it; rejects when what answers it died of a bug. */
  readonly ended: Promise<void>
  /** @throws {MountError} MOUNT_BUSY, NOT_MOUNTED */
  unmount(): Promise<void>
  /** Takes it out of sight of all who do not use it. */
  detach(): Promise<void>
}

/** Mounts through the kernel's own protocol. @throws {MountError} MOUNT_UNAVAILABLE, MOUNT_BUSY */
export async function mountByKernel(job: MountJob): Promise<Mounted> {
  const { allowOther, cacheBytesMax, frames, mountPoint, onProblem, readers, root, searchPath } = job
  const device = await openKernelDevice({ mountPoint, allowOther, searchPath })
  let mount: Mount | undefined
  const end = async (): Promise<void> => {
    // While it is there, whoever looks at it would wait for ever.
    await device.detach().catch(() => undefined)
    await mount?.[Symbol.asyncDispose]()
    process.off('exit', exitAtOnce)
    device.close()
  }
  try {
    const owner = thisUser()
    const given = { ...(cacheBytesMax === undefined ? {} : { cacheBytesMax }), ...(readers && { readers }) }
    // Its threads wait for requests, and Node's exit would wait for them.
    process.on('exit', exitAtOnce)
    mount = openMount({ root, device, frames, owner, onProblem, ...given })
    const { ended } = mount
    return { ended, unmount: () => device.unmount(), detach: () => device.detach(), [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}

/** Mounts through libfuse. @throws {MountError} MOUNT_UNAVAILABLE */
export async function mountByLibrary({ root, ...job }: MountJob): Promise<Mounted> {
  const mount = await openNativeMount({ ...job, tree: new FolderTree({ root, owner: thisUser() }) })
  return { ...mount, [Symbol.asyncDispose]: async () => mount.detach().catch(() => undefined) }
}

/** Who owns what no point holds. */
function thisUser(): { readonly uid: number; readonly gid: number } {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
}
