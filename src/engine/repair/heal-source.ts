import type { ByteString } from '../../base/byte-string.ts'
import type { BlobId, ObjectId } from '../../base/ids.ts'
import type { BlobType } from '../../format/pack.ts'
import type { ObjectName } from '../../storage/driver.ts'

/** One version of a file, where its bytes may still be. Nothing of it is believed before it is verified. */
export interface SourceFile {
  /** Size in bytes. */
  readonly size: number
  /** Whether it has holes, which are no part of what blobs hold. */
  readonly isSparse: boolean
  /** Returns `length` bytes from `offset` on, or `undefined` when it has fewer, or they cannot be read. */
  read(offset: number, length: number): Promise<Uint8Array | undefined>
  /** Yields what is not holes, in order, until it ends or cannot be read. */
  data(): AsyncIterable<Uint8Array>
}

/** A record of a point: by the SHA-512 of its inner bytes, or where that is not known, by its object. */
export type WantedRecord = { readonly hash: Uint8Array } | { readonly object: ObjectId }

/** What another repository has of the records of the one to be healed. All that it gives is verified. */
export interface RecordSource {
  /** Returns the inner bytes of a point's record, as its instance signed them for the repository to be healed. */
  point(wanted: WantedRecord): Promise<Uint8Array | undefined>
  /** Returns the bytes of an object, where the place is a copy of the repository. */
  object(name: ObjectName): Promise<Uint8Array | undefined>
  /** Returns the instances that it knows, where the place is a copy of the repository. */
  instances(): Promise<readonly ObjectName[]>
}

/** A place where lost bytes may still be. */
export interface HealSource {
  /** Returns a blob by its id, where the place has the keys that ids are made with; `undefined` where it has it not. */
  readonly blob?: (id: BlobId, type: BlobType) => Promise<Uint8Array | undefined>
  readonly records?: RecordSource
  /** Yields what is or was at an absolute path, the newest first. Each is good until the next is asked for. */
  files(path: ByteString): AsyncIterable<SourceFile>
}
