import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { type MountAnswer, mountAnswer } from '../../../src/base/posix/mount-answers.ts'
import { type MountPoint, mountPoints } from '../../../src/base/posix/mount-points.ts'

/** What the mounts of this program are called in the list of all. */
export const MOUNT_TYPE = 'fuse.tidemark'

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

/** Tells whether what is mounted at `path` answers; `undefined` where nothing is. */
export async function answerAt(path: string): Promise<MountAnswer | undefined> {
  return mountAt(path) === undefined ? undefined : mountAnswer(path)
}

/** Whether the process behind a mount at `path` is gone without having ended it; one that does not answer may come back. */
export async function isDead(path: string): Promise<boolean> {
  return (await answerAt(path)) === 'dead'
}

/**
 * Returns the absolute `path` without symbolic links. A mount at its end is not looked at: it may be dead, or not answer.
 *
 * @throws as realpath(3): ENOENT, ENOTDIR, EACCES.
 */
export async function resolveMountPoint(path: string): Promise<string> {
  if (mountAt(path) !== undefined) return path
  const beside = join(await realpath(dirname(path)), basename(path))
  return mountAt(beside) === undefined ? realpath(path) : beside
}
