import { posix } from 'node:path'

import { isThere } from './attached.ts'
import type { SftpChannel } from './sftp-channel.ts'
import { statusOf } from './sftp-errors.ts'

/** Only the owner enters: names, sizes and times of objects are nobody else's business. */
export const FOLDER_MODE = 0o700

/** Makes folders below a store's root when something is to come into them. Paths are relative to the root. */
export class StoreFolders {
  readonly #root: string
  readonly #made = new Map<string, Promise<void>>()

  constructor(root: string) {
    this.#root = root
  }

  /** Opens a folder whose names are to be made durable, as `openFolder` does. */
  async open(channel: SftpChannel, folder: string): Promise<Buffer | undefined> {
    return this.within(channel, folder, async () => openFolder(channel, posix.join(this.#root, folder)))
  }

  /** Does `act`; where it fails for want of `folder`, makes that first: usually it is there, and asking costs a round trip. */
  async within<T>(channel: SftpChannel, folder: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      if (statusOf(error) !== 'noSuchFile') throw error
      await this.#make(channel, folder)
      return act()
    }
  }

  /** Forgets which were made, after someone else removed one. */
  forget(): void {
    this.#made.clear()
  }

  async #make(channel: SftpChannel, folder: string): Promise<void> {
    const known = this.#made.get(folder)
    if (known !== undefined) return known
    const making = this.#makeMissing(channel, folder)
    this.#made.set(folder, making)
    making.catch(() => this.#made.delete(folder))
    return making
  }

  async #makeMissing(channel: SftpChannel, folder: string): Promise<void> {
    const parent = posix.dirname(folder)
    if (parent !== '.') await this.#make(channel, parent)
    const path = posix.join(this.#root, folder)
    try {
      await channel.makeFolder(path, FOLDER_MODE)
      await syncFolder(channel, posix.join(this.#root, parent))
    } catch (error) {
      if (statusOf(error) !== 'failure' || !(await isThere(channel, path))) throw error
    }
  }
}

/** Makes a folder's names durable. A folder opens as a file does on a POSIX system; elsewhere nothing can be done. */
export async function syncFolder(channel: SftpChannel, path: string): Promise<void> {
  const handle = await openFolder(channel, path)
  if (handle === undefined) return
  try {
    await channel.sync(handle)
  } finally {
    channel.close(handle).catch(() => undefined)
  }
}

/** Opens a folder to make its names durable; `undefined` where a server opens files only. */
async function openFolder(channel: SftpChannel, path: string): Promise<Buffer | undefined> {
  try {
    return await channel.openFile(path, 'read', 0)
  } catch (error) {
    const status = statusOf(error)
    if (status === undefined || status === 'noSuchFile') throw error
    return undefined
  }
}
