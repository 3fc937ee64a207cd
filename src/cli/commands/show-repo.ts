import { timespecOfMs } from '../../base/clock.ts'
import { formatCount, numberOf } from '../../base/number-of.ts'
import { recallStoreTest, type StoreTest } from '../../service/store-tests.ts'
import type { CliContext } from '../context.ts'
import { formatBytes, formatDuration, formatTime, formatTimestamp } from '../../base/format.ts'
import { openSession } from '../open-session.ts'
import { missingGuarantees } from '../../storage/probe-meanings.ts'
import { repositoryDocument, repositoryRows } from '../repository-row.ts'

/** Describes a repository: what it is, how it chunks, and how much it holds. */
export async function showRepo(context: CliContext, place: string | undefined): Promise<undefined> {
  const { clock, output, paths, signal } = context
  await using session = await openSession(context, place ?? context.repository)
  const repository = await session.repository
  const points = await repository.chain({ signal })
  let packBytes = 0
  let packs = 0
  for await (const { bytes } of repository.driver.list('packs', signal)) {
    packs++
    packBytes += bytes
  }
  const { configured, url } = session.place
  const test = recallStoreTest(paths.stateDirectory, url, clock.nowMs())
  const { config, keyRing } = repository
  const { avgBytes, maxBytes, minBytes } = config.chunker
  if (output.json) {
    output.document({
      repository: repository.id,
      name: session.place.name ?? null,
      location: session.place.url,
      revision: config.revision,
      chunker: { minBytes, avgBytes, maxBytes },
      graceSeconds: config.graceSeconds,
      slots: config.slots.length,
      full: keyRing.full,
      points: points.points.length,
      chains: points.chains().length,
      packs,
      packBytes,
      configured: configured === undefined ? null : repositoryDocument(configured),
      driverTest: test === undefined ? null : testDocument(test),
    })
    return
  }
  const rows: readonly (readonly [string, string])[] = [
    ['Repository', repository.id],
    ['Name', session.place.name ?? 'none'],
    ['Location', session.place.url],
    ['Points', `${formatCount(points.points.length)} in ${numberOf(points.chains().length, 'chain')}`],
    ['Packs', `${formatCount(packs)}, ${formatBytes(packBytes)}`],
    ['Chunks', `${formatBytes(minBytes)} to ${formatBytes(maxBytes)}, ${formatBytes(avgBytes)} on average`],
    ['Prune grace', formatDuration(config.graceSeconds * 1000)],
    ['Key slots', formatCount(config.slots.length)],
    ['Opened with', keyRing.full ? 'a full key' : 'a backup-only key'],
    ...(configured === undefined ? [] : repositoryRows(configured)),
    ['Driver test', test === undefined ? 'none lately: see `tidemark driver test`' : testText(test)],
  ]
  for (const [title, value] of rows) output.line(`${title.padEnd(13)}${value}`)
  for (const missing of test === undefined ? [] : missingGuarantees(test.report.checks)) output.warning(missing)
}

function testText({ testedMs, report }: StoreTest): string {
  const proven = [...report.checks.values()].filter((isProven) => isProven).length
  const rates = `${formatBytes(report.uploadRate)}/s up, ${formatBytes(report.downloadRate)}/s down`
  const when = formatTime(timespecOfMs(testedMs))
  return `${when}: ${proven} of ${report.checks.size} guarantees, ${report.latencyMs.toFixed(1)} ms, ${rates}`
}

function testDocument({ testedMs, version, report }: StoreTest): Record<string, unknown> {
  const { checks, ...figures } = report
  return { time: formatTimestamp(timespecOfMs(testedMs)), version, ...Object.fromEntries(checks), ...figures }
}
