import type { ByteString } from '../../src/base/byte-string.ts'
import type { Timespec } from '../../src/base/clock.ts'
import type { PointView } from '../../src/engine/point-view-types.ts'

/** A folder of the mount that no point holds, on the main thread. */
export interface Folder {
  /** How long the kernel may keep what it saw of this folder, in seconds. */
  readonly validSeconds: number
  /** Returns when its entries changed, as far as is known: the kernel keeps a listing until this says something else. */
  modified(): Promise<Timespec>
  /** Returns the entries, sorted by name. A folder that lists nothing may still find names. */
  list(): Promise<readonly FolderEntry[]>
  find(name: ByteString): Promise<FolderEntry | undefined>
}

interface EntryBase {
  readonly name: ByteString
}

/** What a folder shows. */
export type FolderEntry =
  | (EntryBase & { readonly kind: 'folder'; readonly folder: Folder; readonly mtime: Timespec })
  | (EntryBase & { readonly kind: 'link'; readonly target: ByteString; readonly mtime: Timespec })
  /** A file that is made when somebody looks: its bytes tell its size. */
  | (EntryBase & { readonly kind: 'bytes'; readonly read: () => Promise<Uint8Array>; readonly mtime: Timespec })
  | PointEntry

/**
 * A directory or file of a point, called `name` here.
 *
 * The same view and the same content are the same thing, for as long as the mount shows it.
 */
export interface PointEntry extends EntryBase {
  readonly kind: 'point'
  /** The point's uuid, 32 hexadecimal digits. */
  readonly point: string
  readonly view: PointView
  readonly entry: PointView['root']
}

/** What is at the root of a mount: folders of its own, or a directory of a point. */
export type MountRoot = Folder | PointEntry

/** Returns the root as what some folder would show. */
export function rootEntry(root: MountRoot): FolderEntry {
  if ('kind' in root) return root
  return { kind: 'folder', name: '' as ByteString, folder: root, mtime: { seconds: 0, nanoseconds: 0 } }
}
