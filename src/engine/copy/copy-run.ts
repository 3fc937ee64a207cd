import type { TidemarkError } from '../../base/errors.ts'
import { hexId, RANDOM_ID_BYTES, type RunId } from '../../base/ids.ts'
import { RunObject } from '../../repository/run-object.ts'
import type { CareContext } from '../care-types.ts'
import type { StoreLists } from '../run/bases.ts'
import { listForRun, type RunListing, storeLists } from '../run/store-lists.ts'
import type { CopyEvents } from './copy-types.ts'

/** A run in the repository that is copied to, and what it saw there when it began. */
export interface CopyRun {
  readonly run: RunId
  /** The caller's to end. */
  readonly object: RunObject
  readonly lists: StoreLists
  readonly listed: RunListing
}

/** Announces the run, then lists what is there, points last: in this order, see docs/format.md, "Write order". */
export async function openCopyRun(target: CareContext, events: CopyEvents): Promise<CopyRun> {
  const { repository, clock, scheduler, randomness } = target
  const run = hexId<RunId>(randomness.bytes(RANDOM_ID_BYTES))
  const { records, instance } = repository
  const onProblem = (problem: TidemarkError): void => events.warning?.(problem)
  const object = await RunObject.start({ records, run, instance, clock, scheduler, onProblem })
  try {
    const listed = await listForRun(repository.driver)
    const lists = storeLists(listed)
    await repository.chain({ reload: true, listed })
    return { run, object, lists, listed }
  } catch (error) {
    await object.end()
    throw error
  }
}
