import { wipe } from '../../crypto/secret.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import type { Driver } from '../../storage/driver.ts'
import { getAvailable } from '../../storage/get-available.ts'
import type { Team } from '../workers/worker-pool.ts'
import { type FrameFetch, type FrameJob, groupByFetch, type PackRange } from './frame-jobs.ts'
import type { JobBuilder } from './job-builder.ts'
import type { JobPack, RestoreJob, RestoreJobResult } from './restore-job.ts'

/** Jobs on their way per thread, so that none waits for this thread. */
const JOBS_PER_THREAD = 3
/**
 * What is fetched at once from a store elsewhere for a batch of files, of which two may be at work: half packs, or where
 * calls are cheap what one job needs, which is there sooner.
 */
const FEW_FETCHES = { atOnceMax: 3, bytesMax: 9 << 20 }
const MANY_FETCHES = { atOnceMax: 12, bytesMax: 0 }

export interface JobRunnerOptions {
  readonly team: Team
  readonly threads: number
  readonly driver: Driver
  readonly index: RepositoryIndex
  readonly signal: AbortSignal | undefined
}

type PackBytes = Pick<JobPack, 'file' | 'bytes' | 'bytesOffset'>

/** Returns where a job's frames are to be read; of a pack that was cut off, fewer bytes than they have. @throws {StorageError} as `Driver.get` */
export type FrameSource = () => Promise<PackBytes>

/** Gives jobs to threads: with the name of the pack's file, where there is one, otherwise with its bytes. */
export class JobRunner {
  readonly #options: JobRunnerOptions

  constructor(options: JobRunnerOptions) {
    this.#options = options
  }

  /** Calls `use` for all items, as many at once as keep the threads busy, until one throws. */
  async forEach<T>(items: readonly T[], use: (item: T) => Promise<void>): Promise<void> {
    await this.#inTurns(items, this.#options.threads * JOBS_PER_THREAD, use)
  }

  /**
   * Calls `use` for all jobs, until one throws, with what gives it the bytes of its frames. Jobs next to each other share a
   * request to a store elsewhere, which is made when the first of them asks.
   */
  async forEachOnFrames(
    jobs: readonly FrameJob[],
    use: (job: FrameJob, frames: FrameSource) => Promise<void>,
  ): Promise<void> {
    const { index, driver } = this.#options
    const files = new Map<FrameJob, string>()
    for (const job of jobs) {
      const file = driver.localFile({ kind: 'packs', id: index.packs.row(job.packRow).id })
      if (file !== undefined) files.set(job, file)
    }
    await this.forEach([...files], async ([job, file]) => use(job, async () => ({ file })))
    const { concurrency, cheapCalls = false } = driver.capabilities
    const { atOnceMax, bytesMax } = cheapCalls ? MANY_FETCHES : FEW_FETCHES
    const fetches = groupByFetch(
      jobs.filter((job) => !files.has(job)),
      bytesMax,
    )
    await this.#inTurns(fetches, Math.min(concurrency, atOnceMax), async (fetch) => {
      let fetching: Promise<Uint8Array> | undefined
      const source = async (job: FrameJob) => this.#bytesOf(job, fetch, (fetching ??= this.#fetch(fetch)))
      await this.forEach(fetch.jobs, async (job) => use(job, () => source(job)))
    })
  }

  /** Runs a job that needs no pack. */
  async run(builder: JobBuilder): Promise<RestoreJobResult> {
    return this.#send(builder.build())
  }

  /** Runs a job whose blobs come as plaintext. */
  async runPlain(builder: JobBuilder, plain: readonly Uint8Array[]): Promise<RestoreJobResult> {
    return this.#send(builder.build({ id: '', bytes: new Uint8Array(Buffer.concat(plain)), bytesOffset: 0 }))
  }

  /**
   * Runs a job on frames of a pack.
   *
   * @throws {StorageError} the store does not give the pack's bytes.
   * @throws {KeyError} KEY_NOT_FULL, WRONG_KEY
   */
  async runOnFrames(builder: JobBuilder, { packRow }: FrameJob, frames: FrameSource): Promise<RestoreJobResult> {
    const { index } = this.#options
    const { id } = index.packs.row(packRow)
    const key = index.packKey(packRow)
    try {
      const { bytes, ...from } = await frames()
      if (bytes === undefined) return await this.#send(builder.build({ id, key, ...from }))
      return await this.#send(builder.build({ id, key, bytes, ...from }), [bytes.buffer as ArrayBuffer])
    } finally {
      wipe(key)
    }
  }

  /** Returns the bytes of a job in memory of its own, which goes over to a thread. */
  async #bytesOf(job: FrameJob, fetch: FrameFetch, fetching: Promise<Uint8Array>): Promise<PackBytes> {
    const { offset, end } = job
    const bytes = await fetching
    if (fetch.jobs.length === 1) return { bytes, bytesOffset: offset }
    return { bytes: new Uint8Array(bytes.subarray(offset - fetch.offset, end - fetch.offset)), bytesOffset: offset }
  }

  async #fetch({ packRow, offset, end }: PackRange): Promise<Uint8Array> {
    const { driver, index, signal } = this.#options
    const { id } = index.packs.row(packRow)
    return getAvailable(driver, { kind: 'packs', id }, { offset, length: end - offset }, signal)
  }

  async #inTurns<T>(items: readonly T[], atOnce: number, use: (item: T) => Promise<void>): Promise<void> {
    let next = 0
    const work = async (): Promise<void> => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) {
        this.#options.signal?.throwIfAborted()
        await use(item)
      }
    }
    const results = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, work))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  async #send(job: RestoreJob, transfer: readonly ArrayBuffer[] = []): Promise<RestoreJobResult> {
    return (await this.#options.team.run(job, transfer)) as RestoreJobResult
  }
}
