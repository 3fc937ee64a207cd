import { present } from '../../base/assert.ts'
import { IntegrityError } from '../../base/errors.ts'
import { RANGE_GAP_BYTES_MAX } from '../../repository/frame-ranges.ts'
import type { BlobPlace, RepositoryIndex } from '../../repository/repository-index.ts'
import { idAt } from '../point-view-layout.ts'
import { JobBuilder } from './job-builder.ts'
import type { RestoreFile } from './restore-file.ts'
import type { JobKind } from './restore-job.ts'

/** Decoded bytes of one job: enough to keep a thread busy for a while, little enough to share the work evenly. */
const JOB_RAW_BYTES_MAX = 3 << 20
/** Blobs of files in one job, so that a blob that everybody has does not make one job of all. */
const JOB_NEEDS_MAX = 2048
/** Files without content in one job. */
const JOB_EMPTY_FILES_MAX = 1024

/** One blob that one file needs. */
export interface Need {
  readonly file: RestoreFile
  /** Which of the file's blobs. */
  readonly blob: number
  readonly place: BlobPlace
}

/** Frames of one pack and who needs them. */
export interface FrameJob {
  /** Row of the pack table. */
  readonly packRow: number
  readonly needs: readonly Need[]
  /** Bytes [offset, end) of the pack hold all the frames. */
  readonly offset: number
  readonly end: number
}

/**
 * Finds out where a file's blob lies.
 *
 * @throws {IntegrityError} BLOB_MISSING, MALFORMED
 */
export function locateBlob(index: RepositoryIndex, file: RestoreFile, blob: number): BlobPlace {
  const id = idAt(file.layout.ids, blob)
  const place = index.locate(id)
  const name = Buffer.from(id).toString('hex')
  const hint = 'Run `tidemark check --repair`, or restore another point.'
  if (place === undefined) throw new IntegrityError('BLOB_MISSING', `the repository has no blob ${name}`, { hint })
  const length = (file.layout.starts[blob + 1] ?? 0) - (file.layout.starts[blob] ?? 0)
  if (place.length === length) return place
  throw new IntegrityError('MALFORMED', `the blob ${name} has ${place.length} bytes where the file has ${length}`, {
    hint,
  })
}

/** Groups needs by frames that lie near each other, in the order in which packs hold them. */
export function groupByFrames(needs: readonly Need[]): FrameJob[] {
  const sorted = [...needs].sort((a, b) => a.place.frame - b.place.frame)
  const jobs: FrameJob[] = []
  let current: Need[] = []
  let rawBytes = 0
  let offset = 0
  let end = 0
  const close = (): void => {
    const first = current[0]
    if (first !== undefined) jobs.push({ packRow: first.place.frameLocation.pack, needs: current, offset, end })
    current = []
    rawBytes = 0
  }
  let last: Need | undefined
  for (const need of sorted) {
    const { frame, frameLocation } = need.place
    const isNewFrame = last?.place.frame !== frame
    const isFar = frameLocation.offset - end > RANGE_GAP_BYTES_MAX
    const isOtherPack = last?.place.frameLocation.pack !== frameLocation.pack
    const isFull = current.length >= JOB_NEEDS_MAX
    if (isFull || isOtherPack || (isNewFrame && (isFar || rawBytes + frameLocation.rawBytes > JOB_RAW_BYTES_MAX))) {
      close()
    }
    if (current.length === 0) offset = frameLocation.offset
    if (current.length === 0 || isNewFrame) {
      rawBytes += frameLocation.rawBytes
      end = frameLocation.offset + frameLocation.storedBytes
    }
    current.push(need)
    last = need
  }
  close()
  return jobs
}

/** Describes a job to a thread, all but its pack. */
export function buildFrameJob(kind: JobKind, job: FrameJob, index: RepositoryIndex): JobBuilder {
  const builder = new JobBuilder(kind)
  const frames = new Map<number, number>()
  const blobs = new Map<string, number>()
  const byFile = new Map<RestoreFile, { blob: number; row: number }[]>()
  for (const { file, blob, place } of job.needs) {
    if (file.problem !== undefined) continue
    let frame = frames.get(place.frame)
    if (frame === undefined) {
      const { offset, storedBytes, rawBytes } = place.frameLocation
      frame = builder.addFrame([index.frameNumber(place.frame), offset, storedBytes, rawBytes])
      frames.set(place.frame, frame)
    }
    const key = `${place.frame}:${place.offset}`
    let row = blobs.get(key)
    if (row === undefined) {
      row = builder.addBlob(file, blob, { frame, offset: place.offset, length: place.length })
      blobs.set(key, row)
    }
    const rows = byFile.get(file)
    if (rows === undefined) byFile.set(file, [{ blob, row }])
    else rows.push({ blob, row })
  }
  for (const [file, rows] of byFile) builder.addFile(file, rows)
  return builder
}

/** Describes a job whose blobs come as plaintext, one after the other, instead of in frames. */
export function buildPlainJob(file: RestoreFile, blobs: readonly number[]): JobBuilder {
  const builder = new JobBuilder('write')
  let offset = 0
  const rows = blobs.map((blob) => {
    const length = (file.layout.starts[blob + 1] ?? 0) - (file.layout.starts[blob] ?? 0)
    const row = builder.addBlob(file, blob, { frame: 0, offset, length })
    offset += length
    return { blob, row }
  })
  builder.addFrame([0, 0, offset, offset])
  builder.addFile(file, rows)
  return builder
}

/** Returns jobs for files of which nothing is needed from any frame. */
export function buildEmptyJobs(files: readonly RestoreFile[]): JobBuilder[] {
  const builders: JobBuilder[] = []
  for (let from = 0; from < files.length; from += JOB_EMPTY_FILES_MAX) {
    const builder = new JobBuilder('write')
    for (const file of files.slice(from, from + JOB_EMPTY_FILES_MAX)) builder.addFile(file, [])
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
      const rows: { blob: number; row: number }[] = []
      for (; blob < to && bytes <= 2 * JOB_RAW_BYTES_MAX; blob++) {
        const length = present(file.layout.starts[blob + 1], 'the end of a blob') - (file.layout.starts[blob] ?? 0)
        rows.push({ blob, row: builder.addBlob(file, blob, { frame: 0, offset: 0, length }) })
        bytes += length
      }
      builder.addFile(file, rows)
      if (to === from) break
    }
  }
  return builders
}
