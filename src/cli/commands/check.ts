import { IntegrityError, KeyError, UsageError } from '../../base/errors.ts'
import { isDamaged } from '../../engine/check/check-types.ts'
import type { Repository } from '../../repository/repository.ts'
import type { Session } from '../../service/session.ts'
import { resolveRepository } from '../../service/resolve-repository.ts'
import { CheckOutput } from '../check-report.ts'
import type { CliContext } from '../context.ts'
import { openDriver } from '../drivers.ts'
import { EXIT_DAMAGE, EXIT_DONE } from '../exit-codes.ts'
import { openSession } from '../open-session.ts'
import { toolVersion } from '../version.ts'

export interface CheckFlags {
  /** A number of percent, or true for everything. */
  readonly readData?: string | true
  readonly objects?: boolean
}

/** Verifies a repository. */
export async function checkCommand(context: CliContext, flags: CheckFlags): Promise<number> {
  const readDataPercent = percentOf(flags.readData)
  if (flags.objects === true) return checkObjectsOnly(context, flags)
  const { clock, output, randomness, signal } = context
  await using session = await openSession(context)
  const report = new CheckOutput(output, clock)
  const repository = await openDamaged(session, report)
  if (repository === undefined) return EXIT_DAMAGE
  const [{ check }, { WorkerPool }, { systemScheduler }] = await Promise.all([
    import('../../engine/check/check.ts'),
    import('../../engine/workers/worker-pool.ts'),
    import('../../repository/run-object.ts'),
  ])
  await using workers = new WorkerPool()
  const tool = `tidemark ${toolVersion()}`
  const { cache } = session
  const care = { repository, cache, workers, clock, randomness, scheduler: systemScheduler, tool }
  try {
    const checked = await check(care, { readDataPercent, dryRun: false }, report.events, signal)
    report.stop()
    report.summarizeCheck(checked)
    return isDamaged(checked) ? EXIT_DAMAGE : EXIT_DONE
  } finally {
    report.stop()
  }
}

/** Compares objects with their names; nobody is asked for a password. */
async function checkObjectsOnly(context: CliContext, flags: CheckFlags): Promise<number> {
  if (flags.readData !== undefined) {
    throw new UsageError('BAD_ARGUMENT', '--objects reads all objects, and does not look into them', {
      hint: 'Leave out --read-data, or leave out --objects to look into the packs.',
    })
  }
  const { clock, output, paths, signal, surroundings, workingDirectory } = context
  const question = { given: context.repository, configFile: paths.configFile, workingDirectory }
  const { url } = await resolveRepository(question)
  await using driver = await openDriver(url, surroundings)
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

/** Returns the repository, or tells of the damage that keeps it from being opened. */
async function openDamaged(session: Session, report: CheckOutput): Promise<Repository | undefined> {
  try {
    return await session.repository
  } catch (error) {
    const isDamage = error instanceof IntegrityError || (error instanceof KeyError && error.code === 'SLOT_DAMAGED')
    if (!isDamage || error.code.startsWith('UNSUPPORTED_')) throw error
    report.events.finding?.({ kind: 'damage', problem: error })
    report.summarizeUnopened()
    return undefined
  }
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
