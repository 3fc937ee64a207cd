import { TidemarkError } from '../base/errors.ts'
import type { ObjectId } from '../base/ids.ts'
import type { DeadRecord, LostRecord, MarkRecord } from '../format/records.ts'
import type { Doubts } from './doubts.ts'
import { isOfForeignRealm, isSurvivable } from './load-tables.ts'
import type { IndexLoadOptions } from './repository-index.ts'

/** Reads what prune and check said against packs and blobs; what was removed since it was listed says nothing. */
export async function readDoubts(options: IndexLoadOptions): Promise<Doubts> {
  const packs = new Set<ObjectId>()
  const blobs: Uint8Array[] = []
  for (const kind of ['marks', 'dead', 'lost'] as const) {
    for await (const { name } of options.driver.list(kind, options.signal)) {
      const record = await readDoubt(options, kind, name.id)
      for (const pack of record?.packs ?? []) packs.add(pack)
      if (record !== undefined && 'blobs' in record) blobs.push(record.blobs)
    }
  }
  return { packs, blobs }
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
