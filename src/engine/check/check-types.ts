import type { ByteString } from '../../base/byte-string.ts'
import type { TidemarkError } from '../../base/errors.ts'
import type { EntryKind } from '../../format/tree.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { CareEvents, PackSum } from '../care-types.ts'

/** Something that a check has to say of an object of the repository. */
export interface Finding {
  /** `note`: worth knowing, and nothing that a point needs suffers from it. */
  readonly kind: 'damage' | 'note'
  readonly problem: TidemarkError
}

/** A file or directory of a point that cannot be restored whole. */
export interface AffectedEntry {
  readonly point: PointInfo
  /** As `restore` would name it; `/` for all of the point. */
  readonly path: ByteString
  readonly kind: EntryKind
  readonly problem: TidemarkError
}

export interface CheckEvents extends CareEvents {
  finding?(finding: Finding): void
  /** Told point by point, the newest first, in the order of their paths. */
  affected?(entry: AffectedEntry): void
}

export interface CheckOptions {
  /** How many percent of the packs' bytes are read and verified, 0 to 100. */
  readonly readDataPercent: number
  /** Nothing is written, no record of what is lost either. */
  readonly dryRun: boolean
}

/** What of the packs was read. */
export interface DataRead extends PackSum {
  /** Of these, packs that an interrupted check had read before. */
  readonly packsBefore: number
  /** Where in the round that successive checks make: bytes of all packs that come before those read, in the order of their ids. */
  readonly bytesBefore: number
  /** All packs that the index names and the store has. */
  readonly total: PackSum
}

export interface AffectedPoint {
  readonly point: PointInfo
  /** Files and directories that cannot be restored whole. */
  readonly entries: number
}

export interface CheckReport {
  readonly points: number
  /** Tree and list blobs that were read. */
  readonly trees: number
  /** Different blobs that the points need. */
  readonly blobs: number
  readonly packs: PackSum
  /** Packs that no index names. */
  readonly unnamedPacks: PackSum
  /** Absent when no data was to be read. */
  readonly dataRead: DataRead | undefined
  readonly damage: number
  readonly notes: number
  /** The newest first. */
  readonly affected: readonly AffectedPoint[]
  /** Copies of blobs that this check newly called lost. */
  readonly blobsCalledLost: number
}

/** Tells whether a check found anything that keeps the repository from being whole. */
export function isDamaged({ damage, affected }: Pick<CheckReport, 'damage' | 'affected'>): boolean {
  return damage > 0 || affected.length > 0
}

export interface ObjectsReport {
  /** Objects whose bytes are those of their names. */
  readonly objects: number
  readonly bytes: number
  readonly damage: number
  /** What dead writers left behind. */
  readonly leftovers: { readonly files: number; readonly bytes: number }
}
