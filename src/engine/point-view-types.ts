import type { ByteString } from '../base/byte-string.ts'
import type { TreeEntry } from '../format/tree.ts'

/** A read-only view of one point: what `ls`, `cat`, `find`, `restore` and the mount stand on. */
export interface PointView {
  /** The root directory; its name is empty. */
  readonly root: TreeEntry
  /** Returns the entry at an absolute path, or `undefined`. Symbolic links are not followed. */
  lookup(path: ByteString): Promise<TreeEntry | undefined>
  /** Returns a directory's entries sorted by name, from its entry. */
  entries(directory: TreeEntry): Promise<readonly TreeEntry[]>
  /** Yields the bytes of a file in order, holes as zeros, in pieces of at most 2 MiB. */
  content(file: TreeEntry, range?: { readonly offset: number; readonly length: number }): AsyncIterable<Uint8Array>
  /** Walks everything below a directory, parents before children, in path order. */
  walk(path: ByteString, entry: TreeEntry): AsyncIterable<{ readonly path: ByteString; readonly entry: TreeEntry }>
}
