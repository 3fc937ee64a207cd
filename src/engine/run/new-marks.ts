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

/**
 * Looks again after each renewal, one look at a time: one that outlasts renewals, over a store that answers slowly, is
 * followed by a single other. Looks that pile up would keep the run from getting on.
 */
export class RepeatedLook {
  readonly #look: () => Promise<void>
  #isDue = false
  #isLooking = false

  constructor(look: () => Promise<void>) {
    this.#look = look
  }

  /** Asks for a look that begins from now on; whoever looks already sees to that. */
  async again(): Promise<void> {
    this.#isDue = true
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      while (this.#isDue) {
        this.#isDue = false
        await this.#look()
      }
    } finally {
      this.#isLooking = false
    }
  }
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
