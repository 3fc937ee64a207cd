import type { ByteString } from '../../base/byte-string.ts'
import type { SkipReason } from '../backup-types.ts'

/** What a user wants left out. */
export interface ExcludeRules {
  /** gitignore patterns, relative to every root; later ones win. */
  readonly patterns: readonly string[]
  /** A directory with a valid CACHEDIR.TAG keeps only the tag. */
  readonly excludeCaches: boolean
  /** A directory that holds an entry of one of these names is left out, but for that entry. */
  readonly excludeIfPresent: readonly ByteString[]
}

/** Decides entry by entry; made from `ExcludeRules` once per scan. */
export interface ExcludeFilter {
  /** Tells rules apart: equal digests mean equal decisions. */
  readonly digest: string
  /** Whether anything could be left out by a pattern at all: lets a scan skip the question. */
  readonly hasPatterns: boolean
  /** Whether a pattern leaves out the entry at `path`, relative to its root. */
  excludes(path: ByteString, isDirectory: boolean): boolean
  /** Why a directory with these names is left out, if it is: `.nobackup`, a marker file, a cache tag. */
  markerIn(
    names: readonly ByteString[],
    readTag: () => Uint8Array | undefined,
  ): { reason: SkipReason; keep: ByteString | undefined } | undefined
}
