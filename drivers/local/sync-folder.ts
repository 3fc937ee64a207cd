import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

import { errnoOf } from '../../src/base/errors.ts'

/** Makes the names in the folder at `path` durable, where its file system can. A link is not followed. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    await folder.sync()
  } catch (error) {
    // Network and FUSE file systems that cannot sync a folder say so; there is no other way to ask them.
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error) ?? '')) throw error
  }
}
