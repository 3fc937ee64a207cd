import { TidemarkError } from '../base/errors.ts'
import type { ObjectId } from '../base/ids.ts'
import type { DeadRecord, LostRecord, MarkRecord } from '../format/records.ts'
import type { Doubts, LostCopies } from './doubts.ts'
import { isOfForeignRealm, isSurvivable } from './load-tables.ts'
import type { IndexLoadOptions } from './repository-index.ts'

/**
 * Reads what prune and check said against packs and blobs; what was removed since it was listed says nothing.
 *
 * @see docs/format.md, "The others", for what a lost record speaks of
 */
export async function readDoubts(options: IndexLoadOptions): Promise<Doubts> {
  const packs = new Set<ObjectId>()
  const lost: LostCopies[] = []
  // A marked pack can be read: for a check there is nothing against it.
  for (const kind of options.forCheck === true ? (['lost'] as const) : (['marks', 'dead', 'lost'] as const)) {
    for await (const { name } of options.driver.list(kind, options.signal)) {
      const record = await readDoubt(options, kind, name.id)
      if (record === undefined) continue
      if ('blobs' in record && record.blobs.byteLength > 0) lost.push(record)
      else for (const pack of record.packs) packs.add(pack)
    }
  }
  return { packs, lost }
}

async function readDoubt(
  { records, onProblem }: IndexLoadOptions,
  kind: 'marks' | 'dead' | 'lost',
  id: ObjectId,
): Promise<MarkRecord | DeadRecord | LostRecord | undefined> {
  try {
    return (await records.get(kind, id)).record
  } catch (error) {
    if (isOfForeignRealm(error)) return undefined
    if (error instanceof TidemarkError && error.code === 'NOT_FOUND') return undefined
    if (!isSurvivable(error) || onProblem === undefined) throw error
    onProblem(error)
    return undefined
  }
}
