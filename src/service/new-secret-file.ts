import { lstat, open, rm } from 'node:fs/promises'

import { errnoOf, UsageError } from '../base/errors.ts'

/**
 * Writes a secret to a new file that only its owner may read, and makes it durable.
 *
 * @throws {UsageError} BAD_ARGUMENT: the file is there already, or cannot be written.
 */
export async function writeNewSecretFile(path: string, content: Uint8Array): Promise<void> {
  let made = false
  try {
    await using file = await open(path, 'wx', 0o600)
    made = true
    await file.writeFile(content)
    await file.sync()
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === undefined) throw error
    if (made) await rm(path, { force: true })
    throw unwritable(path, errno, error)
  }
}

/**
 * Checks that there is no file at `path`, before anything is made whose secret would have no place.
 *
 * @throws {UsageError} BAD_ARGUMENT
 */
export async function requireNewFile(path: string): Promise<void> {
  if ((await lstat(path).catch(() => undefined)) !== undefined) throw unwritable(path, 'EEXIST', undefined)
}

function unwritable(path: string, errno: string, cause: unknown): UsageError {
  const why = errno === 'EEXIST' ? 'it is there already' : errno
  return new UsageError('BAD_ARGUMENT', `${path} cannot be written: ${why}`, {
    context: { path, errno },
    cause,
    hint: 'Name a new file in a folder that you can write to.',
  })
}
