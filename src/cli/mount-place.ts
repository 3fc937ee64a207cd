import { mkdir, readdir, realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import { mountedAlready } from '../../fuse/transports/kernel/clear-mount-point.ts'
import { isDead, MOUNT_TYPE, mountAt, resolveMountPoint } from '../../fuse/transports/kernel/mounts.ts'
import { display } from '../base/byte-string.ts'
import { errnoOf, TargetError, UsageError } from '../base/errors.ts'
import { fileNameOf } from '../base/file-name.ts'
import type { CliContext } from './context.ts'

/**
 * Returns where a repository is to be mounted: an absolute path without symbolic links to an empty folder, or to a mount
 * whose process is gone.
 *
 * @throws {UsageError} BAD_ARGUMENT: there is no such folder, or it is none.
 * @throws {TargetError} TARGET_UNSAFE: it is not empty, or is the repository at `url`, or lies in or around it;
 * TARGET_DENIED, TARGET_FAILED: it cannot be looked into.
 * @throws {MountError} MOUNT_BUSY: a repository is mounted there.
 */
export async function chooseMountPoint(
  { workingDirectory, url }: { readonly workingDirectory: string; readonly url: string },
  directory: string,
): Promise<string> {
  let mountPoint: string
  try {
    mountPoint = await resolveMountPoint(resolve(workingDirectory, directory))
  } catch (cause) {
    throw placeNotReached(resolve(workingDirectory, directory), cause)
  }
  if (await isDead(mountPoint)) return mountPoint
  if (mountAt(mountPoint)?.type === MOUNT_TYPE) throw mountedAlready(mountPoint)
  await refuseRepository(mountPoint, url)
  let names: string[]
  try {
    names = await readdir(mountPoint)
  } catch (cause) {
    throw placeNotReached(mountPoint, cause)
  }
  if (names.length === 0) return mountPoint
  throw unsafe(mountPoint, `${mountPoint} is not empty: what is in it would be hidden`)
}

/**
 * Makes the folder to mount over where there is none, for its user alone; the one around it has to be there.
 *
 * @returns whether it was made
 * @throws {UsageError | TargetError} as `chooseMountPoint` does
 */
export async function makeMountPoint(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { mode: 0o700 })
    return true
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return false
    throw placeNotReached(directory, cause)
  }
}

/** Returns where a mount in the background writes what it says. */
export function mountLog({ paths, workingDirectory }: CliContext, directory: string): string {
  const name = fileNameOf(resolve(workingDirectory, directory), 'mount')
  return join(paths.stateDirectory, 'log', `mount${display(name)}.log`)
}

/** A mount that hides the repository that it reads from would stand still at the first look. */
async function refuseRepository(mountPoint: string, url: string): Promise<void> {
  if (!url.startsWith('/')) return
  const repository = await realpath(url).catch(() => url)
  if (repository === mountPoint) throw unsafe(mountPoint, `${mountPoint} is the repository itself`)
  if (isInside(repository, mountPoint)) throw unsafe(mountPoint, `the repository ${repository} lies in ${mountPoint}`)
  if (isInside(mountPoint, repository)) throw unsafe(mountPoint, `${mountPoint} lies in the repository ${repository}`)
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(folder === '/' ? folder : `${folder}/`)
}

function unsafe(path: string, message: string): TargetError {
  return new TargetError('TARGET_UNSAFE', message, { context: { path }, hint: 'Mount over an empty folder.' })
}

/** Returns the error of a place for a mount that cannot be looked at. */
export function placeNotReached(path: string, cause: unknown): Error {
  const errno = errnoOf(cause) ?? 'unknown'
  const details = { context: { path }, cause }
  if (errno === 'ENOENT') {
    const hint = `Make it with \`mkdir ${path}\`.`
    return new UsageError('BAD_ARGUMENT', `there is no folder ${path} to mount over`, { ...details, hint })
  }
  if (errno === 'ENOTDIR') {
    const hint = 'Choose an empty folder.'
    return new UsageError('BAD_ARGUMENT', `${path} is not a folder to mount over`, { ...details, hint })
  }
  const code = errno === 'EACCES' || errno === 'EPERM' ? 'TARGET_DENIED' : 'TARGET_FAILED'
  const hint = 'Choose another folder.'
  return new TargetError(code, `${path} cannot be mounted over: ${errno}`, { ...details, hint })
}
