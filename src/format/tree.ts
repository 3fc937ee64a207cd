import type { ByteString } from '../base/byte-string.ts'
import type { Timespec } from '../base/clock.ts'

export type EntryKind = 'file' | 'dir' | 'symlink' | 'fifo' | 'socket' | 'char' | 'block'

export interface ExtendedAttribute {
  readonly name: ByteString
  readonly value: Uint8Array
}

/** Bytes [offset, offset + length) of a file that were never written. */
export interface Hole {
  readonly offset: number
  readonly length: number
}

/** Which other entries of the point are the same file. */
export interface HardLink {
  /** 8 bytes, equal for all names of one file. */
  readonly group: ByteString
  /** Names the file had when it was read, some perhaps outside the point. */
  readonly count: number
}

/**
 * Where a file's bytes are: `ids` holds 32-byte blob ids, one after the other.
 *
 * At level 0 they are the file's data blobs in order; at level n their plaintexts are `list` blobs, whose 32-byte ids
 * are of level n - 1. Holes are not part of the content: the blobs hold the bytes between them.
 */
export interface Content {
  readonly level: number
  readonly ids: Uint8Array
}

interface EntryBase {
  readonly name: ByteString
  /** Permission bits with set-user-id, set-group-id and sticky: 0..0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: Timespec
  readonly ctime: Timespec
  /** Creation time, where the file system told one. */
  readonly birth: Timespec | undefined
  /** In the order of their names. */
  readonly xattrs: readonly ExtendedAttribute[]
  /** Inode flags as `lsattr` shows them (FS_IOC_GETFLAGS); 0 where unknown. */
  readonly flags: number
  readonly link: HardLink | undefined
}

export interface FileEntry extends EntryBase {
  readonly kind: 'file'
  readonly size: number
  readonly content: Content
  readonly holes: readonly Hole[]
}
export interface DirEntry extends EntryBase {
  readonly kind: 'dir'
  /** 32-byte ids of the tree blobs that hold its entries, one after the other; at least one. */
  readonly trees: Uint8Array
}
export interface SymlinkEntry extends EntryBase {
  readonly kind: 'symlink'
  readonly target: ByteString
}
export interface DeviceEntry extends EntryBase {
  readonly kind: 'char' | 'block'
  readonly major: number
  readonly minor: number
}
export interface PipeEntry extends EntryBase {
  readonly kind: 'fifo' | 'socket'
}
export type TreeEntry = FileEntry | DirEntry | SymlinkEntry | DeviceEntry | PipeEntry

/** One tree blob: a directory's entries, or one run of them when it has very many, sorted by name. */
export interface Tree {
  readonly entries: readonly TreeEntry[]
  /** Names of the users and groups that the entries name by number, where the machine knew them. */
  readonly users: ReadonlyMap<number, string>
  readonly groups: ReadonlyMap<number, string>
}
