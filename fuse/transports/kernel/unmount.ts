import { byteStringOf } from '../../../src/base/byte-string.ts'
import { MountError, errnoOf } from '../../../src/base/errors.ts'
import { mountPoints } from '../../../src/base/posix/mount-points.ts'
import { unmount } from '../../../src/base/posix/mounting.ts'
import { describeHolders, holdersOf } from './holders.ts'
import { noHelper, notMounted } from './mount-errors.ts'
import { runHelper } from './mount-helper.ts'
import { MOUNT_TYPE, mountAt, tidemarkMounts } from './mounts.ts'

export interface UnmountOptions {
  /** Absolute, without symbolic links: `resolveMountPoint`. */
  readonly mountPoint: string
  /** Also while somebody uses it: out of sight of all who do not. */
  readonly lazy: boolean
  /** Folders that programs are looked for in, separated by colons. */
  readonly searchPath: string
}

/**
 * Ends the mount of this program at `mountPoint`, also one of another process or a dead one.
 *
 * @throws {MountError} NOT_MOUNTED: there is none; MOUNT_BUSY: it is in use, and the message says by whom;
 *   MOUNT_UNAVAILABLE: it is not this user's, or what it takes is missing.
 */
export async function endMount({ mountPoint, lazy, searchPath }: UnmountOptions): Promise<void> {
  // Looked at once: a mount that comes up meanwhile is not there and there in one sentence.
  const mounts = mountPoints()
  if (mountAt(mountPoint, mounts)?.type !== MOUNT_TYPE) throw notMounted(mountPoint, tidemarkMounts(mounts))
  const failure =
    process.geteuid?.() === 0
      ? unmountAsRoot(mountPoint, lazy)
      : await unmountByHelper({ mountPoint, lazy, searchPath })
  if (failure === undefined) return
  // Somebody else may have ended it at the same moment.
  if (mountAt(mountPoint)?.type !== MOUNT_TYPE) return
  if (/EBUSY|busy/i.test(failure)) throw await busy(mountPoint)
  throw new MountError('MOUNT_UNAVAILABLE', `${mountPoint} cannot be unmounted: ${failure}`, {
    hint: 'Only root and the user who mounted it can.',
  })
}

/** Returns why not, or `undefined` when it is done. */
function unmountAsRoot(mountPoint: string, lazy: boolean): string | undefined {
  try {
    unmount(byteStringOf(mountPoint), { lazy })
    return undefined
  } catch (error) {
    if (errnoOf(error) === undefined || !(error instanceof Error)) throw error
    return error.message
  }
}

async function unmountByHelper({ mountPoint, lazy, searchPath }: UnmountOptions): Promise<string | undefined> {
  const words = ['-u', ...(lazy ? ['-z'] : []), '--', mountPoint]
  const result = await runHelper({ words, searchPath })
  if (result === undefined) throw noHelper()
  return result.isDone ? undefined : result.message
}

async function busy(mountPoint: string): Promise<MountError> {
  const holders = await holdersOf(mountPoint)
  const who = holders.length === 0 ? 'a process of another user, or one that just left' : describeHolders(holders)
  return new MountError('MOUNT_BUSY', `${mountPoint} is in use by ${who}`, { hint: 'Leave it, and try again.' })
}
