import { TidemarkError, errnoOf } from '../../base/errors.ts'
import { BLOB_ID_BYTES } from '../../base/ids.ts'
import { reasonFor } from '../../base/posix/posix-error.ts'
import { wipe } from '../../crypto/secret.ts'
import type { TeamMember } from '../workers/team-protocol.ts'
import { AttributeWriter } from './attributes.ts'
import { DirectoryHandles } from './directory-handles.ts'
import { FileComparer } from './file-comparer.ts'
import { writeFile } from './file-writer.ts'
import { JobFile } from './job-file.ts'
import { JobFrames } from './job-frames.ts'
import {
  BLOB_FIELDS,
  type FileProblem,
  type RestoreJob,
  type RestoreJobResult,
  type RestoreSetup,
} from './restore-job.ts'

/** Makes one thread's part of a restore: jobs are `RestoreJob`s, results `RestoreJobResult`s. */
export function createRestoreMember(setup: unknown): TeamMember {
  const member = new RestoreMember(setup as RestoreSetup)
  return { handle: (job) => ({ result: member.handle(job as RestoreJob) }), close: () => member.close() }
}

class RestoreMember {
  readonly #setup: RestoreSetup
  readonly #handles: DirectoryHandles
  readonly #frames: JobFrames
  readonly #attributes: AttributeWriter
  readonly #comparer: FileComparer

  constructor(setup: RestoreSetup) {
    this.#setup = setup
    this.#handles = new DirectoryHandles(setup.targetFd)
    this.#frames = new JobFrames(setup)
    this.#attributes = new AttributeWriter(setup.process)
    this.#comparer = new FileComparer(this.#frames, setup.process)
  }

  handle(job: RestoreJob): RestoreJobResult {
    this.#frames.load(job)
    const problems: FileProblem[] = []
    const equal = job.kind === 'compare' ? new Uint8Array(job.blobs.length / BLOB_FIELDS) : undefined
    const file = new JobFile(job)
    let bytesWritten = 0
    for (let row = 0; row < file.count; row++) {
      file.moveTo(row)
      try {
        bytesWritten += this.#handleFile(file, problems, equal)
      } catch (error) {
        // The file fails; the rest of the job goes on.
        problems.push({ file: row, code: errnoOf(error) ?? 'EIO', message: reasonFor(error) })
        if (!(error instanceof TidemarkError) && errnoOf(error) === undefined) throw error
      }
    }
    const notes = [...this.#attributes.notes]
    return { bytesWritten, problems, notes, ...(equal === undefined ? {} : { equal }) }
  }

  close(): void {
    this.#handles[Symbol.dispose]()
    this.#frames[Symbol.dispose]()
    wipe(this.#setup.dataIdKey)
  }

  #handleFile(file: JobFile, problems: FileProblem[], equal: Uint8Array | undefined): number {
    const { kind } = file.job
    if (equal !== undefined) {
      this.#comparer.compare(this.#handles.fd(file.directory), file, equal)
      return 0
    }
    if (kind === 'verify') {
      const problem = this.#comparer.verify(this.#handles.fd(file.directory), file)
      if (problem !== undefined) problems.push({ file: file.row, code: 'ID_MISMATCH', message: problem })
      return 0
    }
    const damage = this.#damageOf(file)
    if (damage !== undefined) problems.push(damage)
    if (damage !== undefined || kind === 'probe') return 0
    return writeFile(this.#handles.fd(file.directory), file, (blob) => this.#frames.address(blob), this.#attributes)
  }

  /** A file is not touched unless all that this job has of it is good. */
  #damageOf(file: JobFile): FileProblem | undefined {
    for (let i = 0; i < file.pieceCount; i++) {
      const { blob } = file.piece(i)
      const problem = this.#frames.problem(blob)
      if (problem === undefined) continue
      const id = file.job.blobIds.slice(blob * BLOB_ID_BYTES, (blob + 1) * BLOB_ID_BYTES)
      return { file: file.row, code: problem.code, message: problem.message, blob: id }
    }
    return undefined
  }
}
