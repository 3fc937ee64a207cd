import type { BlobIndexHandle } from '../../repository/blob-index.ts'
import type { PackSlabsHandle } from '../../repository/pack-slabs.ts'
import type { ExtendedAttribute, Hole } from '../../format/tree.ts'
import type { ChunkerParameters } from '../chunker/chunker.ts'

/** What a thread is given when it joins a backup. */
export interface BackupSetup {
  /** 16 bytes. */
  readonly repository: Uint8Array
  /** Id key of data blobs, 32 bytes; the thread wipes its copy. */
  readonly idKey: Uint8Array
  readonly chunkerSeed: Uint8Array
  readonly chunker: ChunkerParameters
  readonly index: BlobIndexHandle
  readonly slabs: PackSlabsHandle
}

/** A run of files of one directory. */
export interface FileGroup {
  /** Absolute path of the directory, without a NUL. */
  readonly path: Uint8Array
  /** Inode of the directory, low and high half; zeros where it is not known. */
  readonly ino: readonly [number, number]
  readonly count: number
}

/** Files to read whole. */
export interface FilesJob {
  readonly type: 'files'
  readonly groups: readonly FileGroup[]
  /** NUL-terminated, in the order of the rows. */
  readonly names: Uint8Array
  /** Rows of an EntryTable, one a file. */
  readonly rows: Int32Array
}

export const OUTCOME_STORED = 0
/** Stored, but it changed while it was read, twice. */
export const OUTCOME_CHANGED = 1
/** Not stored; `problems` says why. */
export const OUTCOME_FAILED = 2

/** Numbers of a file in `FilesResult.outcomes`. */
export const OUTCOME_WORDS = 3

export interface FilesResult {
  /** The job's rows as they were at the last look; absent when no file had changed since the scan. */
  readonly rows: Int32Array | undefined
  /** Three numbers a file: an OUTCOME_*, how many ids it has, and the first of them. */
  readonly outcomes: Int32Array
  /** Ids of the content of all files, one after the other. */
  readonly ids: Uint8Array
  /** By position in the job. */
  readonly extras: ReadonlyMap<number, FileExtras>
  readonly problems: ReadonlyMap<number, string>
  readonly bytesRead: number
}

export interface FileExtras {
  readonly xattrs: readonly ExtendedAttribute[]
  readonly holes: readonly Hole[]
}

/** Chunks of one large file, cut by the main thread. */
export interface ChunksJob {
  readonly type: 'chunks'
  /** Absolute path, without a NUL. */
  readonly path: Uint8Array
  readonly ino: readonly [number, number]
  /** Offset and length of each chunk. */
  readonly ranges: Float64Array
}

export interface ChunksResult {
  readonly ids: Uint8Array
  /** Whether the file ended before the last chunk did, or could not be read; errno name. */
  readonly problem: string | undefined
  readonly bytesRead: number
}

/** Bytes that are in memory already, cut by the main thread. */
export interface BytesJob {
  readonly type: 'bytes'
  readonly bytes: Uint8Array
  /** Length of each chunk. */
  readonly lengths: readonly number[]
  /** `alone`: each in a frame of its own; `shared`: together, as small files are. */
  readonly frames: 'alone' | 'shared'
}

/** Whatever is in the frame being filled is sealed. */
export interface FlushJob {
  readonly type: 'flush'
}

export type BackupJob = FilesJob | ChunksJob | BytesJob | FlushJob
