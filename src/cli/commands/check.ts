import { IntegrityError, KeyError, type TidemarkError, UsageError } from '../../base/errors.ts'
import type { CareContext } from '../../engine/care-types.ts'
import { type CheckReport, isDamaged } from '../../engine/check/check-types.ts'
import { CheckOutput } from '../check-report.ts'
import { type CliContext, KEEPS_WHAT_IS_STORED } from '../context.ts'
import { EXIT_DAMAGE, EXIT_DONE } from '../exit-codes.ts'
import type { HealFlags } from '../heal-sources.ts'
import { openCare, type OpenCare } from '../open-care.ts'
import { openStore } from '../open-store.ts'
import { describeProblem } from '../report-error.ts'

export interface CheckFlags extends HealFlags {
  /** A number of percent, or true for everything. */
  readonly readData?: string | true
  readonly objects?: boolean
  readonly repair?: boolean
  readonly dryRun?: boolean
}

const CONFIG_HINT =
  '`tidemark check --repair` makes the configuration anew from the key that opens; what else there may be is found then.'

/** Verifies a repository, and repairs it when asked to. */
export async function checkCommand(context: CliContext, flags: CheckFlags): Promise<number> {
  const readDataPercent = percentOf(flags.readData)
  refuseCombinations(flags)
  if (flags.objects === true) return checkObjectsOnly(context)
  const { clock, output, signal } = context
  const report = new CheckOutput(output, clock)
  await using opened = await openDamaged(context, report, flags)
  if (opened === undefined) return EXIT_DAMAGE
  const { care } = opened
  const options = { readDataPercent, dryRun: flags.dryRun === true }
  try {
    let left: CheckReport
    if (flags.repair === true) left = await repairAll(context, { care, options, report, flags })
    else {
      const { check } = await import('../../engine/check/check.ts')
      left = await check(care, options, report.events, signal)
      report.stop()
      report.summarizeCheck(left)
    }
    return isDamaged(left) ? EXIT_DAMAGE : EXIT_DONE
  } finally {
    report.stop()
  }
}

/** Returns what is left of the damage; after a dry run, all that there is. */
async function repairAll(
  context: CliContext,
  {
    care,
    options,
    report,
    flags,
  }: {
    readonly care: CareContext
    readonly options: { readonly readDataPercent: number; readonly dryRun: boolean }
    readonly report: CheckOutput
    readonly flags: CheckFlags
  },
): Promise<CheckReport> {
  const [{ repair }, { openHealSources }] = await Promise.all([
    import('../../engine/repair/repair.ts'),
    import('../heal-sources.ts'),
  ])
  await using healing = await openHealSources(context, care.repository, flags)
  const { sources } = healing
  context.sayWhenInterrupted(KEEPS_WHAT_IS_STORED)
  const done = await repair(care, { ...options, sources }, report.repairEvents, context.signal)
  report.stop()
  report.summarizeRepair(done)
  return done.after ?? done.before
}

/** Compares objects with their names; nobody is asked for a password. */
async function checkObjectsOnly(context: CliContext): Promise<number> {
  const { clock, output, signal } = context
  await using driver = await openStore(context)
  const [{ checkObjects }, { WorkerPool }] = await Promise.all([
    import('../../engine/check/check-objects.ts'),
    import('../../engine/workers/worker-pool.ts'),
  ])
  await using workers = new WorkerPool()
  const report = new CheckOutput(output, clock)
  try {
    const checked = await checkObjects({ driver, workers, events: report.events, signal })
    report.stop()
    report.summarizeObjects(checked)
    return checked.damage > 0 ? EXIT_DAMAGE : EXIT_DONE
  } finally {
    report.stop()
  }
}

/**
 * Opens the repository, or tells of the damage that keeps it from being opened. To be repaired, it is given a new config in
 * the place of one that is lost.
 */
async function openDamaged(
  context: CliContext,
  report: CheckOutput,
  { repair, dryRun }: CheckFlags,
): Promise<OpenCare | undefined> {
  if (repair === true) report.beginRepair({ dryRun: dryRun === true })
  const onProblem = (problem: TidemarkError): void => {
    if (isDamage(problem)) report.events.finding?.({ kind: 'damage', problem })
    else context.output.warning(describeProblem(problem))
  }
  try {
    return await openCare(context, { onProblem })
  } catch (error) {
    if (!isDamage(error)) throw error
    onProblem(error)
    const isOfConfig = error.code === 'RECORD_MISSING' || String(error.context['object']).startsWith('config/')
    if (repair === true && dryRun !== true && isOfConfig) return openCare(context, { rebuildConfig: true, onProblem })
    report.summarizeUnopened(isOfConfig ? CONFIG_HINT : error.hint)
    return undefined
  }
}

function isDamage(error: unknown): error is IntegrityError | KeyError {
  if (error instanceof KeyError) return error.code === 'SLOT_DAMAGED'
  return error instanceof IntegrityError && !error.code.startsWith('UNSUPPORTED_')
}

/** Returns how many percent of the data are to be read. */
function percentOf(text: string | true | undefined): number {
  if (text === undefined) return 0
  if (text === true) return 100
  const percent = /^\d+(\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN
  if (percent > 0 && percent <= 100) return percent
  throw new UsageError('BAD_ARGUMENT', `--read-data takes a percentage above 0 and up to 100, not "${text}"`, {
    hint: 'As in --read-data=5; alone it reads everything.',
  })
}

function refuseCombinations({ objects, readData, repair, healFrom, healPasswordFile, dryRun }: CheckFlags): void {
  if (objects === true && (readData !== undefined || repair === true)) {
    throw new UsageError('BAD_ARGUMENT', '--objects compares objects with their names and looks into none of them', {
      hint: 'Leave it out to read and repair what is in them, which takes the password.',
    })
  }
  if (repair === true) return
  const option = [
    ['--heal-from', healFrom],
    ['--heal-password-file', healPasswordFile],
    ['--dry-run', dryRun],
  ].find(([, value]) => value !== undefined)
  if (option === undefined) return
  throw new UsageError('BAD_ARGUMENT', `${String(option[0])} says how --repair goes about it`, {
    hint: 'Say --repair, too.',
  })
}
