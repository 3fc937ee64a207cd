import { type Clock, timespecOfMs } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'
import { shortId } from '../../base/ids.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import { ACKNOWLEDGED_TAG, isSuspect } from './suspicion.ts'

/**
 * Signs a note that a suspect point is as it should be: nothing is kept because of it any more.
 *
 * @throws {UsageError} BAD_ARGUMENT: it is not suspect.
 * @throws {StorageError} the store cannot be written.
 */
export async function acknowledge(repository: Repository, point: PointInfo, clock: Clock): Promise<void> {
  const { point: id } = point.record
  if (!isSuspect(point)) {
    throw new UsageError('BAD_ARGUMENT', `point ${shortId(id)} is not suspect, or was acknowledged before`, {
      context: { point: id },
      hint: 'See `tidemark points --tag suspect`.',
    })
  }
  const made = timespecOfMs(clock.nowMs())
  const note = { point: id, addTags: [ACKNOWLEDGED_TAG], removeTags: [], text: '', made }
  await repository.recordsIn(point.realm).put('notes', note, repository.instance)
}
