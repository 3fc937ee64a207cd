import { objectIdOf } from '../../crypto/blake3.ts'
import { resolveRepository } from '../../service/resolve-repository.ts'
import type { ProbeCheck, ProbeReport } from '../../storage/probe.ts'
import { probeStore } from '../../storage/probe.ts'
import type { CliContext } from '../context.ts'
import { driverKindOf } from '../drivers.ts'
import { EXIT_DONE, EXIT_FAILED } from '../exit-codes.ts'
import { formatBytes } from '../../base/format.ts'
import { table } from '../table.ts'

/** What each check is called, and what it means where the store fails it. */
const MEANINGS: Readonly<
  Record<ProbeCheck, { readonly title: string; readonly otherwise: string; readonly isVital: boolean }>
> = {
  'stores-and-gives-back': {
    title: 'gives back what was put',
    otherwise: 'it gives back other bytes: no repository can lie here',
    isVital: true,
  },
  'refuses-a-taken-name': {
    title: 'refuses a taken name',
    otherwise: 'an object can be overwritten by one of the same name, which has the same bytes',
    isVital: false,
  },
  'one-of-two-racing-puts-wins': {
    title: 'lets one of two racing puts win',
    otherwise: 'of two writers at the same instant both may think that they were first: harmless, names are hashes',
    isVital: false,
  },
  'gives-ranges': {
    title: 'gives parts of objects',
    otherwise: 'it gives other parts than were asked for: no repository can lie here',
    isVital: true,
  },
  'lists-what-was-just-put': {
    title: 'lists what was just put',
    otherwise: 'its listings lag: use a long --prune-grace, and never prune with --exclusive',
    isVital: false,
  },
  'forgets-what-was-removed': {
    title: 'no longer lists what was removed',
    otherwise: 'its listings lag: use a long --prune-grace, and never prune with --exclusive',
    isVital: false,
  },
  'takes-large-objects': {
    title: 'takes objects of 16 MiB',
    otherwise: 'it does not keep large objects whole: no repository can lie here',
    isVital: true,
  },
}

/** Tries out what the store of a repository, or of one that is to be, guarantees. */
export async function testDriver(context: CliContext, given: string | undefined): Promise<number> {
  const { output, paths, randomness, signal, surroundings, workingDirectory } = context
  const question = { given: given ?? context.repository, configFile: paths.configFile, workingDirectory }
  const { url } = await resolveRepository(question)
  // Without retries: what fails now and then is to be seen.
  await using driver = await driverKindOf(url).open(url, surroundings)
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
  const failed = [...report.checks].filter(([, isProven]) => !isProven).map(([check]) => MEANINGS[check])
  if (!output.json) for (const { otherwise } of failed) output.warning(otherwise)
  return failed.some(({ isVital }) => isVital) ? EXIT_FAILED : EXIT_DONE
}

function linesOf({ checks, latencyMs, uploadRate, downloadRate, speedupAtOnce, space }: ProbeReport): string[] {
  const rows = [
    ...[...checks].map(([check, isProven]) => [MEANINGS[check].title, isProven ? 'yes' : 'NO'] as const),
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
