import { TidemarkError } from '../base/errors.ts'
import type { BackupEvents, BackupOptions, BackupSummary } from './backup-types.ts'
import { commit } from './run/commit.ts'
import { interrupted, Run } from './run/run.ts'
import { NOTHING_HEALED } from './run/run-store.ts'
import type { BackupContext } from './run/run-context.ts'
import { addCounts, noCounts } from './run/table-counts.ts'
import type { Source } from './source.ts'

export type { BackupContext }

/**
 * Makes a Restoring Point of a source: one run, one commit.
 *
 * The scan begins while the repository is still being opened. A source that has something to settle is entered into
 * the journal before it is read, and settled whatever happens. After an abort, what is in hand is finished and made
 * durable, so that the next run goes on from there.
 * @throws {RunError} INTERRUPTED, PRUNED_UNDER_RUN
 * @throws {SourceError} none of the roots can be read, a command failed.
 * @throws {StorageError} the store cannot be written; and whatever kept the repository from opening.
 */
export async function backup(
  context: BackupContext,
  source: Source,
  options: BackupOptions,
  events: BackupEvents,
  signal: AbortSignal,
): Promise<BackupSummary> {
  const startMs = context.clock.monotonicMs()
  const forget = source.settle === undefined ? undefined : await enterJournal(context, source)
  let outcome: 'committed' | 'failed' = 'failed'
  try {
    const run = new Run(context, { source, backup: options, events, signal })
    const summary = await runToEnd(run, context, { source, options, events, signal })
    outcome = 'committed'
    return { ...summary, durationMs: context.clock.monotonicMs() - startMs }
  } finally {
    await source.settle?.(outcome)
    await forget?.()
  }
}

async function enterJournal(context: BackupContext, source: Source): Promise<() => Promise<void>> {
  return context.journal.begin({ source: source.kind, fields: source.journal ?? {} })
}

interface Request {
  readonly source: Source
  readonly options: BackupOptions
  readonly events: BackupEvents
  readonly signal: AbortSignal
}

async function runToEnd(
  run: Run,
  context: BackupContext,
  request: Request,
): Promise<Omit<BackupSummary, 'durationMs'>> {
  const { source, options, events, signal } = request
  try {
    await source.read(run)
    signal.throwIfAborted()
    return options.dryRun ? await dryRunSummary(run) : await committedSummary(run, context, request)
  } catch (error) {
    if (!signal.aborted) throw error
    await keepWhatIsStored(run)
    throw interrupted()
  } finally {
    await run.close()
    await endRun(run, events)
  }
}

/** What was stored before an interruption is entered into an index file, where the next run finds it. */
async function keepWhatIsStored(run: Run): Promise<void> {
  const store = await run.usedStore?.catch(() => undefined)
  await store?.finish()
}

/** A run object that stays behind ages out; it must not make a failure of a point that is there. */
async function endRun(run: Run, events: BackupEvents): Promise<void> {
  const opened = await run.opened.catch(() => undefined)
  try {
    await opened?.object?.end()
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error
    events.warning?.(`the note that this backup runs could not be removed: ${error.message}`)
  }
}

async function committedSummary(
  run: Run,
  context: BackupContext,
  { source, options }: Request,
): Promise<Omit<BackupSummary, 'durationMs'>> {
  const { record, counts, stored } = await commit(run, context, { source, options })
  return {
    point: record.point,
    chain: record.chain,
    type: record.type,
    parent: record.parents[0]?.point,
    ...counts,
    bytesRead: run.progress.bytesRead,
    bytesStored: stored.bytes,
    blobsStored: stored.blobs,
    healed: stored.healed,
    skipped: run.coverage.skipped,
    troubles: run.coverage.troubles,
    suspect: record.tripwire?.suspicions ?? [],
  }
}

async function dryRunSummary(run: Run): Promise<Omit<BackupSummary, 'durationMs'>> {
  const opened = await run.opened
  const counts = [...run.parts.values()].reduce((sum, part) => addCounts(sum, part.counts), noCounts())
  return {
    point: undefined,
    chain: opened.chain,
    type: opened.parent === undefined ? 'full' : 'incremental',
    parent: opened.parent?.record.point,
    ...counts,
    bytesRead: run.progress.bytesRead,
    // At most: nobody knows what compresses, or is known, before it is read.
    bytesStored: run.progress.bytesRead,
    blobsStored: 0,
    healed: NOTHING_HEALED,
    skipped: run.coverage.skipped,
    troubles: run.coverage.troubles,
    suspect: [],
  }
}
