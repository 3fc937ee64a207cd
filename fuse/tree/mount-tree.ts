import type { ByteString } from '../../src/base/byte-string.ts'
import type { Attributes } from '../protocol/attributes.ts'

/** What the mount shows, by path and on the main thread: for transports that ask one question at a time. */
export interface MountTree {
  /** Returns what is at an absolute path, or `undefined`; symbolic links are not followed. */
  lookup(path: ByteString): Promise<MountNode | undefined>
}

/** One file or folder of a `MountTree`. Its methods throw what the repository throws. */
export interface MountNode {
  readonly attributes: Attributes
  /** Returns the names in a directory, sorted. */
  names(): Promise<readonly ByteString[]>
  /** Where a symbolic link leads. */
  readonly target: ByteString | undefined
  /** Returns bytes [offset, offset + length) of a file, fewer at its end. */
  read(range: { readonly offset: number; readonly length: number }): Promise<Uint8Array>
  /** Names of extended attributes that are listed. */
  readonly xattrNames: readonly ByteString[]
  /** Returns an extended attribute's value, or `undefined`. */
  xattr(name: ByteString): Uint8Array | undefined
}
