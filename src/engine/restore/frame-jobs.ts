import { RANGE_GAP_BYTES_MAX } from '../../repository/frame-ranges.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { JobBuilder } from './job-builder.ts'
import type { NeedTable } from './need-table.ts'
import { type RestoreFile, blobLengthOf } from './restore-file.ts'
import type { JobKind } from './restore-job.ts'

/** Decoded bytes of one job: enough to keep a thread busy for a while, little enough to share the work evenly. */
const JOB_RAW_BYTES_MAX = 3 << 20
/** Blobs of files in one job, so that a blob that everybody has does not make one job of all. */
const JOB_NEEDS_MAX = 2048
/** Files without content in one job. */
const JOB_EMPTY_FILES_MAX = 1024
/** Bytes between two jobs that cost less to fetch from a store elsewhere than another request. */
const FETCH_GAP_BYTES_MAX = 256 << 10

/** Bytes [offset, end) of a pack. */
export interface PackRange {
  /** Row of the pack table. */
  readonly packRow: number
  readonly offset: number
  readonly end: number
}

/** Frames of one pack, which all lie in its range, and who needs them. */
export interface FrameJob extends PackRange {
  readonly needs: NeedTable
  /** Those of the needs that this job serves, ascending: file by file. */
  readonly rows: Uint32Array
}

/** What one request to a store elsewhere brings, for jobs next to each other. */
export interface FrameFetch extends PackRange {
  readonly jobs: readonly FrameJob[]
}

/** Groups needs by frames that lie near each other, in the order in which packs hold them. */
export function groupByFrames(needs: NeedTable, { blobs }: RepositoryIndex): FrameJob[] {
  const sorted = needs.rowsByFrame()
  const jobs: FrameJob[] = []
  let first = 0
  let rawBytes = 0
  let offset = 0
  let end = 0
  let packRow = -1
  let lastFrame = -1
  const close = (next: number): void => {
    if (next > first) jobs.push({ packRow, needs, rows: sorted.slice(first, next).sort(), offset, end })
    first = next
    rawBytes = 0
  }
  for (let i = 0; i < sorted.length; i++) {
    const frame = needs.frame(sorted[i] ?? 0)
    if (frame === lastFrame && i - first < JOB_NEEDS_MAX) continue
    const location = blobs.frames.get(frame)
    const isFar = location.offset - end > RANGE_GAP_BYTES_MAX
    const isFull = i - first >= JOB_NEEDS_MAX || rawBytes + location.rawBytes > JOB_RAW_BYTES_MAX
    if (isFull || isFar || location.pack !== packRow) close(i)
    if (i === first) offset = location.offset
    packRow = location.pack
    rawBytes += location.rawBytes
    end = location.offset + location.storedBytes
    lastFrame = frame
  }
  close(sorted.length)
  return jobs
}

/** Puts jobs together, in the order of `groupByFrames`, whose bytes one request brings: so many, or those of one job. */
export function groupByFetch(jobs: readonly FrameJob[], bytesMax: number): FrameFetch[] {
  const fetches: { packRow: number; offset: number; end: number; jobs: FrameJob[] }[] = []
  for (const job of jobs) {
    const { packRow, offset, end } = job
    const last = fetches.at(-1)
    const isNear = last?.packRow === packRow && offset - last.end <= FETCH_GAP_BYTES_MAX
    if (isNear && end - last.offset <= bytesMax) {
      last.end = Math.max(last.end, end)
      last.jobs.push(job)
    } else {
      fetches.push({ packRow, offset, end, jobs: [job] })
    }
  }
  return fetches
}

/** Describes a job to a thread, all but its pack. */
export function buildFrameJob(kind: JobKind, { needs, rows }: FrameJob, index: RepositoryIndex): JobBuilder {
  const builder = new JobBuilder(kind)
  const frames = new Map<number, number>()
  const blobs = new Map<number, number>()
  let current: RestoreFile | undefined
  for (const row of rows) {
    const file = needs.file(row)
    if (file.problem !== undefined) continue
    if (file !== current) builder.startFile(file)
    current = file
    const entry = needs.entry(row)
    let blobRow = blobs.get(entry)
    if (blobRow === undefined) {
      const frame = needs.frame(row)
      let frameRow = frames.get(frame)
      if (frameRow === undefined) {
        frameRow = builder.addFrame(index.frameNumber(frame), index.blobs.frames.get(frame))
        frames.set(frame, frameRow)
      }
      blobRow = builder.addBlob(file, needs.blob(row), { frame: frameRow, offset: needs.offset(row) })
      blobs.set(entry, blobRow)
    }
    builder.addContent(file, needs.blob(row), blobRow)
  }
  return builder
}

/** Returns the files that a job has something of. */
export function filesOfJob({ needs, rows }: FrameJob): Set<RestoreFile> {
  return new Set(Array.from(rows, (row) => needs.file(row)))
}

/** Returns which of its blobs a file needs of a job. */
export function blobsOfJob({ needs, rows }: FrameJob, file: RestoreFile): number[] {
  return Array.from(rows)
    .filter((row) => needs.file(row) === file)
    .map((row) => needs.blob(row))
}

/** Describes a job whose blobs come as plaintext, one after the other, instead of in frames. */
export function buildPlainJob(file: RestoreFile, blobs: readonly number[]): JobBuilder {
  const builder = new JobBuilder('write')
  builder.startFile(file)
  let offset = 0
  for (const blob of blobs) {
    const row = builder.addBlob(file, blob, { frame: 0, offset })
    builder.addContent(file, blob, row)
    offset += blobLengthOf(file, blob)
  }
  builder.addFrame(0, { offset: 0, storedBytes: offset, rawBytes: offset })
  return builder
}

/** Returns jobs for files of which nothing is needed from any frame. */
export function buildEmptyJobs(files: readonly RestoreFile[]): JobBuilder[] {
  const builders: JobBuilder[] = []
  for (let from = 0; from < files.length; from += JOB_EMPTY_FILES_MAX) {
    const builder = new JobBuilder('write')
    for (const file of files.slice(from, from + JOB_EMPTY_FILES_MAX)) builder.startFile(file)
    builders.push(builder)
  }
  return builders
}

/** Blobs that a file on disk may hold already. */
export interface Candidates {
  readonly file: RestoreFile
  readonly from: number
  readonly to: number
}

/** Returns jobs that read files on disk, of about as many bytes each as a job that writes. */
export function buildReadingJobs(kind: 'compare' | 'verify', candidates: readonly Candidates[]): JobBuilder[] {
  const builders: JobBuilder[] = []
  let builder: JobBuilder | undefined
  let bytes = 0
  for (const { file, from, to } of candidates) {
    for (let blob = from; blob < to || blob === from;) {
      if (builder === undefined || bytes > 2 * JOB_RAW_BYTES_MAX || builder.rowFiles.length >= JOB_EMPTY_FILES_MAX) {
        builder = new JobBuilder(kind)
        builders.push(builder)
        bytes = 0
      }
      builder.startFile(file, { isContinued: blob > from })
      for (; blob < to && bytes <= 2 * JOB_RAW_BYTES_MAX; blob++) {
        builder.addContent(file, blob, builder.addBlob(file, blob, { frame: 0, offset: 0 }))
        bytes += blobLengthOf(file, blob)
      }
      if (to === from) break
    }
  }
  return builders
}
