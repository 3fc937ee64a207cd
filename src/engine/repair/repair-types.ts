import type {
  AffectedEntry,
  AffectedPoint,
  CheckEvents,
  CheckOptions,
  CheckReport,
  Finding,
} from '../check/check-types.ts'
import type { HealSource } from './heal-source.ts'

export interface RepairOptions extends CheckOptions {
  /** Places where lost bytes may still be, in the order in which they are asked. */
  readonly sources: readonly HealSource[]
}

export interface RepairEvents extends CheckEvents {
  /** Told at the end of what cannot be restored whole even then, as `affected` is of what was found. */
  left?(entry: AffectedEntry): void
  /** Told at the end of damage that is found even then; not in a dry run. */
  leftFinding?(finding: Finding): void
}

export interface RepairReport {
  readonly dryRun: boolean
  /** What was found. */
  readonly before: CheckReport
  /** What is left; `undefined` after a dry run. */
  readonly after: CheckReport | undefined
  /** Points that stay damaged, the newest first; after a dry run those that would, as far as that can be told. */
  readonly left: readonly AffectedPoint[]
  /** Packs that no usable index file named. */
  readonly packsIndexed: number
  /** Damaged objects that say nothing that is not said elsewhere, or is of no use any more. */
  readonly objectsRemoved: number
  /** Records of points, instances and keys, and tombstones, that were stored again from the sources. */
  readonly recordsHealed: number
  /** Points whose record is still missing or cannot be read. */
  readonly pointsLost: number
  /** Blobs that were stored again, and their bytes before compression. */
  readonly blobsHealed: number
  readonly bytesHealed: number
  /** Points whose tag `damaged` was added or removed. */
  readonly notesPut: number
}
