import type { FileEntryWithStats } from 'ssh2'

import { assertAttached, type StoreFolder } from './attached.ts'
import type { SftpChannel } from './sftp-channel.ts'
import { statusOf } from './sftp-errors.ts'

/** What folders hold, by their paths; `undefined` where there is none. */
export type FolderContents = ReadonlyMap<string, readonly FileEntryWithStats[] | undefined>

/**
 * Reads groups of folders of a store: those of a group at once, and none is opened before those of the groups before have been read.
 *
 * A server that works in order is asked for a group in the same go as for the content of the one before, which it comes to first:
 * a round trip a group, and one more. Only where a folder was longer than was asked for, the next group is opened anew.
 *
 * @throws {SftpFailure}
 * @throws {StorageError} STORE_UNAVAILABLE: not only a folder is not there, but the whole store.
 */
export async function readFoldersInTurn(
  channel: SftpChannel,
  store: StoreFolder,
  groups: readonly (readonly string[])[],
): Promise<FolderContents> {
  const contents = new Map<string, readonly FileEntryWithStats[] | undefined>()
  const open = async (at: number): Promise<OpenedFolders> => openAll(channel, store, groups[at] ?? [])
  let opened = await open(0)
  for (let next = 1; next <= groups.length; next++) {
    const reading = readAll(channel, opened, contents)
    const [read, ahead] = await Promise.allSettled([reading, channel.inOrder ? open(next) : undefined])
    const early = ahead.status === 'fulfilled' ? ahead.value : undefined
    const isTooEarly = read.status === 'rejected' || read.value > 1
    if (early !== undefined && isTooEarly) closeAll(channel, early)
    if (read.status === 'rejected') throw read.reason
    if (ahead.status === 'rejected') throw ahead.reason
    opened = early === undefined || isTooEarly ? await open(next) : early
  }
  return contents
}

type OpenedFolders = ReadonlyMap<string, Buffer | undefined>

async function openAll(channel: SftpChannel, store: StoreFolder, paths: readonly string[]): Promise<OpenedFolders> {
  const opened = new Map<string, Buffer | undefined>()
  if (paths.length === 0) return opened
  const opening = paths.map(async (path) => opened.set(path, await openIfThere(channel, path)))
  // Asked for last, and answered last where that is the order.
  const looking = channel.inOrder ? [assertAttached(channel, store)] : []
  const answers = await Promise.allSettled([...opening, ...looking])
  try {
    for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
    if (!channel.inOrder && [...opened.values()].includes(undefined)) await assertAttached(channel, store)
    return opened
  } catch (error) {
    closeAll(channel, opened)
    throw error
  }
}

async function openIfThere(channel: SftpChannel, path: string): Promise<Buffer | undefined> {
  try {
    return await channel.openFolder(path)
  } catch (error) {
    if (statusOf(error) === 'noSuchFile') return undefined
    throw error
  }
}

/** Returns how often was asked of the longest. */
async function readAll(
  channel: SftpChannel,
  opened: OpenedFolders,
  into: Map<string, readonly FileEntryWithStats[] | undefined>,
): Promise<number> {
  let most = 1
  const answers = await Promise.allSettled(
    [...opened].map(async ([path, handle]) => {
      const content = handle === undefined ? undefined : await channel.readFolder(handle)
      into.set(path, content?.entries)
      most = Math.max(most, content?.rounds ?? 1)
    }),
  )
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
  return most
}

function closeAll(channel: SftpChannel, opened: OpenedFolders): void {
  for (const handle of opened.values()) if (handle !== undefined) channel.close(handle).catch(() => undefined)
}
