import { equalBytes } from '../../base/bytes.ts'
import { loadRecords } from '../../repository/known-records.ts'
import type { Repository } from '../../repository/repository.ts'

/** Removes records of points that have a tombstone: somebody who forgot them was interrupted, or a store brought them back. */
export async function removeForgotten(repository: Repository, signal: AbortSignal): Promise<void> {
  const { records, cache, driver } = repository
  const { removed, points } = await repository.chain({ reload: true, signal })
  const shown = new Set(points.map(({ object }) => object))
  const known = await loadRecords('points', { records, cache, onProblem: () => undefined, signal })
  for (const { object, record, innerHash } of known) {
    const hash = removed.get(record.point)
    if (shown.has(object) || hash === undefined || !equalBytes(hash, innerHash)) continue
    await driver.remove({ kind: 'points', id: object }, signal)
  }
}
