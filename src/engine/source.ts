import type { ByteString } from '../base/byte-string.ts'
import type { Timespec } from '../base/clock.ts'
import type { ExcludeRules } from './scan/exclude-rules.ts'

/** Directories of this machine, scanned whole. */
export interface ScanPass {
  readonly kind: 'scan'
  /**
   * Absolute paths without `.`, `..` or a slash at the end; the point holds them under these very paths. Those that
   * cannot be read are told and left out, while there are others.
   */
  readonly roots: readonly ByteString[]
  /**
   * Directories that are recorded without what is in them, unless that is or leads to a root; with it nothing is taken
   * over from earlier points, and those on the way to the roots have all their attributes.
   */
  readonly bare?: readonly ByteString[]
  readonly rules: ExcludeRules
  readonly crossFilesystems: boolean
}

/** Bytes that come from somewhere once: they become one file. */
export interface StreamPass {
  readonly kind: 'stream'
  /** Where the file lies in the part: an absolute path. */
  readonly path: ByteString
  readonly open: (signal: AbortSignal) => AsyncIterable<Uint8Array>
}

/** What changed since an earlier pass into the same part, or since the parent point when there is none in this run. */
export interface ChangesPass {
  readonly kind: 'changes'
  readonly changes: AsyncIterable<Change>
}

export type Change =
  /** The file, directory or link at `path` of the part is read again from `from` on this machine. */
  | { readonly kind: 'upsert'; readonly path: ByteString; readonly from: ByteString }
  /** The content of a file that lies on no disk of this machine. */
  | {
      readonly kind: 'put'
      readonly path: ByteString
      readonly modified: Timespec
      readonly open: (signal: AbortSignal) => AsyncIterable<Uint8Array>
    }
  /** Whatever lies at `path` is gone, with all below it. */
  | { readonly kind: 'delete'; readonly path: ByteString }

export type Pass = ScanPass | StreamPass | ChangesPass

/** What a source may do with the run that it is given. */
export interface RunHandle {
  /** Reads into `part`; a later pass into the same part takes over what an earlier one, not yet committed, stored. */
  pass(part: string, pass: Pass): Promise<void>
  readonly signal: AbortSignal
}

/**
 * What a point is made of, behind one port: directories, a stream, a command; later a database, an application.
 *
 * `read` is called once a run. `settle` always runs afterwards: after a failure, an interruption, and, from the journal,
 * at the next start after a crash; it must be idempotent, because a crash may come between it and its note.
 */
export interface Source {
  /** Such as `directory`, `stream`, `command`: stands in the point's record. */
  readonly kind: string
  /** What tells one chain of an instance from another: the same sources, however ordered, give the same key. */
  readonly identity: readonly string[]
  /** What `points` shows: absolute paths, stream names, commands, as byte strings. */
  readonly labels: readonly ByteString[]
  /** Kept in the journal while the run lasts; enough for `settle` to be called in another process. */
  readonly journal?: Readonly<Record<string, string>>
  read(run: RunHandle): Promise<void>
  settle?(outcome: 'committed' | 'failed' | 'crashed'): Promise<void>
}
