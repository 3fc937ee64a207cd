import { present } from '../../base/assert.ts'
import { IntegrityError, type TidemarkError } from '../../base/errors.ts'
import { BLOB_ID_BYTES, hexId, RANDOM_ID_BYTES, type RunId } from '../../base/ids.ts'
import { KeyedHasher } from '../../crypto/blake3.ts'
import type { BlobType } from '../../format/pack.ts'
import type { Copy } from '../../repository/copy-table.ts'
import { FrameReader } from '../../repository/frame-reader.ts'
import type { Repository } from '../../repository/repository.ts'
import { RunObject } from '../../repository/run-object.ts'
import type { BackupJob, ChunksResult } from '../backup/backup-jobs.ts'
import type { CareContext } from '../care-types.ts'
import { RunStore, type StoredObjects } from '../run/run-store.ts'
import type { RealmView } from './realm-view.ts'
import type { RepackPlan } from './repack-plan.ts'

/** Frames that are decoded at once: at most 4 MiB each, mostly one. */
const FRAMES_AT_ONCE = 32
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
    const store = await RunStore.open({ repository, workers, clock, randomness })
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

class Mover {
  readonly #options: MoveOptions
  readonly #store: RunStore
  readonly #frames: FrameReader
  readonly #hashers: readonly (readonly [Exclude<BlobType, 'data'>, KeyedHasher])[]
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
    const { plan, signal } = this.#options
    let batch: Copy[] = []
    let frames = new Set<number>()
    try {
      for (let row = 0; row < plan.blobs.count; row++) {
        const copy = plan.blobs.at(row)
        if (frames.size === FRAMES_AT_ONCE && !frames.has(copy.frame)) {
          signal.throwIfAborted()
          await this.#move(batch, frames)
          batch = []
          frames = new Set()
        }
        frames.add(copy.frame)
        batch.push(copy)
      }
      await this.#move(batch, frames)
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
    const alone: Copy[] = []
    const shared: Copy[] = []
    const { minBytes } = this.#store.chunker
    for (const piece of batch) {
      const payload = payloads.get(piece.frame)
      if (payload === undefined) continue
      const { pack, rawBytes } = view.index.blobs.frames.get(piece.frame)
      if (view.index.packs.row(pack).kind === 'tree') await this.#putTree(piece, payload)
      else (piece.length === rawBytes && piece.length >= minBytes ? alone : shared).push(piece)
    }
    await this.#storeData(alone, payloads, 'alone')
    await this.#storeData(shared, payloads, 'shared')
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

  /** Hands data blobs to the threads, a few megabytes at a time; a little more than they can work on at once. */
  async #storeData(
    pieces: readonly Copy[],
    payloads: ReadonlyMap<number, Uint8Array>,
    frames: 'alone' | 'shared',
  ): Promise<void> {
    for (let next = 0; next < pieces.length;) {
      const first = next
      let bytes = 0
      while (next < pieces.length && (next === first || bytes + (pieces[next]?.length ?? 0) <= JOB_BYTES)) {
        bytes += pieces[next++]?.length ?? 0
      }
      const job = this.#job(pieces.slice(first, next), { payloads, bytes, frames })
      this.#jobs.add(job)
      const forget = (): boolean => this.#jobs.delete(job)
      job.then(forget, () => undefined)
      while (this.#jobs.size > 2 * this.#options.context.workers.threads) await Promise.race(this.#jobs)
    }
  }

  async #job(
    pieces: readonly Copy[],
    of: { payloads: ReadonlyMap<number, Uint8Array>; bytes: number; frames: 'alone' | 'shared' },
  ): Promise<void> {
    const bytes = new Uint8Array(of.bytes)
    let at = 0
    for (const { frame, offset, length } of pieces) {
      bytes.set(present(of.payloads.get(frame), 'a payload').subarray(offset, offset + length), at)
      at += length
    }
    const lengths = pieces.map(({ length }) => length)
    const job: BackupJob = { type: 'bytes', bytes, lengths, frames: of.frames }
    const { ids } = (await this.#store.run(job)) as ChunksResult
    const { blobs } = this.#options.view.index
    const isItself = pieces.every(({ entry }, i) => blobs.find(ids, i * BLOB_ID_BYTES) === entry)
    if (!isItself) throw notItself()
  }
}

function notItself(): IntegrityError {
  return new IntegrityError('ID_MISMATCH', 'a blob that was to be written anew is not what its id says', {
    hint: 'Nothing was deleted. Run `tidemark check --read-data`.',
  })
}
