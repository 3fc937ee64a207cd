import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { errnoOf } from '../../../src/base/errors.ts'
import { type MountPoint, mountPoints } from '../../../src/base/posix/mount-points.ts'

/** What the mounts of this program are called in the list of all. */
export const MOUNT_TYPE = 'fuse.tidemark'
/** How long a mount may take to say that it lives. */
const ANSWER_MS_MAX = 5000

/** Returns the mounts of this program that are there, whoever made them, and alive or not. */
export function tidemarkMounts(mounts: readonly MountPoint[] = mountPoints()): MountPoint[] {
  return mounts.filter(({ type }) => type === MOUNT_TYPE)
}

/** Returns what is mounted at `path`, an absolute path without symbolic links: the topmost, if there is any. */
export function mountAt(path: string, mounts: readonly MountPoint[] = mountPoints()): MountPoint | undefined {
  const bytes = byteStringOf(path)
  return mounts.findLast((mount) => mount.path === bytes)
}

/** Returns the mounts inside of what is mounted at `path`. */
export function mountsBelow(path: string): MountPoint[] {
  const prefix = `${byteStringOf(path)}/`
  return mountPoints().filter((mount) => mount.path.startsWith(prefix))
}

/** Whether the process behind the mount at `path` is gone without having ended it. */
export async function isDead(path: string): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  // One that does not answer is not dead: somebody may yet bring it back.
  const timer = setTimeout(resolve, ANSWER_MS_MAX, false)
  const asked = stat(path).then(
    () => false,
    (error: unknown) => errnoOf(error) === 'ENOTCONN',
  )
  try {
    return await Promise.race([asked, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Returns the absolute `path` without symbolic links, also when a dead mount lies at its end.
 *
 * @throws as realpath(3): ENOENT, ENOTDIR, EACCES.
 */
export async function resolveMountPoint(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (errnoOf(error) !== 'ENOTCONN') throw error
    return join(await realpath(dirname(path)), basename(path))
  }
}
