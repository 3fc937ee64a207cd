import type { Timespec } from '../base/clock.ts'
import type { ChainId, InstanceId, ObjectId, PointId, RepositoryId, RunId } from '../base/ids.ts'

/** Features that a reader must understand for one kind of use; unknown ones stop it. */
export interface Features {
  readonly read: readonly string[]
  readonly write: readonly string[]
  readonly prune: readonly string[]
}

/** The kinds of sealed record; the number in the envelope is the kind's position plus one. */
export const RECORD_KINDS = [
  'index',
  'points',
  'instances',
  'runs',
  'marks',
  'dead',
  'lost',
  'tombstones',
  'notes',
] as const
export type RecordKind = (typeof RECORD_KINDS)[number]

export interface PartRecord {
  readonly name: string
  /** What kind of source it came from, such as `directory`, `stream`, `command`. */
  readonly source: string
  readonly version: number
  readonly attributes: ReadonlyMap<string, string>
  /** 32-byte ids of the tree blobs of the part's root directory. */
  readonly trees: Uint8Array
}

export interface PointCounts {
  readonly files: number
  readonly dirs: number
  readonly others: number
  readonly filesNew: number
  readonly filesChanged: number
  readonly filesUnchanged: number
  readonly filesRemoved: number
  readonly bytesRead: number
  readonly bytesStored: number
  readonly blobsStored: number
}

/** How complete a point is: entries met, stored, left out on purpose by reason, and not readable by reason. */
export interface CoverageCounts {
  readonly expected: number
  readonly stored: number
  readonly skipped: ReadonlyMap<string, number>
  readonly unreadable: ReadonlyMap<string, number>
}

export interface ParentLink {
  readonly point: PointId
  /** SHA-512 of the parent record's inner bytes, 64 bytes. */
  readonly hash: Uint8Array
}

/** A Restoring Point's record: writing it is the commit. */
export interface PointRecord {
  readonly point: PointId
  readonly chain: ChainId
  /** Highest known of the chain, plus one; the first is 1. */
  readonly sequence: number
  readonly type: 'full' | 'incremental'
  readonly started: Timespec
  readonly finished: Timespec
  readonly instance: InstanceId
  readonly run: RunId
  readonly parents: readonly ParentLink[]
  readonly parts: readonly PartRecord[]
  /** Sum of the sizes of all files. */
  readonly bytes: number
  /** Bytes of the packs written with it. */
  readonly bytesStored: number
  readonly packs: readonly ObjectId[]
  readonly indexes: readonly ObjectId[]
  /** SHA-512 over the binary ids of `packs`, then of `indexes`. */
  readonly objectsHash: Uint8Array
  readonly counts: PointCounts
  readonly coverage: CoverageCounts
  readonly tags: readonly string[]
  readonly description: string
  readonly tool: string
  readonly replaces: PointId | undefined
  /** The 32-byte id of the `detail` blob. */
  readonly detail: Uint8Array
  readonly features: Features
  /** Of a point that was copied from another repository: the record that it had there. */
  readonly original?: OriginalRecord
  /** What its run saw that may mean that somebody encrypted or deleted what it is of; not all points say. */
  readonly tripwire?: TripwireRecord
  /** Of a point that was made before a restore, of what that was about to overwrite or delete. */
  readonly undo?: UndoRecord
}

/** How well what a run stored could be compressed, and what was suspicious about it. */
export interface TripwireRecord {
  /** Bytes of file content that the run stored, before compression. */
  readonly contentBytes: number
  /** Those of them in frames that compression did not make smaller by a twentieth. */
  readonly incompressibleBytes: number
  /** With any, the point is suspect. */
  readonly suspicions: readonly SuspicionRecord[]
}

/** One figure of a run that is far from what the chain's last points were like. */
export interface SuspicionRecord {
  /** What is counted, such as `fewer-files`, `incompressible`. */
  readonly reason: string
  /** The count that is usual. */
  readonly usual: number
  readonly found: number
}

export interface UndoRecord {
  /** The point that was restored. */
  readonly restored: PointId
}

/** A point's record as its own instance signed it, in another repository. */
export interface OriginalRecord {
  readonly repository: RepositoryId
  /** The inner structure: body, signer and signature. */
  readonly inner: Uint8Array
  /** The signer's, 32 bytes: its id derives from it. */
  readonly publicKey: Uint8Array
}

/** The blob behind a point's record: whatever a backup-only machine must not read. */
export interface PointDetail {
  readonly host: string
  readonly user: string
  /** What the user named: absolute paths, stream names, commands, as byte strings. */
  readonly sources: readonly string[]
  /** Entries that were left out or could not be read: at most 10,000; the counts in the record are complete. */
  readonly omissions: readonly Omission[]
}
export interface Omission {
  readonly part: string
  /** A byte string. */
  readonly path: string
  /** A reason out of `CoverageCounts.skipped` or `unreadable`. */
  readonly reason: string
  /** 0 where its size is not known. */
  readonly bytes: number
}

export interface InstanceRecord {
  readonly instance: InstanceId
  readonly name: string
  readonly host: string
  readonly user: string
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly created: Timespec
  /** The owner key's signature over the record without it, or empty when made without the owner key. */
  readonly certificate: Uint8Array
}

/** "I am here": a writer, renewed by a new record with the next counter. */
export interface RunRecord {
  readonly run: RunId
  readonly instance: InstanceId
  readonly counter: number
  readonly started: Timespec
}

/** Prune's first word: these packs hold nothing that is needed. */
export interface MarkRecord {
  readonly packs: readonly ObjectId[]
  readonly made: Timespec
}
/** Prune's last word before it deletes. */
export interface DeadRecord {
  readonly packs: readonly ObjectId[]
  readonly mark: ObjectId
  readonly made: Timespec
}
/** Packs, or single frames of them, that check found unreadable. */
export interface LostRecord {
  readonly packs: readonly ObjectId[]
  /** 32-byte blob ids, one after the other. */
  readonly blobs: Uint8Array
  readonly made: Timespec
}
/** The owner's signed word that a point or a slot was removed on purpose. */
export interface TombstoneRecord {
  readonly target: 'point' | 'slot'
  /** A point's uuid or a slot's object id. */
  readonly id: PointId | ObjectId
  /** SHA-512 of the point record's inner bytes, or the slot's object id in binary. */
  readonly hash: Uint8Array
  readonly made: Timespec
  /** Ed25519 by the owner key over the record without it, and without what follows. */
  readonly ownerSignature: Uint8Array
  /** Whoever made the point took it back at once, since it was not whole: nobody wanted to be rid of it. */
  readonly takenBack?: true
}
/** A later word about a point: tags changed, or what repair found. */
export interface NoteRecord {
  readonly point: PointId
  readonly addTags: readonly string[]
  readonly removeTags: readonly string[]
  readonly text: string
  readonly made: Timespec
}

/** Where records of every kind have their fields. */
export interface RecordBodies {
  readonly points: PointRecord
  readonly instances: InstanceRecord
  readonly runs: RunRecord
  readonly marks: MarkRecord
  readonly dead: DeadRecord
  readonly lost: LostRecord
  readonly tombstones: TombstoneRecord
  readonly notes: NoteRecord
}
