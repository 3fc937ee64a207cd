import type { PointCounts, SuspicionRecord, TripwireRecord } from '../../format/records.ts'
import type { PointInfo } from '../../repository/point-info.ts'

/** The tag of a point whose making looked as if somebody had encrypted or deleted what it is of. */
export const SUSPECT_TAG = 'suspect'
/** The tag that a person gives a suspect point after having looked at it. */
export const ACKNOWLEDGED_TAG = 'acknowledged'

/** What a chain is like is the median of so many points. */
const HISTORY_POINTS = 5
/** Below so many files that are gone or changed, nothing is suspicious: people tidy up. */
const FILES_MIN = 20
/** Of the files there were, so many are left at most. */
const FEWER_SHARE = 0.5
/** Of the files there were, so many changed at least. */
const CHANGED_SHARE = 0.2
/** And so many times as many as usual. */
const CHANGED_FACTOR = 3
/** Of the bytes stored, so many cannot be compressed, and usually can. */
const ENCRYPTED_SHARE = 0.9
const USUAL_SHARE_MAX = 0.5

type Counts = Pick<PointCounts, 'files' | 'filesNew' | 'filesChanged' | 'filesRemoved'>
type Content = Pick<TripwireRecord, 'contentBytes' | 'incompressibleBytes'>

/** Tells whether a point is suspect and nobody has said yet that it is as it should be. */
export function isSuspect({ tags }: Pick<PointInfo, 'tags'>): boolean {
  return tags.includes(SUSPECT_TAG) && !tags.includes(ACKNOWLEDGED_TAG)
}

/**
 * Returns what is suspicious about a run: far fewer files than its chain had, or many more that changed to what cannot
 * be compressed.
 *
 * @param chain the points before it of the same chain and instance, oldest first.
 * @see docs/decisions/0052-tripwire.md
 */
export function suspicionsOf(counts: Counts, content: Content, chain: readonly PointInfo[]): SuspicionRecord[] {
  const history = historyOf(chain)
  if (history.length === 0) return []
  const usualFiles = median(history.map(({ record }) => record.counts.files))
  return [...fewerFiles(counts, usualFiles), ...incompressible(counts, content, { history, usualFiles })]
}

/** The last points that were as usual: from the last one on that a person said is right, although it looked wrong. */
function historyOf(chain: readonly PointInfo[]): readonly PointInfo[] {
  const from = chain.findLastIndex(({ tags }) => tags.includes(SUSPECT_TAG) && tags.includes(ACKNOWLEDGED_TAG))
  return chain
    .slice(Math.max(from, 0))
    .filter((point) => !isSuspect(point))
    .slice(-HISTORY_POINTS)
}

function fewerFiles({ files }: Counts, usual: number): SuspicionRecord[] {
  const isFewer = files < FEWER_SHARE * usual && usual - files >= FILES_MIN
  return isFewer ? [{ reason: 'fewer-files', usual, found: files }] : []
}

function incompressible(
  counts: Counts,
  content: Content,
  { history, usualFiles }: { readonly history: readonly PointInfo[]; readonly usualFiles: number },
): SuspicionRecord[] {
  const found = changedFiles(counts)
  const usual = median(history.map(({ record }) => changedFiles(record.counts)))
  if (found < Math.max(FILES_MIN, CHANGED_SHARE * usualFiles, CHANGED_FACTOR * usual + 1)) return []
  const shares = history.flatMap(({ record: { tripwire } }) => {
    return tripwire === undefined || tripwire.contentBytes === 0 ? [] : [shareOf(tripwire)]
  })
  // Who never stored anything that compresses has photos, and one who has said nothing of it yet may.
  if (shares.length === 0 || median(shares) > USUAL_SHARE_MAX || shareOf(content) < ENCRYPTED_SHARE) return []
  return [{ reason: 'incompressible', usual, found }]
}

/** Files with other content than before; those that came for others that went count, too: some are renamed as they are encrypted. */
function changedFiles({ filesNew, filesChanged, filesRemoved }: Counts): number {
  return filesChanged + Math.min(filesNew, filesRemoved)
}

function shareOf({ contentBytes, incompressibleBytes }: Content): number {
  return contentBytes === 0 ? 0 : incompressibleBytes / contentBytes
}

/** Returns the value in the middle, of two the smaller; `values` is not empty. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? 0
}
