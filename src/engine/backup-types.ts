import type { ByteString } from '../base/byte-string.ts'
import type { ChainId, PointId } from '../base/ids.ts'
import type { TidemarkError } from '../base/errors.ts'
import type { SuspicionRecord, UndoRecord } from '../format/records.ts'
import type { HealedBlobs } from './run/run-store.ts'

export interface BackupOptions {
  /** Every byte is read again, whatever the parent says. */
  readonly full: boolean
  readonly tags: readonly string[]
  readonly description: string
  /** Nothing is written to the repository; what would be read and stored is estimated. */
  readonly dryRun: boolean
  /** Files that vanished or changed while they were read count as unreadable. */
  readonly strict: boolean
  /** The point is of what a restore is about to overwrite or delete. */
  readonly undo?: UndoRecord
}

/** Why an entry is not in the point though it was met. */
export type SkipReason =
  'excluded' | 'other-file-system' | 'repository' | 'nobackup' | 'cache-directory' | 'marker-file' | 'mounted-point'
/** Why an entry that belongs into the point could not be read, or not as one moment had it; `missing`: a root is not there. */
export type TroubleReason = 'missing' | 'vanished' | 'changed' | 'denied' | 'io-error' | 'name-too-long' | 'unsupported'

/** One entry that was left out or could not be read. */
export interface Trouble {
  readonly path: ByteString
  readonly reason: SkipReason | TroubleReason
  /** Size, where known: nobody walks through what is left out to add it up. */
  readonly bytes?: number | undefined
  readonly error?: TidemarkError | Error
}

export interface BackupProgress {
  readonly filesDone: number
  readonly filesFound: number
  readonly bytesDone: number
  readonly bytesFound: number
  readonly bytesStored: number
  /** Of packs that are made and not in the store yet. */
  readonly bytesWaiting: number
  /** All is read, and some of it still on its way to the store. */
  readonly storing: boolean
  /** Whether everything has been found, so that the rest can be estimated. */
  readonly scanned: boolean
  readonly path: ByteString
}

/** How a backup speaks to whoever started it; every function returns at once. */
export interface BackupEvents {
  /** At most ten times a second. */
  progress?(progress: BackupProgress): void
  trouble?(trouble: Trouble): void
  /** Something the user should know that harms nothing: one sentence. */
  warning?(message: string): void
}

export interface BackupSummary {
  /** `undefined` after a dry run. */
  readonly point: PointId | undefined
  readonly chain: ChainId
  readonly type: 'full' | 'incremental'
  readonly parent: PointId | undefined
  readonly filesNew: number
  readonly filesChanged: number
  readonly filesUnchanged: number
  readonly filesRemoved: number
  readonly dirs: number
  readonly others: number
  /** Sum of the sizes of all files in the point. */
  readonly bytes: number
  readonly bytesRead: number
  /** Bytes of packs and index files that this run put into the store. */
  readonly bytesStored: number
  readonly blobsStored: number
  /** Of these, blobs that the store had lost, by what a check said or its packs show. */
  readonly healed: HealedBlobs
  readonly skipped: ReadonlyMap<SkipReason, number>
  /** Vanished and changed files are warnings; the others make the backup partial (exit 3). */
  readonly troubles: ReadonlyMap<TroubleReason, number>
  /** Why the point is suspect; empty for one that looks as usual. */
  readonly suspect: readonly SuspicionRecord[]
  readonly durationMs: number
}
