import type { PointId } from '../base/ids.ts'
import { planRestore, targetPath } from '../engine/restore/plan-restore.ts'
import type { RestoreOptions } from '../engine/restore-types.ts'
import { effectsOf, overwrites } from '../engine/undo/restore-effects.ts'
import { commitUndoPoint } from '../engine/undo/undo-point.ts'
import type { WorkerPool } from '../engine/workers/worker-pool.ts'
import { systemScheduler } from '../repository/run-object.ts'
import type { CliContext } from './context.ts'
import type { OpenPlace } from './open-place.ts'
import { toolVersion } from './version.ts'

/**
 * Commits a point of what a restore is about to overwrite or delete; returns it, or `undefined` where that is nothing.
 *
 * @throws {RunError} UNDO_FAILED, INTERRUPTED; and what planning throws.
 */
export async function keepForUndo(
  { clock, randomness, signal }: CliContext,
  { opened, workers, options }: { opened: OpenPlace; workers: WorkerPool; options: RestoreOptions },
): Promise<PointId | undefined> {
  const { own, repository, view, point, entry } = opened
  const effects = await effectsOf(planRestore({ view, repository, options, signal, clock }))
  if (!overwrites(effects)) return undefined
  const tool = `tidemark ${toolVersion()}`
  // Files of this machine never go to the realm of another one's point.
  const care = { repository: own, cache: undefined, workers, clock, randomness, scheduler: systemScheduler, tool }
  const target = targetPath(entry, options)
  return commitUndoPoint(care, { restored: point.record.point, target, effects }, signal)
}
