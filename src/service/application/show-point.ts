import { present } from '../../base/assert.ts'
import type { ByteString } from '../../base/byte-string.ts'
import { TidemarkError } from '../../base/errors.ts'
import type { BlobId, ObjectId } from '../../base/ids.ts'
import type { PointBlobs } from '../../engine/point-view-layout.ts'
import { isSuspect } from '../../engine/tripwire/suspicion.ts'
import { decodePointDetail } from '../../format/point-detail-codec.ts'
import type { PointDetail } from '../../format/records.ts'
import { instanceName, type PointChain } from '../../repository/point-chain.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import { suspicionText } from '../suspicion-text.ts'
import type { PointTrees } from './point-trees.ts'
import { milliseconds } from './show-entry.ts'
import type { PointData, SizePoint } from './shown.ts'
import { shownBytes, shownText } from './shown-text.ts'

/** Details that are read with one request. */
const DETAILS_AT_ONCE = 256

/** How long a detail that could not be read is not asked for again: a repair takes longer. */
const DAMAGED_MS = 60_000

/** The sealed details of points; what was read once is remembered: records never change, but what is damaged is mended. */
export class PointDetails {
  readonly #known = new Map<ObjectId, PointDetail>()
  /** Those that were damaged, and when that was seen. */
  readonly #damagedMs = new Map<ObjectId, number>()

  async of(
    trees: Pick<PointTrees, 'blobs'>,
    points: readonly PointInfo[],
    nowMs: number,
  ): Promise<ReadonlyMap<ObjectId, PointDetail>> {
    const isDamaged = (object: ObjectId): boolean => nowMs - (this.#damagedMs.get(object) ?? -Infinity) < DAMAGED_MS
    const missing = points.filter(({ object }) => !this.#known.has(object) && !isDamaged(object))
    for (const [realm, ofRealm] of Map.groupBy(missing, (point) => point.realm)) {
      const blobs = await trees.blobs(realm)
      for (let i = 0; i < ofRealm.length; i += DETAILS_AT_ONCE) {
        await this.#read(blobs, ofRealm.slice(i, i + DETAILS_AT_ONCE), nowMs)
      }
    }
    return new Map(
      points.flatMap(({ object }) => {
        const detail = this.#known.get(object)
        return detail === undefined ? [] : [[object, detail] as const]
      }),
    )
  }

  async #read(blobs: PointBlobs, points: readonly PointInfo[], nowMs: number): Promise<void> {
    try {
      const plain = await blobs.readAll(
        points.map(({ record }) => record.detail as BlobId),
        'detail',
      )
      for (const [i, { object }] of points.entries()) {
        const bytes = plain[i]
        this.#known.set(object, decodePointDetail(present(bytes, 'a detail that was read')))
      }
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.retry === 'transient') throw error
      // Where one of many is damaged, the others still can be read.
      const [only] = points
      if (points.length === 1 && only !== undefined) this.#damagedMs.set(only.object, nowMs)
      else for (const point of points) await this.#read(blobs, [point], nowMs)
    }
  }
}

/** Returns a point as faces show it. */
export function showPoint(info: PointInfo, chain: PointChain, detail: PointDetail | undefined): PointData {
  const { record, tags } = info
  const { counts } = record
  return {
    id: record.point,
    chain: record.chain,
    instance: record.instance,
    instanceName: shownText(instanceName(chain, info)),
    type: record.type,
    parents: record.parents.map(({ point }) => point),
    startedMs: milliseconds(record.started),
    finishedMs: milliseconds(record.finished),
    files: counts.files,
    dirs: counts.dirs,
    filesNew: counts.filesNew,
    filesChanged: counts.filesChanged,
    filesRemoved: counts.filesRemoved,
    bytes: record.bytes,
    bytesStored: record.bytesStored,
    tags: tags.map(shownText),
    description: shownText(record.description),
    suspect: isSuspect(info) ? (record.tripwire?.suspicions ?? []).map((each) => shownText(suspicionText(each))) : [],
    sources: detail?.sources.map((source) => shownBytes(source as ByteString)),
    isUndo: record.undo !== undefined,
  }
}

/**
 * Returns what a repository grew to with each of its points, in their order: at last to `packBytes`, all that its packs
 * take now.
 *
 * Points tell what they added. What nobody of them did is older than they are: points that are forgotten leave behind
 * what others still need, and what no prune has taken away.
 */
export function sizesOf(points: readonly PointData[], packBytes: number): SizePoint[] {
  const added = points.reduce((sum, point) => sum + point.bytesStored, 0)
  let stored = Math.max(0, packBytes - added)
  let bytesRaw = 0
  return points.map((point) => {
    stored += point.bytesStored
    bytesRaw += point.bytes
    // Packs that were written anew take less than was added once.
    return { atMs: point.finishedMs, bytesStored: Math.min(stored, packBytes), bytesRaw }
  })
}
