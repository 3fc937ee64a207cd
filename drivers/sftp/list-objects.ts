import { posix } from 'node:path'

import { parseObjectId } from '../../src/base/ids.ts'
import {
  LISTING_ORDER,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  objectPath,
} from '../../src/storage/driver.ts'
import type { StoreFolder } from './attached.ts'
import { type FolderContents, readFoldersInTurn } from './read-folders.ts'
import type { SftpChannel } from './sftp-channel.ts'

/** Folders of packs that are read at once: each is a handle of the server, of which a process may usually have a thousand. */
const FOLDERS_AT_ONCE = 128
/** Those that there may be. */
const PACK_FOLDERS = Array.from({ length: 256 }, (_, byte) => `packs/${byte.toString(16).padStart(2, '0')}`)

/**
 * Lists the objects of `kinds`, in the order of `LISTING_ORDER`. A folder that is not there is empty, unless the whole store is
 * away.
 *
 * @throws {SftpFailure}
 * @throws {StorageError} STORE_UNAVAILABLE
 */
export async function listObjects(
  channel: SftpChannel,
  store: StoreFolder,
  kinds: readonly ObjectKind[],
): Promise<readonly ObjectInfo[]> {
  const lines = LISTING_ORDER.map((line) => line.filter((kind) => kinds.includes(kind)))
  const wanted = lines.filter((line) => line.length > 0)
  return channel.inOrder ? listInOneGo(channel, store, wanted) : listLineByLine(channel, store, wanted)
}

/** The folder that an object lies in, below the store's. */
export function folderOf(name: ObjectName): string {
  return posix.dirname(objectPath(name))
}

type Lines = readonly (readonly ObjectKind[])[]

/** Opens all folders of packs, whether they are there or not: to find that out first would take longer. */
async function listInOneGo(channel: SftpChannel, store: StoreFolder, lines: Lines): Promise<ObjectInfo[]> {
  const { root } = store
  const folders = lines.map((line) => line.flatMap(foldersOf).map((folder) => posix.join(root, folder)))
  return objectsIn(await readFoldersInTurn(channel, store, folders), root, lines.flat())
}

async function listLineByLine(channel: SftpChannel, store: StoreFolder, lines: Lines): Promise<ObjectInfo[]> {
  const { root } = store
  const infos: ObjectInfo[] = []
  for (const line of lines) {
    const contents = new Map(await readFoldersInTurn(channel, store, [line.map((kind) => posix.join(root, kind))]))
    if (line.includes('packs')) {
      const names = new Set(contents.get(posix.join(root, 'packs'))?.map(({ filename }) => `packs/${filename}`))
      const there = PACK_FOLDERS.filter((folder) => names.has(folder)).map((folder) => posix.join(root, folder))
      const groups = [there.slice(0, FOLDERS_AT_ONCE), there.slice(FOLDERS_AT_ONCE)]
      for (const [path, entries] of await readFoldersInTurn(channel, store, groups)) contents.set(path, entries)
    }
    infos.push(...objectsIn(contents, root, line))
  }
  return infos
}

function foldersOf(kind: ObjectKind): readonly string[] {
  return kind === 'packs' ? PACK_FOLDERS : [kind]
}

function objectsIn(contents: FolderContents, root: string, kinds: readonly ObjectKind[]): ObjectInfo[] {
  return kinds.flatMap((kind) =>
    foldersOf(kind).flatMap((folder) =>
      (contents.get(posix.join(root, folder)) ?? []).flatMap(({ filename, attrs }) => {
        const id = parseObjectId(filename)
        if (id === undefined || !attrs.isFile() || folderOf({ kind, id }) !== folder) return []
        return [{ name: { kind, id }, bytes: attrs.size }]
      }),
    ),
  )
}
