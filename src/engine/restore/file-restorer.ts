import { present } from '../../base/assert.ts'
import type { TidemarkError } from '../../base/errors.ts'
import { IntegrityError, StorageError } from '../../base/errors.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import type { PointBlobs } from '../point-view-layout.ts'
import {
  type Candidates,
  type FrameJob,
  blobsOfJob,
  buildEmptyJobs,
  buildFrameJob,
  buildPlainJob,
  buildReadingJobs,
  filesOfJob,
  groupByFrames,
} from './frame-jobs.ts'
import type { JobBuilder } from './job-builder.ts'
import type { FrameSource, JobRunner } from './job-runner.ts'
import { NeedTable } from './need-table.ts'
import { nextTurn } from './next-turn.ts'
import { type RestoreFile, blobCountOf, blobIdOf } from './restore-file.ts'
import { type FileProblem, type RestoreJobResult, WAY_AS_IS, WAY_IN_PLACE } from './restore-job.ts'
import type { SharedFiles } from './shared-files.ts'
import { noRoomFor, problemError, targetError, unlikePoint, unlikeWritten } from './target-errors.ts'
import type { TargetTree } from './target-tree.ts'

/** Blobs whose places are held in memory at once. */
const SLICE_BLOBS_MAX = 65_536

export interface FileRestorerOptions {
  readonly runner: JobRunner
  readonly index: RepositoryIndex
  /** Reads blobs by way of all their copies. */
  readonly blobs: PointBlobs
  readonly target: TargetTree
  readonly shared: SharedFiles
  readonly verify: boolean
  readonly onWritten: (bytes: number) => void
  readonly onNote: (note: string) => void
  /** Called with bytes of a file that is written in several jobs. */
  readonly onPart: (file: RestoreFile, bytes: number) => void
  /** Called with bytes of a file that were compared with the point, or will not be because it failed. */
  readonly onVerified: (file: RestoreFile, bytes: number) => void
  /** Called once for each file, when nothing more will be written to it, or it was read that is only verified. */
  readonly onWrittenFile: (file: RestoreFile) => void
  /** Called once for each file, when it is whole or has failed. */
  readonly onDone: (file: RestoreFile) => void
}

/** Some of a file's blobs, and which of them have to be written. */
interface Slice extends Candidates {
  isNeeded: Uint8Array | undefined
}

/** Brings files and frames together: a frame is decoded once for all files of a batch. */
export class FileRestorer {
  readonly #options: FileRestorerOptions
  /** Batches whose files are being written. */
  readonly #writing = new Set<Promise<void>>()
  /** A new file of so many bytes did not fit: none that is as large is tried. */
  #tooLargeBytes = Infinity

  constructor(options: FileRestorerOptions) {
    this.#options = options
  }

  /**
   * Restores a batch of files; several batches may be at work at once. Rejects when the restore as a whole cannot go on,
   * or was interrupted.
   */
  async restore(files: readonly RestoreFile[]): Promise<void> {
    await this.#writeFiles(files.filter(({ way }) => way !== WAY_AS_IS))
    if (this.#options.verify) await this.#verify(files)
    for (const file of files) this.#options.onDone(file)
  }

  async #writeFiles(files: readonly RestoreFile[]): Promise<void> {
    for (const file of files) if (this.#isTooLarge(file)) this.#fail(file, noRoomFor(this.#pathOf(file)))
    const writing = this.#writeAll(files)
    this.#writing.add(writing)
    try {
      await writing
    } finally {
      this.#writing.delete(writing)
    }
    await this.#fillRoom(files)
  }

  async #writeAll(files: readonly RestoreFile[]): Promise<void> {
    for (const slices of sliced(files)) await this.#restoreSlices(slices)
    for (const file of files) {
      if (file.isShared) this.#options.shared.finish(file)
      this.#count(file)
    }
    // Taken away again, they leave room for smaller ones.
    const freed = files.filter((file) => file.isShared && isFull(file)).map(({ entry }) => entry.size)
    if (freed.length > 0) this.#tooLargeBytes = Math.min(...freed)
  }

  /** A large file that does not fit takes the room of small ones that would, until it is taken away again. */
  async #fillRoom(files: readonly RestoreFile[]): Promise<void> {
    if (!files.some(isFull)) return
    await Promise.allSettled(this.#writing)
    const again = files.filter((file) => !file.isShared && isFull(file) && !this.#isTooLarge(file))
    for (const file of again) file.problem = undefined
    for (const slices of sliced(again)) await this.#restoreSlices(slices)
    for (const file of again) if (file.isShared) this.#options.shared.finish(file)
  }

  async #restoreSlices(slices: readonly Slice[]): Promise<void> {
    const { runner, shared, index } = this.#options
    await this.#compare(slices)
    await nextTurn()
    const { needs, empty } = this.#needsOf(slices)
    await nextTurn()
    const jobs = groupByFrames(needs, index)
    for (const file of sharedFiles(jobs)) file.isShared = true
    const inPlace = new Set<RestoreFile>()
    for (const { file } of slices) if (file.isShared && file.way === WAY_IN_PLACE) inPlace.add(file)
    // What a file held is not given up before all that replaces it has been seen to be good.
    if (inPlace.size > 0) await this.#probe(jobs, inPlace)
    for (const { file } of slices) if (file.isShared) shared.prepare(file)
    await runner.forEach(buildEmptyJobs(empty), async (builder) => this.#take(builder, await runner.run(builder)))
    await runner.forEachOnFrames(jobs, async (job, frames) => this.#write(job, frames))
  }

  /** Finds out which blobs files on disk hold already. */
  async #compare(slices: readonly Slice[]): Promise<void> {
    const { runner } = this.#options
    const candidates: Slice[] = []
    for (const slice of slices) {
      const { file, from, to } = slice
      if (file.way !== WAY_IN_PLACE) continue
      slice.isNeeded = new Uint8Array(to - from)
      if (file.step.isContentSame && !file.step.comparesContent) continue
      slice.isNeeded.fill(1)
      if (to > from) candidates.push(slice)
    }
    const sliceOf = new Map(candidates.map((slice) => [slice.file, slice]))
    await runner.forEach(buildReadingJobs('compare', candidates), async (builder) => {
      const { equal } = await runner.run(builder)
      // What cannot be read is written anew, or fails then.
      builder.compared.forEach(({ file, blob }, row) => {
        const { isNeeded, from } = present(sliceOf.get(file), 'a file that was compared')
        if (equal?.[row] === 1 && isNeeded !== undefined) isNeeded[blob - from] = 0
      })
    })
  }

  #needsOf(slices: readonly Slice[]): { needs: NeedTable; empty: RestoreFile[] } {
    const needs = new NeedTable(this.#options.index.blobs)
    const empty: RestoreFile[] = []
    for (const { file, from, to, isNeeded } of slices) {
      if (file.problem !== undefined) continue
      const first = needs.count
      try {
        for (let blob = from; blob < to; blob++) {
          if (isNeeded === undefined || isNeeded[blob - from] === 1) needs.add(file, blob)
        }
        if (needs.count === first && !file.isShared) empty.push(file)
      } catch (error) {
        needs.truncate(first)
        this.#fail(file, error)
      }
    }
    return { needs, empty }
  }

  async #probe(jobs: readonly FrameJob[], files: ReadonlySet<RestoreFile>): Promise<void> {
    const { runner, index } = this.#options
    const probes = jobs.flatMap((job) => {
      const rows = job.rows.filter((row) => files.has(job.needs.file(row)))
      return rows.length === 0 ? [] : [{ ...job, rows }]
    })
    await runner.forEachOnFrames(probes, async (job, frames) => {
      const builder = buildFrameJob('probe', job, index)
      const { problems, failure } = await this.#outcome(() => runner.runOnFrames(builder, job, frames))
      const failed = failure === undefined ? problems.map(({ file }) => builder.rowFiles[file]) : builder.rowFiles
      for (const file of failed) {
        if (file === undefined || (await this.#readElsewhere(file, job)) !== undefined) continue
        const [problem] = problems
        this.#fail(file, failure ?? (problem && problemError(this.#pathOf(file), problem)))
      }
    })
  }

  async #write(job: FrameJob, frames: FrameSource): Promise<void> {
    const { runner, index } = this.#options
    if (this.#tooLargeBytes < Infinity) this.#refuseTooLarge(job)
    const builder = buildFrameJob('write', job, index)
    if (builder.rowFiles.length === 0) return
    const { failure, ...result } = await this.#outcome(() => runner.runOnFrames(builder, job, frames))
    if (failure !== undefined) {
      for (const file of builder.rowFiles) await this.#retry(file, job, failure)
      return
    }
    const damaged = result.problems.filter(({ blob }) => blob !== undefined)
    this.#take(builder, { ...result, problems: result.problems.filter(({ blob }) => blob === undefined) })
    for (const problem of damaged) {
      const file = present(builder.rowFiles[problem.file], 'the file of a problem')
      await this.#retry(file, job, problemError(this.#pathOf(file), problem))
    }
  }

  /** A pack that cannot be had costs the files that need it; anything else ends the restore. */
  async #outcome(
    run: () => Promise<RestoreJobResult>,
  ): Promise<RestoreJobResult & { readonly failure?: TidemarkError }> {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof StorageError || error instanceof IntegrityError)) throw error
      return { bytesWritten: 0, problems: [], notes: [], failure: error }
    }
  }

  /** Blobs may have other copies, which are slower to come by. */
  async #retry(file: RestoreFile, job: FrameJob, problem: TidemarkError): Promise<void> {
    const { runner } = this.#options
    const plain = await this.#readElsewhere(file, job)
    if (plain === undefined) return this.#fail(file, problem)
    const builder = buildPlainJob(file, blobsOfJob(job, file))
    this.#take(builder, await runner.runPlain(builder, plain))
  }

  async #readElsewhere(file: RestoreFile, job: FrameJob): Promise<Uint8Array[] | undefined> {
    const { blobs, index } = this.#options
    const ids = blobsOfJob(job, file).map((blob) => blobIdOf(file, blob))
    if (!ids.some((id) => index.otherPlaces(id).length > 0)) return undefined
    try {
      return await blobs.readAll(ids, 'data')
    } catch (error) {
      if (error instanceof IntegrityError || error instanceof StorageError) return undefined
      throw error
    }
  }

  async #verify(files: readonly RestoreFile[]): Promise<void> {
    const { runner, onVerified } = this.#options
    const whole = files.filter(({ problem }) => problem === undefined)
    const candidates = whole.map((file) => ({ file, from: 0, to: blobCountOf(file) }))
    await runner.forEach(buildReadingJobs('verify', candidates), async (builder) => {
      const { problems } = await runner.run(builder)
      for (const problem of problems) this.#takeDifference(builder, problem)
      builder.rowFiles.forEach((file, row) => this.#countVerified(file, builder.rowBytes[row] ?? 0))
    })
    for (const file of files) {
      // Holes are part of the size, and were no bytes of any job.
      onVerified(file, file.entry.size - file.bytesVerified)
      this.#count(file)
    }
  }

  #countVerified(file: RestoreFile, bytes: number): void {
    file.bytesVerified += bytes
    this.#options.onVerified(file, bytes)
  }

  #takeDifference(builder: JobBuilder, problem: FileProblem): void {
    if (problem.code !== 'ID_MISMATCH') return this.#takeProblem(builder, problem)
    const file = present(builder.rowFiles[problem.file], 'the file of a problem')
    const unlike = file.way === WAY_AS_IS ? unlikePoint : unlikeWritten
    this.#fail(file, unlike(this.#pathOf(file), problem.message))
  }

  #take(builder: JobBuilder, result: RestoreJobResult): void {
    const { onWritten, onNote, onPart } = this.#options
    onWritten(result.bytesWritten)
    for (const note of result.notes) onNote(note)
    for (const problem of result.problems) this.#takeProblem(builder, problem)
    if (builder.kind !== 'write') return
    builder.rowFiles.forEach((file, row) => {
      if (!file.isShared) this.#count(file)
      else if (file.problem === undefined) onPart(file, builder.rowBytes[row] ?? 0)
    })
  }

  #count(file: RestoreFile): void {
    if (file.isCounted) return
    file.isCounted = true
    this.#options.onWrittenFile(file)
  }

  #takeProblem(builder: JobBuilder, problem: FileProblem): void {
    const file = present(builder.rowFiles[problem.file], 'the file of a problem')
    this.#fail(file, problemError(this.#pathOf(file), problem))
  }

  #fail(file: RestoreFile, error: unknown): void {
    file.problem ??= targetError(this.#pathOf(file), error)
    if (isFull(file) && isNew(file)) this.#tooLargeBytes = Math.min(this.#tooLargeBytes, file.entry.size)
  }

  #refuseTooLarge(job: FrameJob): void {
    for (const file of filesOfJob(job)) {
      // One that is being written has taken its room already, perhaps all of it.
      if (!file.isShared && this.#isTooLarge(file)) this.#fail(file, noRoomFor(this.#pathOf(file)))
    }
  }

  #isTooLarge(file: RestoreFile): boolean {
    return isNew(file) && file.entry.size >= this.#tooLargeBytes
  }

  #pathOf(file: RestoreFile): ReturnType<TargetTree['pathOf']> {
    return this.#options.target.pathOf(file.step.directory, file.step.name)
  }
}

/** Whether all of a file takes room that was free before. */
function isNew({ way }: RestoreFile): boolean {
  return way !== WAY_IN_PLACE
}

function isFull({ problem }: RestoreFile): boolean {
  return problem?.code === 'TARGET_FULL'
}

/** Cuts files into slices, and puts as many slices together as memory is meant for. */
function* sliced(files: readonly RestoreFile[]): Generator<readonly Slice[]> {
  let slices: Slice[] = []
  let room = SLICE_BLOBS_MAX
  for (const file of files) {
    const count = blobCountOf(file)
    if (count > room && slices.length > 0) {
      yield slices
      slices = []
      room = SLICE_BLOBS_MAX
    }
    for (let from = 0; count - from > room; from += SLICE_BLOBS_MAX) {
      file.isShared = true
      yield [{ file, from, to: from + SLICE_BLOBS_MAX, isNeeded: undefined }]
    }
    const from = Math.floor(Math.max(0, count - 1) / SLICE_BLOBS_MAX) * SLICE_BLOBS_MAX
    slices.push({ file, from, to: count, isNeeded: undefined })
    room -= count - from
  }
  if (slices.length > 0) yield slices
}

/** Returns the files that several jobs write parts of. */
function sharedFiles(jobs: readonly FrameJob[]): Set<RestoreFile> {
  const jobOf = new Map<RestoreFile, FrameJob>()
  const shared = new Set<RestoreFile>()
  for (const job of jobs) {
    let last: RestoreFile | undefined
    for (const row of job.rows) {
      const file = job.needs.file(row)
      // A file with one blob is part of one job.
      if (file === last || blobCountOf(file) < 2) continue
      last = file
      if (jobOf.has(file)) shared.add(file)
      else jobOf.set(file, job)
    }
  }
  return shared
}
