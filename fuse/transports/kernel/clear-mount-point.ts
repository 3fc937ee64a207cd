import { MountError } from '../../../src/base/errors.ts'
import { MOUNT_TYPE, isDead, mountAt } from './mounts.ts'
import { endMount } from './unmount.ts'

/**
 * Takes away a dead mount at `mountPoint`, left behind by a process that was killed.
 *
 * @throws {MountError} MOUNT_BUSY: there is one that lives.
 */
export async function clearMountPoint(mountPoint: string, searchPath: string): Promise<void> {
  if (mountAt(mountPoint)?.type !== MOUNT_TYPE) return
  if (!(await isDead(mountPoint))) throw mountedAlready(mountPoint)
  await endMount({ mountPoint, searchPath, lazy: true })
}

/** Returns the error of a mount at `mountPoint` that lives. */
export function mountedAlready(mountPoint: string): MountError {
  return new MountError('MOUNT_BUSY', `a repository is mounted at ${mountPoint} already`, {
    hint: 'Choose another directory, or end that mount with `tidemark unmount`.',
  })
}
