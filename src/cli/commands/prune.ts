import { UsageError } from '../../base/errors.ts'
import type { CareContext, PruneOptions } from '../../engine/care-types.ts'
import { UNUSED_PERCENT_MAX } from '../../engine/prune/pack-space.ts'
import { CareReport } from '../care-report.ts'
import type { CliContext } from '../context.ts'
import { openCare } from '../open-care.ts'
import { parseSeconds, parseSize } from '../../base/parse-quantity.ts'

export interface PruneFlags {
  readonly exclusive?: boolean
  readonly dryRun?: boolean
  readonly grace?: string
  readonly maxRepack?: string
  readonly maxUnused?: string
}

/** Frees what no point needs. */
export async function pruneCommand(context: CliContext, flags: PruneFlags): Promise<undefined> {
  const options = pruneOptions(flags)
  await using opened = await openCare(context)
  const report = new CareReport(context.output, context.clock)
  try {
    await runPrune(context, { care: opened.care, options, report })
  } finally {
    report.stop()
  }
}

/** Prunes, and prints what came of it. */
export async function runPrune(
  { signal }: CliContext,
  {
    care,
    options,
    report,
  }: { readonly care: CareContext; readonly options: PruneOptions; readonly report: CareReport },
): Promise<void> {
  const { prune } = await import('../../engine/prune/prune.ts')
  const pruned = await prune(care, options, report.events, signal)
  report.stop()
  report.summarizePrune(pruned, options)
}

/** Returns what the options ask for. @throws {UsageError} BAD_ARGUMENT */
export function pruneOptions({ exclusive, dryRun, grace, maxRepack, maxUnused }: PruneFlags): PruneOptions {
  return {
    exclusive: exclusive === true,
    dryRun: dryRun === true,
    unusedPercentMax: maxUnused === undefined ? UNUSED_PERCENT_MAX : percentOf(maxUnused),
    ...(grace === undefined ? {} : { graceSeconds: parseSeconds(grace, '--grace') }),
    ...(maxRepack === undefined ? {} : { repackBytesMax: parseSize(maxRepack, '--max-repack') }),
  }
}

function percentOf(text: string): number {
  const match = /^(\d{1,3}(?:\.\d{1,3})?)%?$/.exec(text.trim())
  if (match !== null && Number(match[1]) <= 100) return Number(match[1])
  if (text === 'unlimited') return Infinity
  throw new UsageError('BAD_ARGUMENT', `"${text}" of --max-unused is not a number of percent`, {
    hint: 'Write a number from 0 to 100, such as 5, or `unlimited`.',
  })
}
