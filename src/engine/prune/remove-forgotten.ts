import { loadRecords } from '../../repository/known-records.ts'
import { isRemoved } from '../../repository/point-records.ts'
import type { Repository } from '../../repository/repository.ts'

/**
 * Removes what is left of points that have a tombstone: records, where somebody who forgot them was interrupted, or a store brought
 * them back; and notes, which are about nothing any more.
 */
export async function removeForgotten(repository: Repository, signal: AbortSignal): Promise<void> {
  const { records, cache, driver } = repository
  const { removed, points, records: stored } = await repository.chain({ reload: true, signal })
  const shown = new Set(stored.map(({ object }) => object))
  const loading = { records, cache, onProblem: () => undefined, signal }
  for (const { object, record, innerHash } of await loadRecords('points', loading)) {
    if (shown.has(object) || !isRemoved(removed, record.point, innerHash)) continue
    await driver.remove({ kind: 'points', id: object }, signal)
  }
  const there = new Set(points.map(({ record }) => record.point))
  for (const { object, record } of await loadRecords('notes', loading)) {
    if (there.has(record.point) || !removed.has(record.point)) continue
    await driver.remove({ kind: 'notes', id: object }, signal)
  }
}
