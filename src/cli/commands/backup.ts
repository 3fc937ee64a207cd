import { byteStringOf } from '../../base/byte-string.ts'
import type { ChainId } from '../../base/ids.ts'
import type { BackupOptions, BackupSummary } from '../../engine/backup-types.ts'
import { checkDescription, checkTags } from '../../engine/point-words.ts'
import { compareCreated, type PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import { BackupReport } from '../backup-report.ts'
import { type BackupSourceFlags, chooseSource } from '../backup-source.ts'
import { compileLightly } from '../compile-lightly.ts'
import { type CliContext, KEEPS_WHAT_IS_STORED } from '../context.ts'
import { EXIT_DONE, EXIT_PARTIAL } from '../exit-codes.ts'
import { mountedDevices } from '../mounted-devices.ts'
import { openSession } from '../open-session.ts'
import { settleEarlierRuns } from '../settle-earlier-runs.ts'
import { toolVersion } from '../version.ts'
import { warnAboutLinks, warnAboutPlace, warnAboutStore } from '../warn-about-place.ts'

export interface BackupFlags extends BackupSourceFlags {
  readonly full?: boolean
  readonly tag?: readonly string[]
  readonly description?: string
  readonly strict?: boolean
  readonly dryRun?: boolean
}

/** Makes a Restoring Point. */
export async function backupCommand(
  context: CliContext,
  words: readonly string[],
  flags: BackupFlags,
): Promise<number> {
  compileLightly()
  const { clock, output, paths, randomness, signal } = context
  context.sayWhenInterrupted(KEEPS_WHAT_IS_STORED)
  const choice = await chooseSource(context, words, flags)
  const mountedPoints = mountedDevices(choice.roots)
  const options: BackupOptions = {
    full: flags.full === true,
    tags: checkTags(flags.tag ?? []),
    description: checkDescription(flags.description ?? ''),
    dryRun: flags.dryRun === true,
    strict: flags.strict === true,
  }
  await using session = await openSession(context)
  // The password's key is being derived from here on: all that is heavy is loaded meanwhile.
  const [{ backup }, { WorkerPool }] = await Promise.all([
    import('../../engine/backup.ts'),
    import('../../engine/workers/worker-pool.ts'),
  ])
  await settleEarlierRuns(output, session.journal)
  await using workers = new WorkerPool()
  const { cache, journal, repository, repositoryId } = session
  const own = [session.place.url, paths.cacheDirectory, paths.stateDirectory].filter((path) => path.startsWith('/'))
  const run = {
    repository,
    repositoryId,
    cache,
    workers,
    clock,
    randomness,
    journal,
    leaveOut: own.map(byteStringOf),
    mountedPoints,
    tool: `tidemark ${toolVersion()}`,
  }
  const report = new BackupReport(output, clock)
  let summary: BackupSummary
  try {
    summary = await backup(run, choice.source, options, report.events, signal)
  } finally {
    report.stop()
  }
  await warnAboutLinks(output, choice.roots)
  // Once for each chain: who has been told need not be told every night.
  if (summary.parent === undefined) {
    const last = await lastOfOtherChains(await repository, summary.chain)
    if (last !== undefined) report.tellNewChain(last)
    const { url } = session.place
    const { recallStoreTest } = await import('../../service/store-tests.ts')
    await warnAboutPlace(output, url, choice.roots)
    warnAboutStore(output, recallStoreTest(paths.stateDirectory, url, clock.nowMs()))
  }
  report.summarize(summary, options)
  return report.isPartial(summary, options) ? EXIT_PARTIAL : EXIT_DONE
}

/** Returns the newest backup of this instance that is of other sources. */
async function lastOfOtherChains(repository: Repository, chain: ChainId): Promise<PointInfo | undefined> {
  const { points } = await repository.chain()
  return points
    .filter(({ record }) => record.instance === repository.instance.id && record.chain !== chain)
    .filter(({ record }) => record.undo === undefined)
    .toSorted(compareCreated)
    .at(-1)
}
