import { type ByteString, byteStringOf } from '../../src/base/byte-string.ts'
import type { DirEntry, FileEntry, SymlinkEntry } from '../../src/format/tree.ts'

const base = {
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: { seconds: 1_700_000_000, nanoseconds: 123_456_789 },
  ctime: { seconds: 1_700_000_000, nanoseconds: 0 },
  birth: undefined,
  xattrs: [],
  flags: 0,
  link: undefined,
} as const

/** A file entry whose content is what `ids` say; other fields as given. */
export function fileEntry(name: string, fields: Partial<FileEntry> = {}): FileEntry {
  const content = { level: 0, ids: new Uint8Array(0) }
  return { kind: 'file', name: byteStringOf(name), ...base, size: 0, content, holes: [], ...fields }
}

export function dirEntry(name: string, trees: Uint8Array, fields: Partial<DirEntry> = {}): DirEntry {
  return { kind: 'dir', name: byteStringOf(name), ...base, mode: 0o755, trees, ...fields }
}

export function symlinkEntry(name: string, target: string, fields: Partial<SymlinkEntry> = {}): SymlinkEntry {
  return { kind: 'symlink', name: byteStringOf(name), ...base, mode: 0o777, target: target as ByteString, ...fields }
}
