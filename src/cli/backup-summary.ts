import { formatCount, numberOf } from '../base/number-of.ts'
import type { BackupSummary, SkipReason, TroubleReason } from '../engine/backup-types.ts'
import { formatBytes, formatDuration } from '../base/format.ts'
import { isSkip, OMISSIONS } from './reasons.ts'

interface Met {
  readonly dryRun: boolean
  /** Sizes by reason; `isMore`: there are others whose size is not known. */
  readonly met: ReadonlyMap<SkipReason | TroubleReason, { readonly bytes: number; readonly isMore: boolean }>
}

/** Returns the lines that tell people what a backup has done. */
export function backupSummaryLines(summary: BackupSummary, { dryRun, met }: Met): string[] {
  const { filesNew, filesChanged, filesUnchanged, filesRemoved } = summary
  const files = filesNew + filesChanged + filesUnchanged
  const what = `${numberOf(files, 'file')}, ${formatBytes(summary.bytes)}`
  const took = `in ${formatDuration(summary.durationMs)}`
  const name = summary.point === undefined ? 'Would make a point' : `Made point ${summary.point.slice(0, 8)}`
  const after = summary.parent === undefined ? '' : ` after ${summary.parent.slice(0, 8)}`
  const lines = [
    `${name} (${summary.type}${after}): ${what}, ${took}`,
    `  ${counts([
      [filesNew, 'new'],
      [filesChanged, 'changed'],
      [filesUnchanged, 'unchanged'],
      [filesRemoved, 'removed'],
    ])}; ${numberOf(summary.dirs, 'folder')}`,
    `  read ${formatBytes(summary.bytesRead)}, ${dryRun ? 'would store at most' : 'stored'} ${formatBytes(summary.bytesStored)}`,
  ]
  const { blobs, bytes: healedBytes } = summary.healed
  if (blobs > 0)
    lines.push(`  stored again ${numberOf(blobs, 'blob')}, ${formatBytes(healedBytes)}, that had been lost`)
  for (const [reason, count] of [...summary.skipped, ...summary.troubles]) {
    const { counted, remedy } = OMISSIONS[reason]
    const { bytes, isMore } = met.get(reason) ?? { bytes: 0, isMore: true }
    const size = bytes > 0 ? `, ${isMore ? 'more than ' : ''}${formatBytes(bytes)}` : ''
    const hint = remedy === undefined ? '' : ` (${remedy})`
    lines.push(`  ${isSkip(reason) ? 'left out' : 'trouble'}: ${formatCount(count)} ${counted}${size}${hint}`)
  }
  return lines
}

function counts(parts: readonly (readonly [number, string])[]): string {
  return parts.map(([count, word]) => `${formatCount(count)} ${word}`).join(', ')
}

/** Returns the fields of the JSON summary, documented in docs/json.md. */
export function backupSummaryFields(
  summary: BackupSummary,
  { dryRun, errors }: { readonly dryRun: boolean; readonly errors: number },
): Record<string, unknown> {
  return {
    point: summary.point ?? null,
    pointType: summary.type,
    chain: summary.chain,
    parent: summary.parent ?? null,
    filesNew: summary.filesNew,
    filesChanged: summary.filesChanged,
    filesUnchanged: summary.filesUnchanged,
    filesRemoved: summary.filesRemoved,
    dirs: summary.dirs,
    others: summary.others,
    bytes: summary.bytes,
    bytesRead: summary.bytesRead,
    bytesStored: summary.bytesStored,
    blobsStored: summary.blobsStored,
    blobsHealed: summary.healed.blobs,
    bytesHealed: summary.healed.bytes,
    skipped: Object.fromEntries(summary.skipped),
    troubles: Object.fromEntries(summary.troubles),
    suspect: summary.suspect,
    errors,
    durationMs: Math.round(summary.durationMs),
    dryRun,
  }
}
