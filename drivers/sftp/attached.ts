import { StorageError } from '../../src/base/errors.ts'
import type { SftpChannel } from './sftp-channel.ts'
import { statusOf } from './sftp-errors.ts'

/** Where a store lies on its server. */
export interface StoreFolder {
  /** Its path there: absolute, or relative to the home of the user there. */
  readonly root: string
  /** The location as the user wrote it. */
  readonly location: string
}

/** @throws {StorageError} STORE_UNAVAILABLE: the store's folder is not there, or is none any more. */
export async function assertAttached(channel: SftpChannel, { root, location }: StoreFolder): Promise<void> {
  if (await isFolder(channel, root)) return
  throw new StorageError('STORE_UNAVAILABLE', `${location} is gone from the server`, {
    retry: 'transient',
    context: { path: root },
    hint: 'Perhaps a disk of the server is not mounted.',
  })
}

export async function isThere(channel: SftpChannel, path: string): Promise<boolean> {
  return (await unlessMissing(channel.lstat(path))) !== undefined
}

async function isFolder(channel: SftpChannel, path: string): Promise<boolean> {
  return (await unlessMissing(channel.stat(path)))?.isDirectory() === true
}

async function unlessMissing<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking
  } catch (error) {
    if (statusOf(error) === 'noSuchFile') return undefined
    throw error
  }
}
