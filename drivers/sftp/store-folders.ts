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

  /** Its parent is usually there, too. */
  async #makeMissing(channel: SftpChannel, folder: string): Promise<void> {
    const parent = posix.dirname(folder)
    const act = async (): Promise<void> => makeDurable(channel, posix.join(this.#root, folder))
    await (parent === '.' ? act() : this.within(channel, parent, act))
  }
}

/** Makes a folder, and its name durable; one that is there stays as it is. What its name is made durable by is opened meanwhile. */
async function makeDurable(channel: SftpChannel, path: string): Promise<void> {
  const [made, opened] = await Promise.allSettled([
    channel.makeFolder(path, FOLDER_MODE),
    openFolder(channel, posix.dirname(path)),
  ])
  const handle = opened.status === 'fulfilled' ? opened.value : undefined
  try {
    if (made.status === 'rejected') {
      if (statusOf(made.reason) === 'failure' && (await isThere(channel, path))) return
      throw made.reason
    }
    if (opened.status === 'rejected') throw opened.reason
    if (handle !== undefined) await channel.sync(handle)
  } finally {
    if (handle !== undefined) channel.close(handle).catch(() => undefined)
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
