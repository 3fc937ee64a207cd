import { StorageError } from '../base/errors.ts'
import { wasOpened } from './opening-memory.ts'
import type { RepositoryPlace } from './resolve-repository.ts'

/**
 * Returns why a repository could not be opened. One that is not there, and was opened from here before, is away and may
 * come back: the folder that a disk is mounted on is there, and empty, also while the disk is not.
 */
export function awayIfKnown(error: unknown, { url }: RepositoryPlace, cacheDirectory: string): unknown {
  if (!(error instanceof StorageError) || error.code !== 'NO_REPOSITORY') return error
  if (error.retry === 'transient' || !wasOpened(cacheDirectory, url)) return error
  return new StorageError('NO_REPOSITORY', error.message, {
    retry: 'transient',
    context: error.context,
    cause: error,
    hint: 'There was one when it was opened last: see that its disk is attached, and mounted there.',
  })
}
