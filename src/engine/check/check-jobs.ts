import type { InstanceId, ObjectId, RepositoryId } from '../../base/ids.ts'
import type { ErrorCode } from '../../base/errors.ts'
import type { PackKind } from '../../format/pack.ts'
import type { BlobType } from '../../format/pack.ts'
import type { BlobIndexHandle } from '../../repository/blob-index.ts'

/** What a thread must know to look into packs. Without it, it compares objects with their names. */
export interface PackCheckSetup {
  readonly repository: RepositoryId
  /** The keys of blobs' ids, 32 bytes each; a thread wipes its copies when it leaves. */
  readonly idKeys: Readonly<Record<BlobType, Uint8Array>>
  /** Of the instances whose footers count. */
  readonly publicKeys: ReadonlyMap<InstanceId, Uint8Array>
  /** Is not changed while the packs are read. */
  readonly index: BlobIndexHandle
}

/** Compares a file's bytes with the name of the object that they are. */
export interface HashJob {
  readonly type: 'hash'
  readonly id: ObjectId
  readonly file: string
}

export interface HashResult {
  readonly outcome: 'sound' | 'differs' | 'missing' | 'unreadable'
  readonly bytes: number
}

/** Verifies all of a pack: its name, each frame, each blob, its footer, and what the index says of it. */
export interface PackJob {
  readonly type: 'pack'
  readonly id: ObjectId
  readonly kind: PackKind
  /** Size of the object by the index, which is its size in the store. */
  readonly storedBytes: number
  /** One of the two: where its bytes are. */
  readonly file?: string
  readonly bytes?: Uint8Array
  /** The pack's key, 32 bytes; the thread wipes its copy. */
  readonly key: Uint8Array
  /** Number of the pack's first frame in the frame table. */
  readonly firstFrame: number
  /** PACK_JOB_FRAME_FIELDS numbers a frame, as the index has them: offset, stored bytes, raw bytes. */
  readonly frames: Uint32Array
}

export const PACK_JOB_FRAME_FIELDS = 3

export interface PackResult {
  /** Whether the pack's bytes are those of its name. */
  readonly fitsName: boolean
  /** Its frames that hold anything that cannot be read; numbers within the pack. */
  readonly badFrames: readonly BadFrame[]
  /** 32-byte ids of its blobs that cannot be read, as far as the footer names them. */
  readonly lostBlobs: Uint8Array
  /** Why the footer cannot be used, if it cannot. */
  readonly footerProblem: string | undefined
  /** Blobs of the footer that the index does not have, or has at another place of this pack. */
  readonly blobsLeftOut: number
}

export interface BadFrame {
  readonly frame: number
  readonly code: ErrorCode
  readonly message: string
}

export type CheckJob = HashJob | PackJob
