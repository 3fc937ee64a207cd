import type { ByteString } from '../base/byte-string.ts'
import type { FileStatus } from '../base/posix/statx.ts'
import type { TreeEntry } from '../format/tree.ts'

export type OverwriteMode = 'never' | 'if-changed' | 'if-newer' | 'always'
export type RestoreAction = 'create' | 'overwrite' | 'unchanged' | 'delete' | 'keep'

/** What a restore does with one entry; `keep`: it differs, and the overwrite mode leaves it. */
export interface RestoreItem {
  /** Where it is in the target, absolute. */
  readonly path: ByteString
  readonly action: RestoreAction
  readonly kind: string
  readonly bytes: number
  /** What it becomes; nothing when it is deleted. */
  readonly entry: TreeEntry | undefined
  /** What is there, if anything is. */
  readonly existing: FileStatus | undefined
  /** Whether what is there stays, and only gets other times, owners, permissions or attributes. */
  readonly onlyMetadata: boolean
  /** Whom it belongs to on this machine; that of `entry` names the users of another one. */
  readonly owner: { readonly uid: number; readonly gid: number }
}

/** A path of a point that comes back, a directory with all below it. */
export interface SelectedPath {
  /** Absolute, without a slash at the end. */
  readonly path: ByteString
  readonly overwrite: OverwriteMode
}

export interface RestoreOptions {
  /** Absolute path of the directory that PATH's contents land in; `undefined`: in place, where they came from. */
  readonly target: ByteString | undefined
  /** What of the point is restored: an absolute path. */
  readonly path: ByteString
  /** gitignore patterns; with includes only what they match is restored. */
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly overwrite: OverwriteMode
  /** Paths at or below `path`: only these are restored, each with a mode of its own; `overwrite` says nothing then. */
  readonly selections?: readonly SelectedPath[]
  /** Absolute paths of the point that stay out although something selected holds them, and are not deleted either. */
  readonly without?: readonly ByteString[]
  /** What lies in restored directories of the target and not in the point is deleted. */
  readonly delete: boolean
  /** Absolute paths that are never deleted, nor anything in them: the repository, and what the point leaves out. */
  readonly leaveAlone?: readonly ByteString[]
  /** Everything written, and every file that is taken to be unchanged, is read and compared with the point. */
  readonly verify: boolean
  /** Of that, files that are unchanged by size and time are not read. */
  readonly trustUnchanged?: boolean
  /** Owners are restored by number even where a user of the same name has another one here. */
  readonly numericIds?: boolean
}

export interface RestoreCounts {
  readonly entries: number
  readonly bytes: number
}

export interface RestoreSummary {
  readonly actions: Readonly<Record<RestoreAction, RestoreCounts>>
  /** Bytes written: less than `overwrite` says where only ranges of a file differed. */
  readonly bytesWritten: number
  readonly filesVerified: number
  readonly failures: readonly RestoreFailure[]
  /** Those of the failures for which the target had no room, and how much they would have taken. */
  readonly full: RestoreCounts
  readonly durationMs: number
}

export interface RestoreFailure {
  readonly path: ByteString
  readonly error: Error
}

export interface RestoreProgress {
  /** Whether the totals are final. */
  readonly planned: boolean
  readonly entriesDone: number
  readonly entriesTotal: number
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly path: ByteString
}

export interface RestoreEvents {
  progress?(progress: RestoreProgress): void
  failure?(failure: RestoreFailure): void
  warning?(message: string): void
}
