import { UsageError } from '../../base/errors.ts'
import type { ForgetRequest } from '../../engine/care-types.ts'
import { CareReport } from '../care-report.ts'
import { chooseForgotten } from '../choose-forgotten.ts'
import type { ChainFlags } from '../choose-point.ts'
import type { CliContext } from '../context.ts'
import { openCare } from '../open-care.ts'
import { makerNames } from '../read-details.ts'
import { type PolicyFlags, policyOf } from '../policy-flags.ts'
import { type PruneFlags, pruneOptions, runPrune } from './prune.ts'

export interface ForgetFlags extends PolicyFlags, ChainFlags, PruneFlags {
  readonly allInstances?: boolean
  readonly prune?: boolean
}

/** Removes points: those that are named, or those that a policy does not keep. */
export async function forgetCommand(
  context: CliContext,
  words: readonly string[],
  flags: ForgetFlags,
): Promise<undefined> {
  const policy = policyOf(flags)
  requireOneWay(words, flags, policy !== undefined)
  const options = pruneOptions(flags)
  await using opened = await openCare(context)
  const { care } = opened
  const [{ forget }, { forgetLost }] = await Promise.all([
    import('../../engine/forget/forget.ts'),
    import('../../engine/forget/forget-lost.ts'),
  ])
  const report = new CareReport(context.output, context.clock)
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  try {
    const { dryRun } = options
    const names = await makerNames(care.repository, await care.repository.chain({ signal: context.signal }))
    const named = policy === undefined ? await chooseForgotten(care.repository, words, flags) : undefined
    if (named !== undefined && !dryRun) await forgetLost(care, named, context.signal)
    const request: ForgetRequest =
      policy === undefined
        ? { points: named?.points ?? [] }
        : { policy, timeZone, allInstances: flags.allInstances === true }
    const estimate = flags.prune === true ? false : options
    const forgotten = await forget(care, request, { dryRun, estimate }, report.events, context.signal)
    report.stop()
    report.points(forgotten, { names, dryRun })
    const losses = named === undefined ? 0 : report.losses(named, { dryRun })
    report.summarizeForget(forgotten, { dryRun, losses })
    // What would be forgotten is not, so a prune that only looks would tell of something else.
    if (flags.prune === true && !dryRun) await runPrune(context, { care, options, report })
  } finally {
    report.stop()
  }
}

function requireOneWay(words: readonly string[], flags: ForgetFlags, hasPolicy: boolean): void {
  if (words.length === 0 && !hasPolicy) {
    throw new UsageError('BAD_ARGUMENT', 'neither points to forget are named, nor what to keep', {
      hint: 'Name points, or say what to keep, such as --keep-daily 7 --keep-weekly 5 --keep-monthly 12.',
    })
  }
  if (words.length > 0 && (hasPolicy || flags.allInstances === true)) {
    throw new UsageError('BAD_ARGUMENT', 'points are named, and a policy is given as well', {
      hint: 'Do one after the other.',
    })
  }
  if (flags.prune !== true && (flags.grace !== undefined || flags.exclusive === true)) {
    throw new UsageError('BAD_ARGUMENT', '--grace and --exclusive are about a prune, which is not asked for', {
      hint: 'Add --prune, or run `tidemark prune` with them.',
    })
  }
  if (hasPolicy && (flags.instance !== undefined || flags.chain !== undefined)) {
    throw new UsageError('BAD_ARGUMENT', '--instance and --chain say which point a name means, and go with no policy', {
      hint: 'A policy is about all chains of this instance, or of all with --all-instances.',
    })
  }
}
