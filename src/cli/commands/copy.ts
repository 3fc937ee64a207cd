import { KeyError, UsageError } from '../../base/errors.ts'
import { numberOf } from '../../base/number-of.ts'
import { copyPoints } from '../../engine/copy/copy.ts'
import { WorkerPool } from '../../engine/workers/worker-pool.ts'
import type { PointInfo } from '../../repository/point-info.ts'
import { systemScheduler } from '../../repository/run-object.ts'
import type { Repository } from '../../repository/repository.ts'
import { chainFilter, type ChainFlags, choosePoint } from '../choose-point.ts'
import { type CliContext, KEEPS_WHAT_IS_STORED } from '../context.ts'
import { CopyOutput } from '../copy-report.ts'
import { EXIT_DONE, EXIT_PARTIAL } from '../exit-codes.ts'
import { openPoints } from '../open-points.ts'
import { openSession } from '../open-session.ts'
import { placeOf } from '../open-store.ts'
import { contextOfOther, type OtherSecrets } from '../other-repository.ts'
import { toolVersion } from '../version.ts'

export interface CopyFlags extends ChainFlags {
  readonly to: string
  readonly toPasswordFile?: string
  readonly toPasswordCommand?: string
  readonly toKeyFile?: string
  readonly dryRun?: boolean
}

/** Copies points into another repository: all but those that were forgotten there, or those that are named. */
export async function copyCommand(context: CliContext, names: readonly string[], flags: CopyFlags): Promise<number> {
  const { clock, output, randomness, signal } = context
  context.sayWhenInterrupted(KEEPS_WHAT_IS_STORED)
  const dryRun = flags.dryRun === true
  await using opened = await openPoints(context)
  const source = opened.repository
  if (!source.keyRing.full) {
    throw new UsageError('BAD_ARGUMENT', 'a backup-only key reads no content, which a copy has to', {
      hint: 'Run the copy where a full key is at hand.',
    })
  }
  const points = await chosenPoints(source, names, flags)
  const other = contextOfOther(context, await placeOf(context, flags.to), saidOfOther(context, flags))
  await using session = await openSession(other, flags.to)
  await using workers = new WorkerPool()
  const repository = await ofOther(session.repository, flags.to)
  const tool = `tidemark ${toolVersion()}`
  const target = { repository, cache: session.cache, workers, clock, randomness, scheduler: systemScheduler, tool }
  const report = new CopyOutput(output, clock)
  try {
    // Whoever names a point means it, whatever became of it there.
    const options = { dryRun, bringBack: names.length > 0 }
    const done = await copyPoints(target, { source, points, options }, report.events, signal)
    report.stop()
    report.summarize(done, { to: flags.to, dryRun })
    const isPartial = done.damaged.length > 0 || (done.lostThere > 0 && !dryRun)
    return isPartial ? EXIT_PARTIAL : EXIT_DONE
  } finally {
    report.stop()
  }
}

async function chosenPoints(
  source: Repository,
  names: readonly string[],
  flags: CopyFlags,
): Promise<readonly PointInfo[]> {
  const points = await source.chain()
  if (names.length > 0) {
    const chosen = new Set<PointInfo>()
    for (const name of names) chosen.add(await choosePoint(source, { point: name }, flags))
    return [...chosen]
  }
  const filter = chainFilter(points, flags)
  const all = points.points.filter(({ record }) => {
    if (filter.instance !== undefined && record.instance !== filter.instance) return false
    return filter.chain === undefined || record.chain === filter.chain
  })
  if (all.length > 0) return all
  throw new UsageError('UNKNOWN_POINT', `there is nothing to copy among ${numberOf(points.points.length, 'point')}`, {
    hint: 'See `tidemark points`.',
  })
}

/** Which of the two a wrong password is about must be said. */
async function ofOther(opening: Promise<Repository>, to: string): Promise<Repository> {
  try {
    return await opening
  } catch (error) {
    if (!(error instanceof KeyError)) throw error
    throw new KeyError(error.code, `${to} does not open: ${error.message}`, {
      cause: error,
      hint:
        `Correct its password in the configuration, or \`tidemark unlock ${to}\`; by hand also ` +
        '--to-password-file, --to-password-command, --to-key-file or TIDEMARK_TO_PASSWORD.',
    })
  }
}

function saidOfOther({ secrets }: CliContext, flags: CopyFlags): OtherSecrets {
  const { toPasswordFile: passwordFile, toPasswordCommand: passwordCommand, toKeyFile: keyFile } = flags
  return { password: secrets.variables.toPassword, passwordFile, passwordCommand, keyFile }
}
