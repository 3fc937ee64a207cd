import { objectIdOf } from '../../crypto/blake3.ts'
import { rememberStoreTest } from '../../service/store-tests.ts'
import { type ProbeReport, probeStore } from '../../storage/probe.ts'
import type { CliContext } from '../context.ts'
import { driverKindOf } from '../drivers.ts'
import { EXIT_DONE, EXIT_FAILED } from '../exit-codes.ts'
import { formatBytes } from '../../base/format.ts'
import { placeOf, surroundingsOf } from '../open-store.ts'
import { isSafeStore, missingGuarantees, PROBE_MEANINGS } from '../../storage/probe-meanings.ts'
import { table } from '../table.ts'
import { toolVersion } from '../version.ts'

/** Tries out what the store of a repository, or of one that is to be, guarantees, and remembers it. */
export async function testDriver(context: CliContext, given: string | undefined): Promise<number> {
  const { clock, output, paths, randomness, signal } = context
  const place = await placeOf(context, given)
  const { url } = place
  const surroundings = await surroundingsOf(context, place)
  // Nothing that is remembered, and no retries: what fails now and then is to be seen.
  await using driver = await driverKindOf(place).open(url, { ...surroundings, remembered: undefined })
  const report = await probeStore(driver, {
    randomness,
    idOf: objectIdOf,
    signal,
    onCheck: (check) => {
      if (output.verbose) output.message(`trying: ${check}`)
    },
  })
  if (output.json) output.document(jsonReport(url, report))
  else for (const line of linesOf(report)) output.line(line)
  if (!output.json) for (const missing of missingGuarantees(report.checks)) output.warning(missing)
  const test = { url, testedMs: clock.nowMs(), version: toolVersion(), report }
  await rememberStoreTest(paths.stateDirectory, test)
  return isSafeStore(report.checks) ? EXIT_DONE : EXIT_FAILED
}

function linesOf({ checks, latencyMs, uploadRate, downloadRate, speedupAtOnce, space }: ProbeReport): string[] {
  const rows = [
    ...[...checks].map(([check, isProven]) => [PROBE_MEANINGS[check].title, isProven ? 'yes' : 'NO'] as const),
    ['answers within', `${latencyMs.toFixed(1)} ms`] as const,
    ['takes', `${formatBytes(uploadRate)}/s`] as const,
    ['gives', `${formatBytes(downloadRate)}/s`] as const,
    ['eight puts at once', `${speedupAtOnce.toFixed(1)} times as fast`] as const,
    [
      'room',
      space === undefined ? 'it does not tell' : `${formatBytes(space.free)} of ${formatBytes(space.total)}`,
    ] as const,
  ]
  return table(
    [
      { title: 'The store', value: ([title]) => title },
      { title: '', value: ([, value]) => value },
    ],
    rows,
  )
}

function jsonReport(url: string, { checks, space, ...figures }: ProbeReport): Record<string, unknown> {
  return { location: url, ...Object.fromEntries(checks), ...figures, space: space ?? null }
}
