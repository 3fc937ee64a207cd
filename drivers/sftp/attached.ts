import { StorageError } from '../../src/base/errors.ts'
import type { SftpChannel } from './sftp-channel.ts'
import { statusOf } from './sftp-errors.ts'

/** Where a store lies on its server. */
export interface StoreFolder {
  /** An absolute path there. */
  readonly root: string
  /** The location as the user wrote it. */
  readonly location: string
}

/** @throws {StorageError} STORE_UNAVAILABLE: the store's folder is not there. */
export async function assertAttached(channel: SftpChannel, { root, location }: StoreFolder): Promise<void> {
  if (await isThere(channel, root)) return
  throw new StorageError('STORE_UNAVAILABLE', `${location} is gone from the server`, {
    retry: 'transient',
    context: { path: root },
    hint: 'Perhaps a disk of the server is not mounted.',
  })
}

export async function isThere(channel: SftpChannel, path: string): Promise<boolean> {
  try {
    await channel.lstat(path)
    return true
  } catch (error) {
    if (statusOf(error) === 'noSuchFile') return false
    throw error
  }
}
