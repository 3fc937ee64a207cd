import { IntegrityError, UsageError } from '../../base/errors.ts'
import { shortId } from '../../base/ids.ts'
import { compareWithinChain, type PointInfo } from '../../repository/point-info.ts'
import { isForgotten } from '../../repository/point-records.ts'
import type { Repository } from '../../repository/repository.ts'
import type { CareContext } from '../care-types.ts'
import { PointViews } from '../look/point-views.ts'
import { copyPoint } from './copy-point.ts'
import type { CopiedPoint, CopyEvents, CopyOptions, CopyReport, DamagedPoint } from './copy-types.ts'
import { healTarget } from './heal-target.ts'
import { SourceDamage } from './source-damage.ts'

export interface CopyRequest {
  readonly source: Repository
  /** Points of the source; those that the target has are passed over, and so are those that somebody forgot there. */
  readonly points: readonly PointInfo[]
  readonly options: CopyOptions
}

/**
 * Copies points into another repository, parents before children, each committed by itself: an interrupted copy goes on
 * with the next one. Content is read here and stored there under its keys, as far as the copied parent lacks it. A point that cannot
 * be read in full is left out, and its children are copied without it, as when it was forgotten. What was lost of points that were
 * copied before is stored again first, whichever points are asked for.
 *
 * @param target where they go.
 * @throws {UsageError} BAD_ARGUMENT: both are the same repository.
 * @throws {IntegrityError} what is copied to cannot be used. @throws {RunError} PRUNED_UNDER_RUN @throws the signal's reason.
 */
export async function copyPoints(
  target: CareContext,
  { source, points, options }: CopyRequest,
  events: CopyEvents,
  signal: AbortSignal,
): Promise<CopyReport> {
  if (source.id === target.repository.id) {
    throw new UsageError('BAD_ARGUMENT', 'the repository to copy to is the one to copy from', {
      hint: 'A repository that was made by copying files is the same one; make the other with `tidemark init`.',
    })
  }
  target.repository.requireFeatures('write')
  const there = await target.repository.chain({ reload: true, signal })
  const missing: PointInfo[] = []
  const alreadyThere: PointInfo[] = []
  const forgottenThere: PointInfo[] = []
  for (const point of points.toSorted(byChain)) {
    const id = point.record.point
    if (there.get(id) !== undefined) alreadyThere.push(point)
    else if (isForgotten(there.removed, id) && !options.bringBack) forgottenThere.push(point)
    else missing.push(point)
  }
  const { healed, lostBlobs } = await healTarget(target, { source, dryRun: options.dryRun, events, signal })
  const copied: CopiedPoint[] = []
  const damaged: DamagedPoint[] = []
  const copying = new Copying(target, source, { pointsTotal: missing.length, events, signal })
  for (const [pointsDone, point] of missing.entries()) {
    signal.throwIfAborted()
    if (options.dryRun) {
      copied.push({ point, bytesRead: 0, bytesStored: 0 })
      continue
    }
    const done = await copying.copy(point, pointsDone)
    if (done === 'there') alreadyThere.push(point)
    else if (done === 'forgotten') continue
    else if ('entries' in done) {
      damaged.push(done)
      events.leftOut?.(done)
    } else {
      copied.push(done)
      events.copied?.(done)
    }
  }
  return { copied, alreadyThere, forgottenThere, damaged, healed, lostThere: lostBlobs }
}

/** Copies point after point, out of a repository that others may prune meanwhile. */
class Copying {
  readonly #target: CareContext
  readonly #source: Repository
  readonly #options: { readonly pointsTotal: number; readonly events: CopyEvents; readonly signal: AbortSignal }
  readonly #damage: SourceDamage
  #views: PointViews

  constructor(
    target: CareContext,
    source: Repository,
    options: { readonly pointsTotal: number; readonly events: CopyEvents; readonly signal: AbortSignal },
  ) {
    this.#target = target
    this.#source = source
    this.#options = options
    this.#damage = new SourceDamage(source, options.signal)
    this.#views = new PointViews(source)
  }

  /** Copies a point, unless somebody did so meanwhile, or forgot it in the source, or it cannot be had whole. */
  async copy(point: PointInfo, pointsDone: number): Promise<CopiedPoint | DamagedPoint | 'there' | 'forgotten'> {
    const known = await this.#damage.known(point)
    if (known !== undefined) return (await this.#isForgotten(point)) ? 'forgotten' : known
    try {
      return await this.#copyNow(point, pointsDone)
    } catch (error) {
      // Copying ends with the user's reason, whatever failed meanwhile.
      this.#options.signal.throwIfAborted()
      const damage = error instanceof IntegrityError ? await this.#damage.behind(error, point) : undefined
      if (damage === undefined) throw error
      return damage
    }
  }

  /** Copies a point as the source is now. */
  async #copyNow(point: PointInfo, pointsDone: number): Promise<CopiedPoint | 'there' | 'forgotten'> {
    try {
      return await this.#copy(point, pointsDone)
    } catch (error) {
      if (!(error instanceof IntegrityError && error.code === 'BLOB_MISSING')) throw error
      if (await this.#isForgotten(point)) return 'forgotten'
      // A prune wrote packs anew since the index was loaded: a fresh one knows where all of it lies.
      this.#source.releaseIndex()
      this.#views = new PointViews(this.#source)
      return this.#copy(point, pointsDone)
    }
  }

  async #copy(point: PointInfo, pointsDone: number): Promise<CopiedPoint | 'there'> {
    const copy = { ...this.#options, source: this.#source, point, views: this.#views, pointsDone }
    return (await copyPoint(this.#target, copy)) ?? 'there'
  }

  async #isForgotten({ record: { point } }: PointInfo): Promise<boolean> {
    const { events, signal } = this.#options
    const now = await this.#source.chain({ reload: true, signal })
    if (now.get(point) !== undefined || !now.removed.has(point)) return false
    const message = `point ${shortId(point)} was forgotten while it was to be copied, and what it needs is gone: it is left out`
    events.warning?.(new IntegrityError('BLOB_MISSING', message, { context: { point } }))
    return true
  }
}

function byChain(a: PointInfo, b: PointInfo): number {
  if (a.record.chain !== b.record.chain) return a.record.chain < b.record.chain ? -1 : 1
  return compareWithinChain(a, b)
}
