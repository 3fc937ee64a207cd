import { type ByteString, display } from '../base/byte-string.ts'
import type { EntryKind, TreeEntry } from '../format/tree.ts'
import { formatTime, formatTimestamp } from '../base/format.ts'
import { type JsonPath, jsonPath } from '../base/json-path.ts'
import { formatPermissions } from '../base/permissions.ts'

const KIND_LETTERS: Readonly<Record<EntryKind, string>> = {
  file: '-',
  dir: 'd',
  symlink: 'l',
  fifo: 'p',
  socket: 's',
  char: 'c',
  block: 'b',
}

/** What people call an entry of each kind. */
export const KIND_WORDS: Readonly<Record<EntryKind, string>> = {
  file: 'file',
  dir: 'folder',
  symlink: 'symbolic link',
  fifo: 'named pipe',
  socket: 'socket',
  char: 'character device',
  block: 'block device',
}

/** Names of the users and groups that a listing names by number. */
export interface OwnerNames {
  readonly users: ReadonlyMap<number, string>
  readonly groups: ReadonlyMap<number, string>
}

/** Of an entry whose directory is not at hand. */
export const NO_OWNER_NAMES: OwnerNames = { users: new Map(), groups: new Map() }

/** Returns kind and permissions as `ls -l` shows them: `drwxr-xr-x`. */
export function formatMode(kind: EntryKind, mode: number): string {
  return `${KIND_LETTERS[kind]}${formatPermissions(mode)}`
}

/** Returns the line of a long listing. */
export function longLine(path: ByteString, entry: TreeEntry, names: OwnerNames): string {
  const owner = names.users.get(entry.uid) ?? String(entry.uid)
  const group = names.groups.get(entry.gid) ?? String(entry.gid)
  const size = 'major' in entry ? `${entry.major}, ${entry.minor}` : String(sizeOf(entry))
  const target = entry.kind === 'symlink' ? ` -> ${display(entry.target)}` : ''
  const mode = formatMode(entry.kind, entry.mode)
  const owners = `${owner.padEnd(8)} ${group.padEnd(8)}`
  return `${mode} ${owners} ${size.padStart(12)} ${formatTime(entry.mtime)} ${display(path)}${target}`
}

/** Returns the size of a file or a link's target in bytes; of anything else 0. */
function sizeOf(entry: TreeEntry): number {
  if (entry.kind === 'file') return entry.size
  return entry.kind === 'symlink' ? entry.target.length : 0
}

/** Returns an entry as JSON shows it. */
export function jsonEntry(path: ByteString, entry: TreeEntry, names: OwnerNames): JsonPath & Record<string, unknown> {
  return { ...jsonPath(path), ...jsonState(entry, names) }
}

/** Returns what `jsonEntry` does, without the path. */
export function jsonState(entry: TreeEntry, names = NO_OWNER_NAMES): Record<string, unknown> {
  return {
    kind: entry.kind,
    mode: entry.mode.toString(8).padStart(4, '0'),
    uid: entry.uid,
    gid: entry.gid,
    user: names.users.get(entry.uid) ?? null,
    group: names.groups.get(entry.gid) ?? null,
    size: sizeOf(entry),
    mtime: formatTimestamp(entry.mtime),
    ...(entry.kind === 'symlink' ? targetOf(entry.target) : {}),
    ...('major' in entry ? { major: entry.major, minor: entry.minor } : {}),
  }
}

function targetOf(target: ByteString): { readonly target: string; readonly targetBytes?: string } {
  const { path, pathBytes } = jsonPath(target)
  return pathBytes === undefined ? { target: path } : { target: path, targetBytes: pathBytes }
}
