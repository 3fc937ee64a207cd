import type { ByteString } from '../../base/byte-string.ts'
import type { ExtendedAttribute, Hole } from '../../format/tree.ts'

/** What every thread of a restore knows: the same for all jobs. */
export interface RestoreSetup {
  /** A descriptor of the target directory, which the thread that leads keeps open: threads share descriptors. */
  readonly targetFd: number
  /** 16 bytes. */
  readonly repositoryIdBytes: Uint8Array
  /** The key of data blobs' ids, 32 bytes: a thread wipes its copy when it leaves. */
  readonly dataIdKey: Uint8Array
  readonly process: ProcessRights
}

/** What decides which owners and modes new files get by themselves. */
export interface ProcessRights {
  readonly uid: number
  readonly gid: number
  readonly umask: number
}

/**
 * `write` decodes frames and writes files from them; `probe` only decodes and verifies; `compare` says which blobs a
 * file on disk holds already; `verify` that, and whether its attributes are as wanted.
 */
export type JobKind = 'write' | 'probe' | 'compare' | 'verify'

/**
 * One job: some frames of one pack, and what of each file they hold.
 *
 * No object is made per file: rows of numbers, and names in one slab. `extras` is for the few files that have more.
 */
export interface RestoreJob {
  readonly kind: JobKind
  /** Absent when no file of the job needs a frame. */
  readonly pack?: JobPack
  /** FRAME_FIELDS numbers a frame. */
  readonly frames: Uint32Array
  /** BLOB_FIELDS numbers a blob. */
  readonly blobs: Uint32Array
  /** 32 bytes a blob. */
  readonly blobIds: Uint8Array
  /** PIECE_FIELDS numbers a piece: bytes of one blob that follow each other in a file. */
  readonly pieces: Float64Array
  /** FILE_FIELDS numbers a file. */
  readonly files: Float64Array
  /** Names with a NUL behind each. */
  readonly names: Uint8Array
  /** Paths of directories relative to the target, with NULs between them; the target itself is ''. */
  readonly directories: ByteString
  readonly extras: readonly FileExtras[]
}

export interface JobPack {
  readonly id: string
  /** 32 bytes; the thread wipes its copy. Absent when `bytes` are plaintext: they came through another copy. */
  readonly key?: Uint8Array
  /** The file that has the pack's bytes, or some of them, from `bytesOffset` of the pack. */
  readonly file?: string
  readonly bytes?: Uint8Array
  readonly bytesOffset?: number
}

/** What most files do not have. */
export interface FileExtras {
  readonly xattrs: readonly ExtendedAttribute[]
  readonly holes: readonly Hole[]
  readonly flags: number
  /** The name to write under first, for `replace`. */
  readonly temporaryName?: ByteString
  /** The directory gives new files attributes or a group of its own. */
  readonly inherits: boolean
}

// Fields of `frames`: number within the pack, offset in the pack, bytes there, bytes decoded.
export const FRAME_FIELDS = 4
export const FRAME_NUMBER = 0
export const FRAME_OFFSET = 1
export const FRAME_STORED = 2
export const FRAME_RAW = 3

// Fields of `blobs`: frame of the job, offset within its plaintext, bytes.
export const BLOB_FIELDS = 3
export const BLOB_FRAME = 0
export const BLOB_OFFSET = 1
export const BLOB_LENGTH = 2

// Fields of `pieces`: blob of the job, offset within the blob, bytes, offset in the file.
export const PIECE_FIELDS = 4
export const PIECE_BLOB = 0
export const PIECE_BLOB_OFFSET = 1
export const PIECE_LENGTH = 2
export const PIECE_OFFSET = 3

// Fields of `files`.
export const FILE_FIELDS = 12
/** One of the numbers below. */
export const FILE_WAY = 0
/** Position in `directories`. */
export const FILE_DIRECTORY = 1
/** Offset in `names`. */
export const FILE_NAME = 2
export const FILE_MODE = 3
export const FILE_UID = 4
export const FILE_GID = 5
export const FILE_SECONDS = 6
export const FILE_NANOSECONDS = 7
export const FILE_SIZE = 8
export const FILE_PIECES_FROM = 9
export const FILE_PIECES = 10
/** Position in `extras`, or -1. */
export const FILE_EXTRAS = 11

/** The file is not there, and comes to be whole in this job. */
export const WAY_CREATE = 0
/** It is written whole under a temporary name, then renamed over what has its name. */
export const WAY_REPLACE = 1
/** It is there, and the pieces of this job are all that differs. */
export const WAY_IN_PLACE = 2
/** It was made ready, several jobs write parts of it, and whoever leads finishes it. */
export const WAY_PART = 3
/** It is there, looks as wanted, and is only read. */
export const WAY_AS_IS = 4

/** A file that failed, and why: `code` is an errno's name or one of `ErrorCode`. */
export interface FileProblem {
  /** Row of the job's files. */
  readonly file: number
  readonly code: string
  readonly message: string
  /** The id of the blob that could not be had, where that is why. */
  readonly blob?: Uint8Array
}

export interface RestoreJobResult {
  readonly bytesWritten: number
  readonly problems: readonly FileProblem[]
  /** What did not quite work, in sentences; the same may come from many jobs. */
  readonly notes: readonly string[]
  /** Of a comparison: 1 for each blob that the file holds already. */
  readonly equal?: Uint8Array
}
