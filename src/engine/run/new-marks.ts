import { StorageError } from '../../base/errors.ts'
import type { ObjectId } from '../../base/ids.ts'
import type { RecordBodies } from '../../format/records.ts'
import { isOfForeignRealm } from '../../repository/load-tables.ts'
import type { RecordStore } from '../../repository/record-store.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import type { OpenedRun } from './opened-run.ts'

/**
 * After a renewal: the run relies no further on packs that were marked or declared dead since it began; what it meets of
 * theirs it stores again. What it relied on before is safe while it lives, see `commitRules`.
 *
 * @throws {StorageError} the store does not answer: the next renewal looks again.
 */
export async function doubtNewMarks({ repository, lists }: OpenedRun, index: RepositoryIndex): Promise<void> {
  const rows = new Set<number>()
  for (const kind of ['marks', 'dead'] as const) {
    const known = new Set(lists[kind])
    for (const id of await repository.records.list(kind)) {
      if (known.has(id)) continue
      for (const pack of (await recordOrNone(repository.records, kind, id))?.packs ?? []) {
        const row = index.packs.rowOf(pack)
        if (row !== undefined) rows.add(row)
      }
    }
  }
  index.doubtStored({ frames: [], packs: rows })
}

/** Returns a record, or `undefined` for one of another realm, or that is gone by now: neither says anything to this run. */
export async function recordOrNone<Kind extends 'marks' | 'dead'>(
  records: RecordStore,
  kind: Kind,
  id: ObjectId,
): Promise<RecordBodies[Kind] | undefined> {
  try {
    return (await records.get(kind, id)).record
  } catch (error) {
    if (isOfForeignRealm(error) || (error instanceof StorageError && error.code === 'NOT_FOUND')) return undefined
    throw error
  }
}
