import { KeyError } from '../../base/errors.ts'
import { type KnownRecord, loadRecords } from '../../repository/known-records.ts'
import type { Repository } from '../../repository/repository.ts'
import type { CareContext, CareEvents, PruneOptions, PruneReport } from '../care-types.ts'
import { readObservations, writeObservations } from './observation-file.ts'
import { Observations } from './observations.ts'
import { type GraceTime, pruneRules } from './prune-rules.ts'
import { PruneTally } from './prune-tally.ts'
import { RealmPrune } from './realm-prune.ts'
import { removeForgotten } from './remove-forgotten.ts'

/**
 * Frees what no point needs, without locks: marks packs, and deletes those that an earlier prune marked once nobody can
 * rely on them any more. Every realm of the opened keys in turn.
 *
 * May be interrupted at any moment: what is left is another copy of something, never one too few.
 * @throws {KeyError} KEY_NOT_FULL
 * @throws {IntegrityError} what decides about deleting cannot be read or believed. Nothing more is deleted then.
 * @throws {StorageError} of the driver.
 */
export async function prune(
  context: CareContext,
  options: PruneOptions,
  events: CareEvents,
  signal: AbortSignal,
): Promise<PruneReport> {
  const { repository, cache, clock } = context
  if (!repository.keyRing.full) throw notFull()
  repository.requireFeatures('prune')
  const graceSeconds = Math.max(repository.config.graceSeconds, options.graceSeconds ?? 0)
  const time = (): GraceTime => ({ nowMs: Math.floor(clock.nowMs()), graceMs: graceSeconds * 1000 })
  const kept = cache === undefined ? undefined : readObservations(cache)
  const seen = new Observations(kept, time().nowMs)
  const tally = new PruneTally()
  try {
    if (!options.dryRun) await removeForgotten(repository, signal)
    const lookAtRuns = async (): Promise<void> => {
      const runs = await listRuns(repository, signal)
      seen.lookAtRuns(
        runs.map(({ record }) => record),
        time(),
      )
    }
    await lookAtRuns()
    const { records } = repository
    seen.lookAtRecords(await records.list('marks'), await records.list('dead'), time().nowMs)
    for (const realm of repository.keyRing.realms()) {
      const inRealm = repository.inRealm(realm)
      await using pruning = new RealmPrune({
        context,
        options,
        events,
        signal,
        repository: inRealm,
        seen,
        time,
        lookAtRuns,
        tally,
      })
      await pruning.run()
    }
    if (!options.dryRun) await removeEndedRuns(repository, { seen, time: time(), isAlone: options.exclusive, signal })
  } finally {
    if (cache !== undefined) writeObservations(cache, seen)
    repository.releaseIndex()
  }
  return tally.report()
}

async function listRuns({ records, cache }: Repository, signal: AbortSignal): Promise<KnownRecord<'runs'>[]> {
  const onProblem = (problem: Error): never => {
    throw problem
  }
  return loadRecords('runs', { records, cache, onProblem, signal })
}

/** Removes what runs left that ended without doing so; when nothing else runs, those are all there are. */
async function removeEndedRuns(
  repository: Repository,
  of: {
    readonly seen: Observations
    readonly time: GraceTime
    readonly isAlone: boolean
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { seen, time, isAlone, signal } = of
  for (const { object, record } of await listRuns(repository, signal)) {
    const run = seen.runs.get(record.run)
    if (!isAlone && (run === undefined || !pruneRules.isOver(run, time))) continue
    await repository.driver.remove({ kind: 'runs', id: object }, signal)
  }
}

function notFull(): KeyError {
  return new KeyError('KEY_NOT_FULL', 'a backup-only key cannot prune: it cannot read what points need', {
    hint: 'Open the repository with a password, key file or recovery code of the owner.',
  })
}
