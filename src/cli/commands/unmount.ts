import { resolve } from 'node:path'

import { resolveMountPoint } from '../../../fuse/transports/kernel/mounts.ts'
import { endOtherMount } from '../../../fuse/transports/kernel/unmount.ts'
import type { CliContext } from '../context.ts'
import { errnoOf, UsageError } from '../../base/errors.ts'
import { placeNotReached } from '../mount-place.ts'

/** Ends a mount, of whichever process. */
export async function unmountCommand({ output, workingDirectory }: CliContext, directory: string): Promise<undefined> {
  const path = resolve(workingDirectory, directory)
  let mountPoint: string
  try {
    mountPoint = await resolveMountPoint(path)
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw placeNotReached(path, cause)
    throw new UsageError('BAD_ARGUMENT', `nothing is mounted at ${path}: there is no such folder`, { cause })
  }
  await endOtherMount({ mountPoint, searchPath: process.env['PATH'] ?? '' })
  if (output.json) output.document({ mountPoint })
  else output.message(`Unmounted ${mountPoint}.`)
}
