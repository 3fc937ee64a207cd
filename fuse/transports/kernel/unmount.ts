import { writeFileSync } from 'node:fs'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { MountError, errnoOf } from '../../../src/base/errors.ts'
import { type MountPoint, mountPoints } from '../../../src/base/posix/mount-points.ts'
import { type HowToUnmount, unmount } from '../../../src/base/posix/mounting.ts'
import { describeHolders, holdersOf } from './holders.ts'
import { noHelper, notMounted } from './mount-errors.ts'
import { runHelper } from './mount-helper.ts'
import { MOUNT_TYPE, answerAt, mountAt, tidemarkMounts } from './mounts.ts'

export interface UnmountOptions {
  /** Absolute, without symbolic links: `resolveMountPoint`. */
  readonly mountPoint: string
  /** Also while somebody uses it: out of sight of all who do not. */
  readonly lazy: boolean
  /**
   * Has those fail who wait for an answer. Of a process that was killed while it gave the kernel pages that somebody waits
   * for, a thread may be left: neither it nor those who wait can be ended otherwise.
   */
  readonly abort?: boolean
  /** Folders that programs are looked for in, separated by colons. */
  readonly searchPath: string
}

/** Where the kernel shows FUSE mounts to those who made them. */
const CONNECTIONS = '/sys/fs/fuse/connections'

/**
 * Ends the mount of this program at `mountPoint`, also one of another process or a dead one.
 *
 * @throws {MountError} NOT_MOUNTED: there is none; MOUNT_BUSY: it is in use, and the message says by whom;
 *   MOUNT_UNAVAILABLE: it is not this user's, or what it takes is missing.
 */
export async function endMount({ mountPoint, lazy, abort = false, searchPath }: UnmountOptions): Promise<void> {
  // Looked at once: a mount that comes up meanwhile is not there and there in one sentence.
  const mounts = mountPoints()
  const mount = mountAt(mountPoint, mounts)
  if (mount?.type !== MOUNT_TYPE) throw notMounted(mountPoint, tidemarkMounts(mounts))
  if (abort) abortConnection(mount)
  const failure =
    process.geteuid?.() === 0
      ? unmountAsRoot(mountPoint, { lazy, abort })
      : await unmountByHelper({ mountPoint, lazy, searchPath })
  if (failure === undefined) return
  // Somebody else may have ended it at the same moment.
  if (mountAt(mountPoint)?.type !== MOUNT_TYPE) return
  if (/EBUSY|busy/i.test(failure)) throw await busy(mountPoint)
  throw new MountError('MOUNT_UNAVAILABLE', `${mountPoint} cannot be unmounted: ${failure}`, {
    hint: 'Only root and the user who mounted it can.',
  })
}

/**
 * Ends a mount of another process as its user wants it: one that does not answer also for those who wait in it, who cannot
 * leave it first.
 *
 * @throws {MountError} as `endMount`
 */
export async function endOtherMount(options: Pick<UnmountOptions, 'mountPoint' | 'searchPath'>): Promise<void> {
  const isSilent = (await answerAt(options.mountPoint)) === 'silent'
  await endMount({ ...options, lazy: isSilent, abort: isSilent })
}

/** Has the kernel answer all questions of a mount with an error, where it lets this user. */
function abortConnection({ devMinor }: MountPoint): void {
  try {
    writeFileSync(`${CONNECTIONS}/${devMinor}/abort`, '1')
  } catch (error) {
    // Containers do not show it; root has another way, and whoever has none takes the mount out of sight at least.
    if (errnoOf(error) === undefined) throw error
  }
}

/** Returns why not, or `undefined` when it is done. */
function unmountAsRoot(mountPoint: string, how: HowToUnmount): string | undefined {
  try {
    unmount(byteStringOf(mountPoint), how)
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
