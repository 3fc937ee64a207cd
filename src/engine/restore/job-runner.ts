import { wipe } from '../../crypto/secret.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import type { Driver } from '../../storage/driver.ts'
import type { Team } from '../workers/worker-pool.ts'
import type { FrameJob } from './frame-jobs.ts'
import type { JobBuilder } from './job-builder.ts'
import type { JobPack, RestoreJob, RestoreJobResult } from './restore-job.ts'

/** Jobs on their way per thread, so that none waits for this thread. */
const JOBS_PER_THREAD = 3
/** Bytes of packs that are fetched and not yet given to a thread, roughly: a job has a few megabytes. */
const FETCHES_MAX = 12

export interface JobRunnerOptions {
  readonly team: Team
  readonly threads: number
  readonly driver: Driver
  readonly index: RepositoryIndex
  readonly signal: AbortSignal | undefined
}

/** Gives jobs to threads: with the name of the pack's file, where there is one, otherwise with its bytes. */
export class JobRunner {
  readonly #options: JobRunnerOptions

  constructor(options: JobRunnerOptions) {
    this.#options = options
  }

  /** Calls `use` for all items, as many at once as threads and store can do with, until one throws. */
  async forEach<T>(items: readonly T[], use: (item: T) => Promise<void>): Promise<void> {
    const { threads, driver, signal } = this.#options
    const atOnce = Math.max(threads * JOBS_PER_THREAD, Math.min(driver.capabilities.concurrency, FETCHES_MAX))
    let next = 0
    const work = async (): Promise<void> => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) {
        signal?.throwIfAborted()
        await use(item)
      }
    }
    const results = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, work))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** Runs a job that needs no pack. */
  async run(builder: JobBuilder): Promise<RestoreJobResult> {
    return this.#send(builder.build(), [])
  }

  /** Runs a job whose blobs come as plaintext. */
  async runPlain(builder: JobBuilder, plain: readonly Uint8Array[]): Promise<RestoreJobResult> {
    return this.#send(builder.build({ id: '', bytes: new Uint8Array(Buffer.concat(plain)), bytesOffset: 0 }), [])
  }

  /**
   * Runs a job on frames of a pack.
   *
   * @throws {StorageError} the store does not give the pack's bytes.
   * @throws {KeyError} KEY_NOT_FULL, WRONG_KEY
   */
  async runOnFrames(builder: JobBuilder, job: FrameJob): Promise<RestoreJobResult> {
    const { driver, index, signal } = this.#options
    const { id } = index.packs.row(job.packRow)
    const name = { kind: 'packs', id } as const
    const key = await index.packKey(job.packRow)
    try {
      const file = driver.localFile(name)
      if (file !== undefined) return await this.#send(builder.build({ id, key, file }), [])
      const bytes = await driver.get(name, { offset: job.offset, length: job.end - job.offset }, signal)
      const pack: JobPack = { id, key, bytes, bytesOffset: job.offset }
      return await this.#send(builder.build(pack), isTransferable(bytes) ? [bytes.buffer as ArrayBuffer] : [])
    } finally {
      wipe(key)
    }
  }

  async #send(job: RestoreJob, transfer: readonly ArrayBuffer[]): Promise<RestoreJobResult> {
    return (await this.#options.team.run(job, transfer)) as RestoreJobResult
  }
}

/** A small array may be part of a pool that others use, too. */
function isTransferable(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength
}
