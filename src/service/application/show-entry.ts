import { type ByteString, joinPath } from '../../base/byte-string.ts'
import type { Timespec } from '../../base/clock.ts'
import type { OwnerNames } from '../../base/posix/owners.ts'
import type { FileStatus } from '../../base/posix/statx.ts'
import type { DirectoryListing } from '../../engine/point-view-directory.ts'
import type { TreeEntry } from '../../format/tree.ts'
import type { EntryData, Shown } from './shown.ts'
import { bounded, shownBytes, shownText } from './shown-text.ts'

/** Names of the users and groups that entries name by number. */
export type EntryOwners = Pick<DirectoryListing, 'users' | 'groups'>

export const UNKNOWN_OWNERS: EntryOwners = { users: new Map(), groups: new Map() }

export function milliseconds({ seconds, nanoseconds }: Timespec): number {
  return seconds * 1000 + Math.floor(nanoseconds / 1e6)
}

/** Returns what shows the entries of the directory at `path`, whose owners have the names that its listing says. */
export function entryShower(path: ByteString, owners: EntryOwners): (entry: TreeEntry) => EntryData {
  const shownFolder = path === '/' ? '/' : `${shownBytes(path)}/`
  const userOf = shownNames(owners.users)
  const groupOf = shownNames(owners.groups)
  return (entry) => {
    const name = shownBytes(entry.name)
    return {
      name,
      path: joinPath(path, entry.name),
      shownPath: bounded(`${shownFolder}${name}`),
      kind: entry.kind,
      bytes: entry.kind === 'file' ? entry.size : 0,
      modifiedMs: milliseconds(entry.mtime),
      mode: entry.mode,
      owner: userOf(entry.uid),
      group: groupOf(entry.gid),
      target: entry.kind === 'symlink' ? shownBytes(entry.target) : undefined,
    }
  }
}

/** Returns one entry at its own path; the root has no name. */
export function showEntry(path: ByteString, entry: TreeEntry, owners: EntryOwners = UNKNOWN_OWNERS): EntryData {
  if (entry.name !== '') return { ...entryShower(folderOf(path), owners)(entry), path, shownPath: shownBytes(path) }
  return { ...entryShower('/' as ByteString, owners)(entry), name: '/', path: '/', shownPath: '/' }
}

/** Returns an entry as it will be on this machine, where its owner has another number, and perhaps another name. */
export function showRestored(
  path: ByteString,
  entry: TreeEntry,
  { uid, gid, names }: { readonly uid: number; readonly gid: number; readonly names: OwnerNames },
): EntryData {
  const owner = shownText(names.userName(uid) ?? String(uid))
  return { ...showEntry(path, entry), owner, group: shownText(names.groupName(gid) ?? String(gid)) }
}

/** What is known of something on this machine. */
export interface FoundHere {
  readonly path: ByteString
  readonly status: FileStatus
  /** Where a symbolic link leads. */
  readonly target: ByteString | undefined
}

/** Returns what lies on this machine as an entry. */
export function showFound({ path, status, target }: FoundHere, names: OwnerNames): EntryData {
  return {
    name: shownBytes(path.slice(path.lastIndexOf('/') + 1) as ByteString),
    path,
    shownPath: shownBytes(path),
    kind: status.kind,
    bytes: status.kind === 'file' ? status.size : 0,
    modifiedMs: milliseconds(status.mtime),
    mode: status.mode,
    owner: shownText(names.userName(status.uid) ?? String(status.uid)),
    group: shownText(names.groupName(status.gid) ?? String(status.gid)),
    target: target === undefined ? undefined : shownBytes(target),
  }
}

/** Returns the directory that a path lies in. */
export function folderOf(path: ByteString): ByteString {
  return (path.slice(0, path.lastIndexOf('/')) || '/') as ByteString
}

/** A folder has few owners and many entries: each name is made fit to be shown once. */
function shownNames(names: ReadonlyMap<number, string>): (id: number) => Shown {
  const shown = new Map<number, Shown>()
  return (id) => {
    let name = shown.get(id)
    if (name === undefined) shown.set(id, (name = shownText(names.get(id) ?? String(id))))
    return name
  }
}
