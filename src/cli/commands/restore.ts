import { createHash, type Hash } from 'node:crypto'

import { type ByteString, byteStringOf } from '../../base/byte-string.ts'
import { type TidemarkError, UsageError } from '../../base/errors.ts'
import { type OpenPointView, openPointView } from '../../engine/point-view.ts'
import type { OverwriteMode, RestoreItem, RestoreOptions, RestoreSummary } from '../../engine/restore-types.ts'
import { WorkerPool } from '../../engine/workers/worker-pool.ts'
import { safeOptions, selectionOptions } from '../../service/restore-options.ts'
import type { ChainFlags } from '../choose-point.ts'
import { compileLightly } from '../compile-lightly.ts'
import type { CliContext } from '../context.ts'
import { EXIT_DONE, EXIT_PARTIAL } from '../exit-codes.ts'
import { keepForUndo } from '../keep-for-undo.ts'
import { type OpenPlace, openPlace } from '../open-place.ts'
import { RestoreReport } from '../restore-report.ts'
import { PreviewReport } from '../preview-report.ts'
import { readSelection } from '../read-selection.ts'
import { restoreTarget } from '../restore-target.ts'

export interface RestoreFlags extends ChainFlags {
  readonly target?: string
  readonly inPlace?: boolean
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  /** A file, or `-`. */
  readonly selection?: string
  readonly preview?: boolean
  readonly overwrite?: OverwriteMode
  readonly delete?: boolean
  readonly verify?: boolean
  readonly trustUnchanged?: boolean
  readonly numericIds?: boolean
  readonly yes?: boolean
  /** `true` with --undo, `false` with --no-undo. */
  readonly undo?: boolean
}

/** Restores a point, or what lies below one of its paths. */
export async function restoreCommand(context: CliContext, place: string, flags: RestoreFlags): Promise<number> {
  compileLightly()
  const { target, isEmpty } = await restoreTarget(context.workingDirectory, flags)
  const needsYes = flags.delete === true && flags.yes !== true && flags.preview !== true
  if (needsYes && !context.interactive) {
    throw new UsageError('CONFIRMATION_NEEDED', 'nobody is there to confirm what --delete deletes', {
      hint: 'Look at it with --preview, then say --yes.',
    })
  }
  const selection = flags.selection === undefined ? undefined : await readSelection(context, place, flags.selection)
  await using workers = new WorkerPool()
  // Threads start while the password's key is derived.
  if (flags.preview !== true) workers.warm()
  await using opened = await openPlace(context, place, flags)
  const destination = {
    target: target === undefined ? undefined : byteStringOf(target),
    delete: flags.delete === true,
    verify: flags.verify === true,
    trustUnchanged: flags.trustUnchanged === true,
    numericIds: flags.numericIds === true,
  }
  const wanted = selection === undefined ? byPatterns(opened, flags) : selectionOptions(selection, destination)
  const options = await safeOptions({ ...wanted, ...destination }, { ...opened, paths: context.paths })
  if (flags.preview === true) {
    const { failures } = await preview(context, opened, { options, everything: true })
    return failures > 0 ? EXIT_PARTIAL : EXIT_DONE
  }
  if (context.interactive && flags.yes !== true && (!isEmpty || options.delete)) {
    if (!(await isAgreed(context, opened, options))) {
      context.output.message('Nothing was restored.')
      return EXIT_DONE
    }
  }
  // What an empty folder is filled with is easily told from what was there: it is not worth writing to the repository.
  const keepsUndo = flags.undo ?? !isEmpty
  const summary = await run(context, { opened, workers, options, keepsUndo })
  return summary.failures.length > 0 ? EXIT_PARTIAL : EXIT_DONE
}

/** What of the path that was named is restored. */
function byPatterns({ path }: OpenPlace, flags: RestoreFlags): Omit<RestoreOptions, 'target' | 'delete' | 'verify'> {
  const { include = [], exclude = [], overwrite = 'never' } = flags
  return { path, include, exclude, overwrite }
}

async function run(
  context: CliContext,
  what: { opened: OpenPlace; workers: WorkerPool; options: RestoreOptions; keepsUndo: boolean },
): Promise<RestoreSummary> {
  const { clock, output, signal } = context
  const { opened, workers, options } = what
  const { restore } = await import('../../engine/restore/restore.ts')
  const report = new RestoreReport(output, clock)
  const onWarning = (message: string): void => report.events.warning?.(message)
  const undo = what.keepsUndo ? await keepForUndo(context, what, onWarning) : undefined
  const { repository } = opened
  // A run that makes a point lets the index go that this view was opened with.
  const view = what.keepsUndo ? await viewOf(opened) : opened.view
  try {
    const summary = await restore({ view, repository, workers, options, events: report.events, signal })
    report.stop()
    report.summarize(summary, { point: opened.point.record.point, options, undo })
    return summary
  } finally {
    report.stop()
  }
}

async function viewOf({ repository, point }: OpenPlace): Promise<OpenPointView> {
  return openPointView(await repository.inRealm(point.realm).blobs(), point.record.parts)
}

/**
 * Shows what a restore would do, and asks. Files come and go while that is read: what would be deleted is looked at again
 * after a yes, and where it is something else by then, that is shown and asked about anew.
 */
async function isAgreed(context: CliContext, opened: OpenPlace, options: RestoreOptions): Promise<boolean> {
  const { planRestore } = await import('../../engine/restore/plan-restore.ts')
  const { repository, view } = opened
  for (;;) {
    const shown = await preview(context, opened, { options, everything: false })
    if (!(await context.confirm('Restore this?'))) return false
    if (!options.delete) return true
    const now = createHash('sha256')
    for await (const item of planRestore({ view, repository, options, signal: context.signal })) addLoss(now, item)
    if (now.digest('hex') === shown.losses) return true
    context.output.message('What would be overwritten or deleted has changed since it was shown:')
  }
}

/** Takes down what an item takes away of what is there. */
function addLoss(losses: Hash, { action, path }: RestoreItem): void {
  if (action === 'overwrite' || action === 'delete') losses.update(`${action}\0${path}\0`)
}

interface Previewed {
  /** A digest of what would be overwritten and deleted. */
  readonly losses: string
  /** How many entries could not be restored. */
  readonly failures: number
}

/** Shows what a restore would do, and changes nothing. */
async function preview(
  { output, signal }: CliContext,
  { repository, view, point }: OpenPlace,
  what: { readonly options: RestoreOptions; readonly everything: boolean },
): Promise<Previewed> {
  const { planRestore } = await import('../../engine/restore/plan-restore.ts')
  const { options, everything } = what
  const losses = createHash('sha256')
  const report = new PreviewReport(output, { everything })
  const onWarning = (message: string): void => {
    // A restore that follows says so itself.
    if (everything) output.warning(message)
  }
  const onFailure = (path: ByteString, error: TidemarkError): void => {
    report.fail(path, error)
  }
  for await (const item of planRestore({ view, repository, options, signal, onWarning, onFailure })) {
    if (output.gone.aborted) break
    addLoss(losses, item)
    report.add(item)
    await output.drained()
  }
  if (!output.gone.aborted) report.summarize({ point: point.record.point, options })
  return { losses: losses.digest('hex'), failures: report.failures }
}
