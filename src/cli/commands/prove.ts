import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { byteStringOf, display } from '../../base/byte-string.ts'
import { errnoOf, UsageError } from '../../base/errors.ts'
import { formatBytes, formatDuration } from '../../base/format.ts'
import { jsonPath } from '../../base/json-path.ts'
import { numberOf } from '../../base/number-of.ts'
import { parseSize } from '../../base/parse-quantity.ts'
import type { Proof } from '../../engine/prove/prove.ts'
import { compareCreated, type PointInfo } from '../../repository/point-info.ts'
import type { Repository } from '../../repository/repository.ts'
import type { ChainFlags } from '../choose-point.ts'
import { compileLightly } from '../compile-lightly.ts'
import type { CliContext } from '../context.ts'
import { EXIT_DAMAGE, EXIT_DONE } from '../exit-codes.ts'
import { type Place, placeIn } from '../open-place.ts'
import { type OpenPoints, openPoints } from '../open-points.ts'
import { parsePointPlace } from '../point-place.ts'
import { readDetail } from '../read-details.ts'
import { RestoreReport } from '../restore-report.ts'

export interface ProveFlags extends ChainFlags {
  readonly files: string
  readonly maxSize: string
  readonly scratch?: string
  readonly source?: readonly string[]
}

const FILES_MAX = 100_000

/** Restores a random sample into a folder of its own, compares it, and says how long all would take. */
export async function proveCommand(context: CliContext, place: string | undefined, flags: ProveFlags): Promise<number> {
  compileLightly()
  const { clock, output, randomness, signal } = context
  const files = filesOf(flags.files)
  const bytesMax = parseSize(flags.maxSize, '--max-size')
  const [{ prove }, { openPointView }, { WorkerPool }] = await Promise.all([
    import('../../engine/prove/prove.ts'),
    import('../../engine/point-view.ts'),
    import('../../engine/workers/worker-pool.ts'),
  ])
  await using workers = new WorkerPool()
  workers.warm()
  if (place !== undefined) {
    parsePointPlace(place)
    if (flags.source !== undefined) throw twoWays()
  }
  await using opened = await openPoints(context)
  const found = await placeIn(
    opened.repository,
    place ?? (await newest(opened, flags.source, context.workingDirectory)),
    flags,
  )
  const { repository, path, entry } = found
  const scratch = await scratchFolder(context, flags.scratch)
  const report = new RestoreReport(output, clock)
  try {
    // Of what is kept on this machine nothing proves that the store has it.
    const view = openPointView(
      repository.blobsIn(await repository.index(), { cache: undefined }),
      found.point.record.parts,
    )
    const proof = await prove({
      ...{ view, repository, workers, clock, randomness, path, entry, files, bytesMax, signal },
      scratch: byteStringOf(scratch),
      events: report.events,
    })
    report.stop()
    if (output.json) output.event('summary', jsonProof(proof, found))
    else if (!output.quiet || !isProven(proof)) for (const line of linesOf(proof, found)) output.line(line)
    for (const path of proof.unlikeSource) {
      output.error(`tidemark: ${display(path)} holds something else than the point, though it looks the same`)
    }
    return isProven(proof) ? EXIT_DONE : EXIT_DAMAGE
  } finally {
    report.stop()
    await rm(scratch, { recursive: true, force: true })
  }
}

function filesOf(text: string): number {
  const files = Number(text)
  if (/^\d+$/.test(text) && files <= FILES_MAX) return files
  throw new UsageError('BAD_ARGUMENT', `"${text}" of --files is not a number of files`, {
    hint: `Write a number up to ${FILES_MAX}.`,
  })
}

/** Returns the id of the newest point of this instance, of whatever chain, or of those that were made of certain sources. */
async function newest(
  { points, repository }: OpenPoints,
  sources: readonly string[] | undefined,
  workingDirectory: string,
): Promise<string> {
  const all = points.points.filter(({ record }) => record.undo === undefined)
  const own = all.filter(({ record }) => record.instance === repository.instance.id)
  const sorted = (own.length > 0 ? own : all).toSorted(compareCreated).toReversed()
  const last =
    sources === undefined ? sorted[0] : await firstMadeOf(repository, sorted, namesOf(sources, workingDirectory))
  if (last !== undefined) return last.record.point
  const what = sources === undefined ? '' : ` and was made of ${sources.join(' and ')}`
  throw new UsageError('UNKNOWN_POINT', `there is no point yet that could be restored${what}`, {
    hint: 'Make one with `tidemark backup`.',
  })
}

async function firstMadeOf(
  repository: Repository,
  points: readonly PointInfo[],
  sources: readonly ReadonlySet<string>[],
): Promise<PointInfo | undefined> {
  for (const point of points) {
    const detail = await readDetail(await repository.inRealm(point.realm).blobs(), point)
    const made = detail?.sources ?? []
    const areThere = sources.every((names) => made.some((source) => names.has(source)))
    if (areThere && made.every((source) => sources.some((names) => names.has(source)))) return point
  }
  return undefined
}

/** Returns how a point may call each source: by its path, or, where it is a command, by its words. */
function namesOf(sources: readonly string[], workingDirectory: string): readonly ReadonlySet<string>[] {
  return sources.map((each) => new Set<string>([each, resolve(workingDirectory, each)].map(byteStringOf)))
}

function twoWays(): UsageError {
  return new UsageError('BAD_ARGUMENT', 'POINT and --source both say of what', { hint: 'Give one of them.' })
}

async function scratchFolder({ workingDirectory }: CliContext, folder: string | undefined): Promise<string> {
  const parent = resolve(workingDirectory, folder ?? tmpdir())
  try {
    return await mkdtemp(join(parent, 'tidemark-prove-'))
  } catch (cause) {
    const errno = errnoOf(cause)
    if (errno === undefined) throw cause
    throw new UsageError('BAD_ARGUMENT', `nothing can be restored to ${parent} (${errno})`, {
      ...{ context: { path: parent, errno }, cause },
      hint: 'Name a folder that you may write to with --scratch.',
    })
  }
}

function isProven({ failures, unlikeSource }: Proof): boolean {
  return failures.length === 0 && unlikeSource.length === 0
}

function linesOf(proof: Proof, { point, repository }: Place): string[] {
  const { sample, restored, failures, comparedWithSource, durationMs, wouldTakeMs } = proof
  const what = `${numberOf(restored.entries, 'entry', 'entries')} (${formatBytes(restored.bytes)})`
  const folder = sample.folder === undefined ? '' : `, ${display(sample.folder.path)} as a whole among them`
  const all = `${numberOf(sample.total.entries, 'entry', 'entries')} (${formatBytes(sample.total.bytes)})`
  return [
    `Restored ${what} of point ${point.record.point.slice(0, 8)} in ${formatDuration(durationMs)}${folder}`,
    failures.length === 0
      ? '  all read back from the disk and equal to the point'
      : `  ${numberOf(failures.length, 'entry', 'entries')} could not be restored as the point has them`,
    `  ${numberOf(comparedWithSource, 'file')} equal in size and time to the source, ${equality(proof)}`,
    `Back in about ${formatDuration(wouldTakeMs)} from ${repository.driver.location}: all ${all}`,
  ]
}

function equality({ unlikeSource }: Proof): string {
  return unlikeSource.length === 0 ? 'and in content' : `${unlikeSource.length} of them not in content`
}

function jsonProof(proof: Proof, { point, path }: Place): Record<string, unknown> {
  const { sample, restored, failures, comparedWithSource, unlikeSource, durationMs, wouldTakeMs } = proof
  return {
    point: point.record.point,
    ...jsonPath(path),
    proven: isProven(proof),
    folder: sample.folder === undefined ? null : jsonPath(sample.folder.path),
    restored,
    total: sample.total,
    errors: failures.length,
    comparedWithSource,
    unlikeSource: unlikeSource.map(jsonPath),
    durationMs: Math.round(durationMs),
    wouldTakeMs: Math.round(wouldTakeMs),
  }
}
