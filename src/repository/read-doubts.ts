import { TidemarkError } from '../base/errors.ts'
import type { ObjectId } from '../base/ids.ts'
import { runAll } from '../base/run-all.ts'
import type { DeadRecord, LostRecord, MarkRecord } from '../format/records.ts'
import type { ObjectInfo } from '../storage/driver.ts'
import type { Listed } from '../storage/list-in-turn.ts'
import type { Doubts, LostCopies } from './doubts.ts'
import { isOfForeignRealm, isSurvivable } from './load-tables.ts'
import type { IndexLoadOptions } from './repository-index.ts'

/**
 * Reads what prune and check said against packs and blobs; what was removed since it was listed says nothing.
 *
 * @see docs/format.md, "The others", for what a lost record speaks of
 */
export async function readDoubts(
  options: IndexLoadOptions,
  listed: Listed<'dead' | 'lost' | 'marks'>,
): Promise<Doubts> {
  const unneeded = new Set<ObjectId>()
  const lost: LostCopies[] = []
  // A marked pack can be read: for a check there is nothing against it.
  const kinds = options.forCheck === true ? (['lost'] as const) : (['marks', 'dead', 'lost'] as const)
  const reads = kinds.flatMap((kind) =>
    listed[kind].map((info) => async () => {
      const record = await readDoubt(options, kind, info)
      if (record === undefined) return
      if ('blobs' in record) lost.push(record)
      else for (const pack of record.packs) unneeded.add(pack)
    }),
  )
  await runAll(reads, options.driver.capabilities.concurrency)
  return { unneeded, lost }
}

async function readDoubt(
  { records, onProblem }: IndexLoadOptions,
  kind: 'marks' | 'dead' | 'lost',
  { name, bytes }: ObjectInfo,
): Promise<MarkRecord | DeadRecord | LostRecord | undefined> {
  try {
    return (await records.get(kind, name.id, bytes)).record
  } catch (error) {
    if (isOfForeignRealm(error)) return undefined
    if (error instanceof TidemarkError && error.code === 'NOT_FOUND') return undefined
    if (!isSurvivable(error) || onProblem === undefined) throw error
    onProblem(error)
    return undefined
  }
}
