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
/** Of the blobs stored, so many for each file that changed: others changed in nothing but a time or a mode. */
const BLOBS_PER_CHANGED = 0.5
/** Of the bytes that are new, so many cannot be compressed at least. */
const ENCRYPTED_SHARE = 0.9
/** Of the bytes that should have compressed, so many still do at most. */
const COMPRESSIBLE_LEFT = 0.25
/** What should have compressed is so much of what is new, times the share of files that did not change: it may be theirs. */
const EXPECTED_SHARE = 0.5
/** And where all files changed, so much: photos are not quite without what compresses. */
const EXPECTED_SHARE_MIN = 0.0005

type Counts = Pick<PointCounts, 'files' | 'filesNew' | 'filesChanged' | 'filesRemoved' | 'blobsStored'>
type Content = Pick<TripwireRecord, 'contentBytes' | 'incompressibleBytes'>

/** What a run stored, by how well it can be compressed. */
interface Stored {
  readonly blobs: number
  readonly compressibleBytes: number
  readonly incompressibleBytes: number
}

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
  const known = usualPoints(chain)
  if (known.length === 0) return []
  return [...fewerFiles(counts, known), ...incompressible(counts, content, known)]
}

/** Points that were as usual: from the last one on that a person said is right, although it looked wrong. */
function usualPoints(chain: readonly PointInfo[]): readonly PointInfo[] {
  const from = chain.findLastIndex(({ tags }) => tags.includes(SUSPECT_TAG) && tags.includes(ACKNOWLEDGED_TAG))
  return chain.slice(Math.max(from, 0)).filter((point) => !isSuspect(point))
}

function fewerFiles({ files }: Counts, known: readonly PointInfo[]): SuspicionRecord[] {
  const usual = usually(known, ({ record }) => record.counts.files)
  const isFewer = files < FEWER_SHARE * usual && usual - files >= FILES_MIN
  return isFewer ? [{ reason: 'fewer-files', usual, found: files }] : []
}

function incompressible(counts: Counts, content: Content, known: readonly PointInfo[]): SuspicionRecord[] {
  const usualFiles = usually(known, ({ record }) => record.counts.files)
  const found = changedFiles(counts)
  const usual = usually(known, ({ record }) => changedFiles(record.counts))
  if (found < Math.max(FILES_MIN, CHANGED_SHARE * usualFiles, CHANGED_FACTOR * usual + 1)) return []
  const extra = beyondUsual(storedOf(counts, content), known)
  const changedShare = Math.min(1, found / usualFiles)
  const isEncrypted =
    extra.blobs >= BLOBS_PER_CHANGED * found &&
    extra.incompressibleBytes > 0 &&
    extra.incompressibleBytes >= ENCRYPTED_SHARE * (extra.incompressibleBytes + extra.compressibleBytes) &&
    didCompress(extra, { changedShare, known })
  return isEncrypted ? [{ reason: 'incompressible', usual, found }] : []
}

/**
 * Tells whether files changed that could be compressed before: by how many of all files did, not by how large others
 * are, such as photos.
 */
function didCompress(
  { compressibleBytes, incompressibleBytes }: Stored,
  { changedShare, known }: { readonly changedShare: number; readonly known: readonly PointInfo[] },
): boolean {
  const expected = changedShare * compressibleHeld(known)
  const share = Math.max(EXPECTED_SHARE_MIN, EXPECTED_SHARE * (1 - changedShare))
  return expected >= share * incompressibleBytes && compressibleBytes <= COMPRESSIBLE_LEFT * expected
}

/** Returns about how many bytes of the last point's files compress, by what was stored for it and the points before it. */
function compressibleHeld(known: readonly PointInfo[]): number {
  const held = known.at(-1)?.record.bytes ?? 0
  let contentBytes = 0
  let compressibleBytes = 0
  for (const { record } of known) {
    contentBytes += record.tripwire?.contentBytes ?? 0
    compressibleBytes += storedOf(record.counts, record.tripwire).compressibleBytes
  }
  if (contentBytes === 0) return 0
  // Who forgot the first points knows no more than the share of the others.
  return Math.min(held, Math.max(compressibleBytes, (compressibleBytes / contentBytes) * held))
}

/** Returns what a run stored beyond what runs of its chain do anyway, such as a dump of each night. */
function beyondUsual(stored: Stored, known: readonly PointInfo[]): Stored {
  // The first point of a chain stores everything.
  const runs = known.filter(({ record }) => record.parents.length > 0)
  const beyond = (figure: keyof Stored): number =>
    Math.max(0, stored[figure] - usually(runs, ({ record }) => storedOf(record.counts, record.tripwire)[figure]))
  return {
    blobs: beyond('blobs'),
    compressibleBytes: beyond('compressibleBytes'),
    incompressibleBytes: beyond('incompressibleBytes'),
  }
}

function storedOf({ blobsStored }: Pick<Counts, 'blobsStored'>, content: Content | undefined): Stored {
  const { contentBytes, incompressibleBytes } = content ?? { contentBytes: 0, incompressibleBytes: 0 }
  return { blobs: blobsStored, compressibleBytes: contentBytes - incompressibleBytes, incompressibleBytes }
}

/** Files with other content than before; those that came for others that went count, too: some are renamed as they are encrypted. */
function changedFiles({ filesNew, filesChanged, filesRemoved }: Counts): number {
  return filesChanged + Math.min(filesNew, filesRemoved)
}

/** Returns the median of a figure over the last points: the value in the middle, of two the smaller; 0 of none. */
function usually(points: readonly PointInfo[], figure: (point: PointInfo) => number): number {
  const values = points.slice(-HISTORY_POINTS).map(figure)
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? 0
}
