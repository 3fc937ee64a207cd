import type { Timespec } from '../../src/base/clock.ts'
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK } from '../../src/base/posix/constants.ts'
import type { FileEntry, TreeEntry } from '../../src/engine/point-view-frames.ts'
import { type Attributes, encodeDevice } from '../protocol/attributes.ts'

const BLOCK_BYTES = 512
const BEST_READ_BYTES = 4096
const DIRECTORY_BYTES = 4096

const FORMATS: Readonly<Record<TreeEntry['kind'], number>> = {
  file: S_IFREG,
  dir: S_IFDIR,
  symlink: S_IFLNK,
  fifo: S_IFIFO,
  socket: S_IFSOCK,
  char: S_IFCHR,
  block: S_IFBLK,
}

/** Returns what stat(2) is to tell of an entry of a point, with `ino` as its number. */
export function attributesOf(entry: TreeEntry, ino: number): Attributes {
  const size = sizeOf(entry)
  return {
    ino,
    size,
    blocks: Math.ceil((size - holeBytes(entry)) / BLOCK_BYTES),
    // Nobody kept when it was last read.
    atime: entry.mtime,
    mtime: entry.mtime,
    ctime: entry.ctime,
    mode: FORMATS[entry.kind] | entry.mode,
    // Of a directory 1 says that nobody counted.
    nlink: entry.link?.count ?? 1,
    uid: entry.uid,
    gid: entry.gid,
    rdev: entry.kind === 'char' || entry.kind === 'block' ? encodeDevice(entry) : 0,
    blksize: BEST_READ_BYTES,
  }
}

/** What no point holds, as whoever mounted it owns it. */
export interface MadeAttributes {
  readonly ino: number
  readonly kind: 'folder' | 'link' | 'bytes'
  readonly size: number
  readonly mtime: Timespec
  readonly owner: { readonly uid: number; readonly gid: number }
}

const MADE_MODES = { folder: S_IFDIR | 0o555, link: S_IFLNK | 0o777, bytes: S_IFREG | 0o444 } as const

/** Returns what stat(2) is to tell of something that no point holds. */
export function madeAttributes({ ino, kind, size, mtime, owner }: MadeAttributes): Attributes {
  return {
    ino,
    size,
    blocks: Math.ceil(size / BLOCK_BYTES),
    atime: mtime,
    mtime,
    ctime: mtime,
    mode: MADE_MODES[kind],
    nlink: 1,
    uid: owner.uid,
    gid: owner.gid,
    rdev: 0,
    blksize: BEST_READ_BYTES,
  }
}

function sizeOf(entry: TreeEntry): number {
  switch (entry.kind) {
    case 'file':
      return entry.size
    case 'dir':
      return DIRECTORY_BYTES
    case 'symlink':
      return entry.target.length
    case 'fifo':
    case 'socket':
    case 'char':
    case 'block':
      return 0
  }
}

function holeBytes(entry: TreeEntry): number {
  return entry.kind === 'file' ? (entry satisfies FileEntry).holes.reduce((sum, { length }) => sum + length, 0) : 0
}
