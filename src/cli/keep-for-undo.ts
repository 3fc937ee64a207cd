import { RunError } from '../base/errors.ts'
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
 * Commits a point of what a restore is about to overwrite, delete and create; returns it, or `undefined` where that is
 * nothing. Where it only creates, a point that cannot be made is a warning: nothing is lost.
 *
 * @throws {RunError} UNDO_FAILED, INTERRUPTED; and what planning throws.
 */
export async function keepForUndo(
  { clock, randomness, signal }: CliContext,
  { opened, workers, options }: { opened: OpenPlace; workers: WorkerPool; options: RestoreOptions },
  onWarning: (message: string) => void,
): Promise<PointId | undefined> {
  const { own, repository, view, point, entry } = opened
  const effects = await effectsOf(planRestore({ view, repository, options, signal, clock }))
  const isNeeded = overwrites(effects)
  if (!isNeeded && effects.created.length === 0) return undefined
  const tool = `tidemark ${toolVersion()}`
  // Files of this machine never go to the realm of another one's point.
  const care = { repository: own, cache: undefined, workers, clock, randomness, scheduler: systemScheduler, tool }
  const target = targetPath(entry, options)
  try {
    return await commitUndoPoint(care, { restored: point.record.point, target, effects }, signal)
  } catch (error) {
    if (isNeeded || !(error instanceof RunError) || error.code !== 'UNDO_FAILED') throw error
    const why = error.cause instanceof Error ? error.cause.message : error.message
    onWarning(`\`undo\` will not take this restore back, which only creates: ${why}`)
    return undefined
  }
}
