import { IntegrityError, type TidemarkError } from '../../base/errors.ts'
import { freeBytes } from '../../base/free-bytes.ts'
import { BLOB_ID_BYTES, hexId, RANDOM_ID_BYTES, type RunId } from '../../base/ids.ts'
import { KeyedHasher } from '../../crypto/blake3.ts'
import type { BlobType } from '../../format/pack.ts'
import type { Copy } from '../../repository/copy-table.ts'
import { FrameReader } from '../../repository/frame-reader.ts'
import type { Repository } from '../../repository/repository.ts'
import { RunObject } from '../../repository/run-object.ts'
import type { BytesJob, ChunksResult } from '../backup/backup-jobs.ts'
import type { CareContext } from '../care-types.ts'
import { RunStore, type StoredObjects } from '../run/run-store.ts'
import type { RealmView } from './realm-view.ts'
import type { RepackPlan } from './repack-plan.ts'

/** Decoded bytes that are at hand at once, unless a single frame has more: what a request or two bring. */
const BATCH_BYTES_MAX = 8 << 20
/** Bytes of blobs that a thread is given at once. */
const JOB_BYTES = 4 << 20

export interface MoveOptions {
  readonly context: CareContext
  /** In the realm of the view. */
  readonly repository: Repository
  readonly view: RealmView
  readonly plan: RepackPlan
  /** Told how many blobs are done. */
  readonly progress: (blobsDone: number) => void
  /** Told of a frame that cannot be read; its blobs stay where they are. */
  readonly warning: (problem: TidemarkError) => void
  readonly signal: AbortSignal
}

/**
 * Stores blobs once more, in packs of their own that rank above those that hold them now: a run like any other.
 *
 * Every blob is verified on its way. After a failure, what is durable is still entered into an index file.
 * @throws {StorageError} of the driver, STORE_FULL among them.
 */
export async function moveBlobs(options: MoveOptions): Promise<StoredObjects> {
  const { context, repository, warning, plan } = options
  const { clock, randomness, scheduler, workers } = context
  const { records, instance } = repository
  const run = hexId<RunId>(randomness.bytes(RANDOM_ID_BYTES))
  const object = await RunObject.start({ records, run, instance, clock, scheduler, onProblem: warning })
  try {
    const store = new RunStore({ repository, workers, clock, randomness })
    try {
      const index = await store.index()
      const rows = Array.from(plan.holders, (pack) => index.packs.rowOf(pack)).filter((row) => row !== undefined)
      // What they hold counts as not stored, and what is stored now ranks above it.
      index.doubtStored({ frames: [], packs: rows })
      await new Mover(options, store).run()
      return await store.finish()
    } finally {
      await store.close()
    }
  } finally {
    await object.end()
  }
}

/** Blobs of data on their way to a thread. */
interface Gathered {
  readonly bytes: Uint8Array
  filled: number
  readonly lengths: number[]
  /** Their entries in the index of the view. */
  readonly entries: number[]
}

class Mover {
  readonly #options: MoveOptions
  readonly #store: RunStore
  readonly #frames: FrameReader
  readonly #hashers: readonly (readonly [Exclude<BlobType, 'data'>, KeyedHasher])[]
  /** What the next jobs bring: of one batch of frames, there may be little that is needed. */
  readonly #gathered = new Map<BytesJob['frames'], Gathered>()
  readonly #jobs = new Set<Promise<void>>()
  #done = 0

  constructor(options: MoveOptions, store: RunStore) {
    const { repository, view } = options
    const { driver, id, cache, realm } = repository
    this.#options = options
    this.#store = store
    this.#frames = new FrameReader({ driver, repository: id, index: view.index, cache })
    const types = ['tree', 'list', 'detail'] as const
    this.#hashers = types.map((type) => [type, new KeyedHasher(realm.idKey(type))])
  }

  async run(): Promise<void> {
    const { plan, view, signal } = this.#options
    let batch: Copy[] = []
    let frames = new Set<number>()
    let bytes = 0
    try {
      for (let row = 0; row < plan.blobs.count; row++) {
        const copy = plan.blobs.at(row)
        if (!frames.has(copy.frame)) {
          const { rawBytes } = view.index.blobs.frames.get(copy.frame)
          if (bytes > 0 && bytes + rawBytes > BATCH_BYTES_MAX) {
            signal.throwIfAborted()
            await this.#move(batch, frames)
            batch = []
            frames = new Set()
            bytes = 0
          }
          frames.add(copy.frame)
          bytes += rawBytes
        }
        batch.push(copy)
      }
      await this.#move(batch, frames)
      for (const kind of this.#gathered.keys()) await this.#send(kind)
      await Promise.all(this.#jobs)
    } finally {
      await Promise.allSettled(this.#jobs)
    }
  }

  async #move(batch: readonly Copy[], frames: ReadonlySet<number>): Promise<void> {
    const { view, warning, signal, progress } = this.#options
    const payloads = new Map<number, Uint8Array>()
    const onFrame = (frame: number, outcome: Uint8Array | TidemarkError): void => {
      if (outcome instanceof Uint8Array) payloads.set(frame, outcome)
      else warning(outcome)
    }
    await this.#frames.read(frames, onFrame, signal)
    const { minBytes } = this.#store.chunker
    for (const piece of batch) {
      const payload = payloads.get(piece.frame)
      if (payload === undefined) continue
      const { pack, rawBytes } = view.index.blobs.frames.get(piece.frame)
      const isAlone = piece.length === rawBytes && piece.length >= minBytes
      if (view.index.packs.row(pack).kind === 'tree') await this.#putTree(piece, payload)
      else await this.#gather(piece, payload, isAlone ? 'alone' : 'shared')
    }
    for (const payload of payloads.values()) freeBytes(payload)
    progress((this.#done += batch.length))
  }

  async #putTree({ entry, offset, length }: Copy, payload: Uint8Array): Promise<void> {
    const { blobs } = this.#options.view.index
    const bytes = payload.slice(offset, offset + length)
    for (const [type, hasher] of this.#hashers) {
      if (blobs.find(hasher.hash(bytes)) !== entry) continue
      await this.#store.putBlob(type, bytes)
      return
    }
    throw notItself()
  }

  /** Copies a blob of data to those that go to the threads together. */
  async #gather({ entry, offset, length }: Copy, payload: Uint8Array, frames: BytesJob['frames']): Promise<void> {
    if ((this.#gathered.get(frames)?.filled ?? 0) + length > JOB_BYTES) await this.#send(frames)
    let gathered = this.#gathered.get(frames)
    if (gathered === undefined) {
      const bytes = new Uint8Array(Math.max(JOB_BYTES, length))
      this.#gathered.set(frames, (gathered = { bytes, filled: 0, lengths: [], entries: [] }))
    }
    gathered.bytes.set(payload.subarray(offset, offset + length), gathered.filled)
    gathered.filled += length
    gathered.lengths.push(length)
    gathered.entries.push(entry)
  }

  /** Hands what was gathered to the threads, and waits until they have little more than they can work on at once. */
  async #send(frames: BytesJob['frames']): Promise<void> {
    const gathered = this.#gathered.get(frames)
    if (gathered === undefined) return
    this.#gathered.delete(frames)
    const job = this.#run(gathered, frames)
    this.#jobs.add(job)
    const forget = (): boolean => this.#jobs.delete(job)
    job.then(forget, () => undefined)
    while (this.#jobs.size > 2 * this.#options.context.workers.threads) await Promise.race(this.#jobs)
  }

  async #run({ bytes, filled, lengths, entries }: Gathered, frames: BytesJob['frames']): Promise<void> {
    const job: BytesJob = { type: 'bytes', bytes: bytes.subarray(0, filled), lengths, frames }
    const { ids } = (await this.#store.run(job)) as ChunksResult
    const { blobs } = this.#options.view.index
    const isItself = entries.every((entry, i) => blobs.find(ids, i * BLOB_ID_BYTES) === entry)
    if (!isItself) throw notItself()
  }
}

function notItself(): IntegrityError {
  return new IntegrityError('ID_MISMATCH', 'a blob that was to be written anew is not what its id says', {
    hint: 'Nothing was deleted. Run `tidemark check --read-data`.',
  })
}
