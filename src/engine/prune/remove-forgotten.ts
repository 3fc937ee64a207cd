import { equalBytes } from '../../base/bytes.ts'
import { loadRecords } from '../../repository/known-records.ts'
import type { Repository } from '../../repository/repository.ts'

/**
 * Removes what is left of points that have a tombstone: records, where somebody who forgot them was interrupted, or a store brought
 * them back; and notes, which are about nothing any more.
 */
export async function removeForgotten(repository: Repository, signal: AbortSignal): Promise<void> {
  const { records, cache, driver } = repository
  const { removed, points } = await repository.chain({ reload: true, signal })
  const shown = new Set(points.map(({ object }) => object))
  const loading = { records, cache, onProblem: () => undefined, signal }
  for (const { object, record, innerHash } of await loadRecords('points', loading)) {
    const hash = removed.get(record.point)
    if (shown.has(object) || hash === undefined || !equalBytes(hash, innerHash)) continue
    await driver.remove({ kind: 'points', id: object }, signal)
  }
  const there = new Set(points.map(({ record }) => record.point))
  for (const { object, record } of await loadRecords('notes', loading)) {
    if (there.has(record.point) || !removed.has(record.point)) continue
    await driver.remove({ kind: 'notes', id: object }, signal)
  }
}
