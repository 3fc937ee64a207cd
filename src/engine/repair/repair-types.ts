import type { CheckReport } from '../check/check-types.ts'

export interface RepairReport {
  readonly dryRun: boolean
  readonly before: CheckReport
  /** What is left; `undefined` after a dry run. */
  readonly after: CheckReport | undefined
  /** Packs that no usable index file named. */
  readonly packsIndexed: number
  /** Damaged index files whose content stands in others now. */
  readonly objectsRemoved: number
  /** Blobs that were stored again, and their bytes before compression. */
  readonly blobsHealed: number
  readonly bytesHealed: number
  /** Blobs that nobody had any more. */
  readonly unhealed: number
  /** Points whose tag `damaged` was added or removed. */
  readonly notesPut: number
}
