import { type ByteString, display, joinPath } from '../../base/byte-string.ts'
import type { Clock } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'
import { formatBytes } from '../../base/format.ts'
import type { Randomness } from '../../base/random.ts'
import type { TreeEntry } from '../../format/tree.ts'
import type { OpenPointView } from '../point-view.ts'
import { commonFolder } from '../restore/path-selection.ts'
import type { RestoreRepository } from '../restore/plan-restore.ts'
import { restore } from '../restore/restore.ts'
import type { RestoreEvents, RestoreFailure } from '../restore-types.ts'
import type { WorkerPool } from '../workers/worker-pool.ts'
import { type Amount, chooseSample, isBelow, type Sample } from './choose-sample.ts'
import { compareWithSource } from './compare-source.ts'

export interface ProveInput {
  readonly view: OpenPointView
  readonly repository: RestoreRepository
  readonly workers: WorkerPool
  readonly clock: Clock
  readonly randomness: Randomness
  /** Of what the sample is taken: an absolute path of the point, and what lies there. */
  readonly path: ByteString
  readonly entry: TreeEntry
  /** Files that are restored beside one whole folder. */
  readonly files: number
  /** The most that the folder may hold, and that all those files together may. */
  readonly bytesMax: number
  /** Absolute path of an empty folder that only this process uses; emptying it afterwards is the caller's. */
  readonly scratch: ByteString
  readonly events?: RestoreEvents
  readonly signal: AbortSignal
}

export interface Proof {
  readonly sample: Sample
  /** What was restored: the folder and the files. */
  readonly restored: Amount
  /** What could not be restored, or was not on disk what the point has. */
  readonly failures: readonly RestoreFailure[]
  /** Files that were compared with their source, which still looked as the point has it. */
  readonly comparedWithSource: number
  /** Absolute paths of the point where the source, though it looks the same, holds something else. */
  readonly unlikeSource: readonly ByteString[]
  /** How long the restore took. */
  readonly durationMs: number
  /** How long all that lies at the path would take by that: by bytes or by entries, whatever is more. */
  readonly wouldTakeMs: number
}

/**
 * Restores a random part of a point, reads it back from the disk and compares it with the point, and, where the source
 * is unchanged, with that: the proof that a restore works, and how fast.
 *
 * @throws {UsageError} BAD_ARGUMENT: nothing lies within the bounds.
 * @throws {IntegrityError} the point's folders cannot be read. @throws {TargetError} the scratch folder cannot be used.
 * @throws the signal's reason.
 */
export async function prove(input: ProveInput): Promise<Proof> {
  const { view, scratch, signal } = input
  const sample = await chooseSample(view, input)
  const paths = pathsOf(sample)
  if (paths.length === 0) {
    // Nothing was restored: of a point that holds anything, that proves nothing.
    if (sample.total.entries > 0) throw nothingFits(input)
    return nothingThere(sample)
  }
  const from = commonFolder(paths)
  const startMs = input.clock.monotonicMs()
  const summary = await restore({
    ...input,
    options: {
      ...{ target: scratch, path: from, include: [], exclude: [], overwrite: 'never', delete: false, verify: true },
      selections: paths.map((path) => ({ path, overwrite: 'never' })),
    },
  })
  const durationMs = input.clock.monotonicMs() - startMs
  const failed = new Set(summary.failures.map(({ path }) => path))
  const place = (path: ByteString): ByteString => belowScratch(scratch, { from, path })
  let comparedWithSource = 0
  const unlikeSource: ByteString[] = []
  for await (const { path, entry } of filesOf(view, paths)) {
    signal.throwIfAborted()
    const restored = place(path)
    if (entry.kind !== 'file' || failed.has(restored)) continue
    const comparison = await compareWithSource(entry, { restored, source: path })
    if (comparison !== 'changed') comparedWithSource++
    if (comparison === 'differs') unlikeSource.push(path)
  }
  const restored = { entries: summary.actions.create.entries, bytes: summary.actions.create.bytes }
  const wouldTakeMs = projected(durationMs, { restored, total: sample.total })
  const { failures } = summary
  return { sample, restored, failures, comparedWithSource, unlikeSource, durationMs, wouldTakeMs }
}

/** Returns what is selected: the folder, and the files that do not lie in it. */
function pathsOf({ files, folder }: Sample): ByteString[] {
  const outside = files.filter(({ path }) => folder === undefined || !isBelow(path, folder.path))
  return [...(folder === undefined ? [] : [folder.path]), ...outside.map(({ path }) => path)]
}

/** Walks what was selected. */
async function* filesOf(
  view: OpenPointView,
  paths: readonly ByteString[],
): AsyncGenerator<{ readonly path: ByteString; readonly entry: TreeEntry }> {
  for (const path of paths) {
    const entry = await view.lookup(path)
    if (entry === undefined) continue
    if (entry.kind === 'dir') yield* view.walk(path, entry)
    else yield { path, entry }
  }
}

function belowScratch(
  scratch: ByteString,
  { from, path }: { readonly from: ByteString; readonly path: ByteString },
): ByteString {
  const start = from === '/' ? 1 : from.length + 1
  return joinPath(scratch, path.slice(start) as ByteString)
}

function projected(
  durationMs: number,
  { restored, total }: { readonly restored: Amount; readonly total: Amount },
): number {
  // A sample of empty files says nothing good about the bytes of the others.
  const byBytes = total.bytes / Math.max(1, restored.bytes)
  const byEntries = restored.entries === 0 ? 1 : total.entries / restored.entries
  return durationMs * Math.max(1, byBytes, byEntries)
}

function nothingFits({ path, bytesMax }: ProveInput): UsageError {
  const what = `no file or folder of ${display(path)} has ${formatBytes(bytesMax)} or less`
  return new UsageError('BAD_ARGUMENT', `nothing can be restored as a sample: ${what}`, {
    context: { path: display(path), bytesMax },
    hint: 'Allow for more with --max-size.',
  })
}

function nothingThere(sample: Sample): Proof {
  const restored = { entries: 0, bytes: 0 }
  const none = { failures: [], comparedWithSource: 0, unlikeSource: [], durationMs: 0, wouldTakeMs: 0 }
  return { sample, restored, ...none }
}
