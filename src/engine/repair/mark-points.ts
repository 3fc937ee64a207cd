import { type ByteString, display } from '../../base/byte-string.ts'
import { timespecOfMs } from '../../base/clock.ts'
import { numberOf } from '../../base/number-of.ts'
import type { PointId } from '../../base/ids.ts'
import type { NoteRecord } from '../../format/records.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { CareContext } from '../care-types.ts'
import type { AffectedEntry, AffectedPoint } from '../check/check-types.ts'

/** The tag of points that cannot be restored whole. */
export const DAMAGED_TAG = 'damaged'
/** Paths that a note names. */
const PATHS_MAX = 50

/** Collects what is left of damage, point by point. */
export class DamagedPoints {
  readonly #byPoint = new Map<PointId, { entries: number; readonly paths: string[]; last: ByteString | undefined }>()

  /** How many entries of each point are damaged. */
  counts(points: readonly PointInfo[]): AffectedPoint[] {
    return points.flatMap((point) => {
      const entries = this.#byPoint.get(point.record.point)?.entries ?? 0
      return entries === 0 ? [] : [{ point, entries }]
    })
  }

  /** Adds an entry; tells whether it is another than the last one. */
  add({ point, path }: AffectedEntry): boolean {
    const damage = this.#byPoint.get(point.record.point) ?? { entries: 0, paths: [], last: undefined }
    if (damage.last === path) return false
    damage.last = path
    damage.entries++
    if (damage.paths.length < PATHS_MAX) damage.paths.push(display(path))
    this.#byPoint.set(point.record.point, damage)
    return true
  }

  /** Signs notes about the points that are damaged and do not say so, and those that say so and are not; returns how many. */
  async mark({ repository, clock }: CareContext, points: readonly PointInfo[]): Promise<number> {
    const made = timespecOfMs(clock.nowMs())
    let notes = 0
    for (const { record, tags } of points) {
      const damage = this.#byPoint.get(record.point)
      if ((damage !== undefined) === tags.includes(DAMAGED_TAG)) continue
      const note: NoteRecord = {
        point: record.point,
        addTags: damage === undefined ? [] : [DAMAGED_TAG],
        removeTags: damage === undefined ? [DAMAGED_TAG] : [],
        text: damage === undefined ? 'Nothing of it is lost any more.' : textOf(damage),
        made,
      }
      await repository.records.put('notes', note, repository.instance)
      notes++
    }
    return notes
  }
}

function textOf({ entries, paths }: { readonly entries: number; readonly paths: readonly string[] }): string {
  const more = entries > paths.length ? `, and ${entries - paths.length} more` : ''
  return `${numberOf(entries, 'entry', 'entries')} cannot be restored whole: ${paths.join(', ')}${more}`.slice(
    0,
    16_384,
  )
}
