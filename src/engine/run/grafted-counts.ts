import type { BlobReader } from '../../repository/blob-reader.ts'
import { countChanges } from '../trees/count-changes.ts'
import type { OpenedRun } from './opened-run.ts'
import { addCounts, noCounts, type PartCounts } from './table-counts.ts'

export interface GraftedPart {
  readonly name: string
  /** What an earlier pass of this run counted in it. */
  readonly counts: PartCounts | undefined
  /** Trees that entries were put into: of an earlier pass, of the parent point, or none. */
  readonly before: Uint8Array | undefined
  readonly after: Uint8Array
}

/** Returns the trees of a part of the parent point. */
export function parentTrees({ parent }: OpenedRun, part: string): Uint8Array | undefined {
  return parent?.record.parts.find(({ name }) => name === part)?.trees
}

/** Counts what a part holds after entries were put into it or removed, and how that compares with the parent point. */
export async function graftedCounts(opened: OpenedRun, blobs: BlobReader, part: GraftedPart): Promise<PartCounts> {
  const { before, after } = part
  // Trees do not open with a backup-only key: nobody can tell what the parent held.
  const origin = opened.repository.keyRing.full ? parentTrees(opened, part.name) : undefined
  const start = part.counts ?? (await startingCounts(opened, blobs, { origin, isKept: before !== undefined }))
  return addCounts(start, await countChanges(blobs, { origin, before, after }))
}

/** Counts a part that holds what it held in the parent point, or, unless that `isKept`, nothing. */
async function startingCounts(
  { parent }: OpenedRun,
  blobs: BlobReader,
  { origin, isKept }: { readonly origin: Uint8Array | undefined; readonly isKept: boolean },
): Promise<PartCounts> {
  if (origin === undefined || parent === undefined) return noCounts()
  const { record } = parent
  // Points say how much they hold in all.
  const { files, dirs, others, bytes } =
    record.parts.length === 1
      ? { ...record.counts, bytes: record.bytes }
      : await countChanges(blobs, { origin, before: undefined, after: origin })
  return isKept
    ? { ...noCounts(), files, dirs, others, bytes, filesUnchanged: files }
    : { ...noCounts(), filesRemoved: files }
}
