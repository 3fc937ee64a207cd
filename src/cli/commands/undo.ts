import { type ByteString, display } from '../../base/byte-string.ts'
import { type TidemarkError, UsageError } from '../../base/errors.ts'
import { lastUndoPoint, openUndo, planUndo, type Undo, undoRestore } from '../../engine/undo/undo.ts'
import { choosePoint } from '../choose-point.ts'
import type { CliContext } from '../context.ts'
import { EXIT_DONE, EXIT_PARTIAL } from '../exit-codes.ts'
import { formatTime } from '../../base/format.ts'
import { type OpenCare, openCare } from '../open-care.ts'
import { PreviewReport } from '../preview-report.ts'
import { RestoreReport } from '../restore-report.ts'

export interface UndoFlags {
  readonly preview?: boolean
  readonly yes?: boolean
  /** `false` with --no-undo. */
  readonly undo?: boolean
}

/** Takes back what the last restore on this machine did, or the one that a point was made before. */
export async function undoCommand(context: CliContext, name: string | undefined, flags: UndoFlags): Promise<number> {
  const { interactive, output } = context
  await using opened = await openCare(context)
  const { repository } = opened.care
  const point =
    name === undefined ? await lastUndoPoint(repository) : await choosePoint(repository, { point: name }, {})
  const undo = await openUndo(repository, point)
  if (!interactive && flags.yes !== true && flags.preview !== true) {
    throw new UsageError('CONFIRMATION_NEEDED', 'nobody is there to confirm what is taken back', {
      hint: 'Look at it with --preview, then say --yes.',
    })
  }
  if (!output.json) output.message(headline(undo))
  if (flags.preview === true) {
    const failures = await preview(context, opened, { undo, everything: true })
    return failures > 0 ? EXIT_PARTIAL : EXIT_DONE
  }
  if (flags.yes !== true) {
    await preview(context, opened, { undo, everything: false })
    if (!(await context.confirm('Take this back?'))) {
      output.message('Nothing was taken back.')
      return EXIT_DONE
    }
  }
  return await run(context, opened, { undo, keepsUndo: flags.undo !== false })
}

async function run(
  { clock, output, signal }: CliContext,
  { care }: OpenCare,
  what: { readonly undo: Undo; readonly keepsUndo: boolean },
): Promise<number> {
  const report = new RestoreReport(output, clock)
  try {
    const summary = await undoRestore(care, what, report.events, signal)
    report.stop()
    const { options, point } = what.undo
    report.summarize(summary, { point: point.record.point, options, undo: summary.undo })
    return summary.failures.length > 0 ? EXIT_PARTIAL : EXIT_DONE
  } finally {
    report.stop()
  }
}

/** Shows what taking a restore back would do; returns how many entries it would fail on. */
async function preview(
  { output, signal }: CliContext,
  { care }: OpenCare,
  { undo, everything }: { readonly undo: Undo; readonly everything: boolean },
): Promise<number> {
  const report = new PreviewReport(output, { everything })
  const onFailure = (path: ByteString, error: TidemarkError): void => {
    report.fail(path, error)
  }
  for await (const item of planUndo(care.repository, undo, { signal, onFailure })) {
    if (output.gone.aborted) return report.failures
    report.add(item)
    await output.drained()
  }
  report.summarize({ point: undo.point.record.point, options: undo.options })
  return report.failures
}

function headline({ point, restored, options }: Undo): string {
  const when = formatTime(point.record.finished)
  return `Taking back what restoring point ${restored.slice(0, 8)} to ${display(options.path)} did, ${when}`
}
