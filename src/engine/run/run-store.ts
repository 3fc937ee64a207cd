import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { collectGarbage } from '../../base/collect-garbage.ts'
import type { BitSet } from '../../base/bit-set.ts'
import { BLOB_ID_BYTES, type BlobId, idBytes, type ObjectId } from '../../base/ids.ts'
import { FLUSH_BYTES, FLUSH_INTERVAL_MS, INDEX_BLOBS_MAX, INDEX_HEADROOM } from '../../base/limits.ts'
import type { Clock } from '../../base/clock.ts'
import { giveBackMemory } from '../../base/posix/free-memory.ts'
import type { Randomness } from '../../base/random.ts'
import { KeyedHasher } from '../../crypto/blake3.ts'
import type { BlobType, PackTables } from '../../format/pack.ts'
import type { BlobIndex } from '../../repository/blob-index.ts'
import type { BlobReader } from '../../repository/blob-reader.ts'
import { buildIndex } from '../../repository/build-index.ts'
import { PackWriter, type WrittenPack } from '../../repository/pack-writer.ts'
import type { Repository } from '../../repository/repository.ts'
import type { RepositoryIndex } from '../../repository/repository-index.ts'
import { type Scheduler, systemScheduler } from '../../repository/run-object.ts'
import { RunKeys } from '../../repository/run-keys.ts'
import { TreePackWriter } from '../../repository/tree-pack-writer.ts'
import type { BackupJob, BackupSetup } from '../backup/backup-jobs.ts'
import type { ChunkerParameters } from '../chunker/chunker.ts'
import type { BackupTold } from '../backup/backup-member.ts'
import type { SizedPack } from './bases.ts'
import type { RunListing } from './store-lists.ts'
import { ContentMeasure } from '../tripwire/content-measure.ts'
import type { Team, WorkerPool } from '../workers/worker-pool.ts'

/** Packs that leave too little behind to be worth the milliseconds. */
const PACKS_FEW = 4

export interface RunStoreOptions {
  readonly repository: Repository
  readonly workers: WorkerPool
  readonly clock: Clock
  readonly randomness: Randomness
  /** Returns what the run saw of the store's lists, if it may still go by that. */
  readonly listed?: (() => RunListing | undefined) | undefined
  /** How much may be stored, in bytes of packs, before an index file says so; 256 MiB by default. */
  readonly flushBytes?: number | undefined
  /** Says when the time is up after which an index file says so, too; the system's by default. */
  readonly scheduler?: Scheduler
}

/** What a run put into the store. */
export interface StoredObjects {
  readonly packs: readonly SizedPack[]
  readonly indexes: readonly ObjectId[]
  readonly bytes: number
  readonly blobs: number
  /** Of the blobs, those that the store had lost, and how many bytes they are. */
  readonly healed: HealedBlobs
  /** The index files that said what there was no need to store. */
  readonly lookedUp: readonly ObjectId[]
}

export interface HealedBlobs {
  readonly blobs: number
  readonly bytes: number
}

export const NOTHING_HEALED: HealedBlobs = { blobs: 0, bytes: 0 }

/**
 * Where a run's new blobs go: threads and packs for data, packs for trees, index files for both.
 *
 * Nothing is made, loaded or started before the first blob: a run that stores nothing costs nothing.
 */
export class RunStore {
  readonly #options: RunStoreOptions
  readonly #keys: RunKeys
  readonly #hashers = new Map<BlobType, KeyedHasher>()
  readonly #packs: SizedPack[] = []
  readonly #indexes: ObjectId[] = []
  /** How well the content that it stored could be compressed. */
  readonly content = new ContentMeasure()
  #unindexed: WrittenPack[] = []
  #unindexedBytes = 0
  #unindexedBlobs = 0
  #lastFlushMs: number
  #flushing: Promise<void> = Promise.resolve()
  #stopTimer: (() => void) | undefined
  #index: Promise<RepositoryIndex> | undefined
  #reader: BlobReader | undefined
  #data: Promise<DataSide> | undefined
  #dataPacks: PackWriter | undefined
  #trees: TreePackWriter | undefined
  #lookedUp: readonly ObjectId[] = []
  #bytes = 0
  #blobCount = 0
  #healed = NOTHING_HEALED
  #failure: { readonly error: unknown } | undefined
  readonly #stopped = new AbortController()

  constructor(options: RunStoreOptions) {
    const { repository, randomness, clock } = options
    this.#options = options
    this.#keys = new RunKeys(repository.id, repository.realm, randomness)
    this.#lastFlushMs = clock.monotonicMs()
  }

  get threads(): number {
    return this.#options.workers.threads
  }

  get chunkerSeed(): Uint8Array {
    return this.#options.repository.realm.chunkerSeed
  }

  get chunker(): ChunkerParameters {
    return this.#options.repository.config.chunker
  }

  get stored(): StoredObjects {
    return {
      packs: this.#packs,
      indexes: this.#indexes,
      bytes: this.#bytes,
      blobs: this.#blobCount,
      healed: this.#healed,
      lookedUp: this.#lookedUp,
    }
  }

  /** How many bytes of packs are made and not durable yet. */
  get bytesWaiting(): number {
    return (this.#dataPacks?.slabs.bytesHeld ?? 0) + (this.#trees?.bytesHeld ?? 0)
  }

  /** An index of this run's own, loaded on first use, with what the run stored. */
  index(): Promise<RepositoryIndex> {
    return (this.#index ??= this.#loadIndex())
  }

  /** The same, if it was asked for by now. */
  get loadedIndex(): Promise<RepositoryIndex> | undefined {
    return this.#index
  }

  /** Reads blobs, trees of this run included once `publishTrees` was called. */
  async blobs(): Promise<BlobReader> {
    const index = await this.index()
    return (this.#reader ??= this.#options.repository.blobsIn(index))
  }

  /** Gives a job to the threads; its memory is theirs from now on. */
  async run(job: BackupJob): Promise<unknown> {
    const data = await this.#dataSide()
    this.#check()
    this.#makeRoom(data)
    try {
      return await data.team.run(job, memoryOf(job))
    } catch (error) {
      // A thread that was waiting for room says only that it was stopped.
      this.#check()
      throw error
    }
  }

  /** Stores a tree, list or detail blob unless it is known; returns its id. The bytes are the store's from now on. */
  async putBlob(type: Exclude<BlobType, 'data'>, bytes: Uint8Array): Promise<BlobId> {
    const index = await this.index()
    let hasher = this.#hashers.get(type)
    if (hasher === undefined) {
      hasher = new KeyedHasher(this.#options.repository.realm.idKey(type))
      this.#hashers.set(type, hasher)
    }
    const id = hasher.hash(bytes) as BlobId
    this.#grow(index, this.#data === undefined ? undefined : await this.#data)
    const entry = index.blobs.claim(id)
    if (entry < 0) return id
    const { repository } = this.#options
    const kept = { treePackKeys: repository.treePackKeys, kept: repository.kept('packs') }
    this.#trees ??= new TreePackWriter({ ...this.#packOptions(index), ...kept }, index.blobs)
    await this.#trees.add({ id, type, entry, bytes })
    return id
  }

  /** Makes all trees of this run readable. */
  async publishTrees(): Promise<void> {
    await this.#trees?.drain()
  }

  /** Makes everything durable and entered into index files. */
  async finish(): Promise<StoredObjects> {
    const ends = await Promise.allSettled([this.#drainData(), this.#trees?.drain()])
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    this.#stopTimer?.()
    await this.#flushing
    this.#check()
    await this.#putIndex(this.#takeUnindexed())
    return this.stored
  }

  /**
   * Lets the threads go and wipes the run's keys. After a failure, packs that are durable are still entered into an
   * index file if the store takes one: the next run then uses them.
   */
  async close(): Promise<void> {
    const data = await this.#data?.catch(() => undefined)
    if (data !== undefined) {
      data.packs.stop()
      // Keys are wiped once nobody encrypts any more: a frame under a wiped key would be readable by everybody.
      await data.team[Symbol.asyncDispose]()
      await data.packs.close()
      for (const port of data.growth) port.close()
    }
    this.#trees?.close()
    this.#stopTimer?.()
    await this.#flushing
    await this.#putIndex(this.#takeUnindexed()).catch((error: unknown) => this.#fail(error))
    this.#keys[Symbol.dispose]()
    const index = await this.#index?.catch(() => undefined)
    index?.[Symbol.dispose]()
    // What the repository knows of its index is of before this run.
    if (this.#packs.length > 0) this.#options.repository.releaseIndex()
  }

  async #drainData(): Promise<void> {
    const data = await this.#data
    if (data === undefined) return
    this.#check()
    await data.team.runOnAll({ type: 'flush' } satisfies BackupJob)
    await data.packs.drain()
    this.#check()
  }

  async #loadIndex(): Promise<RepositoryIndex> {
    const index = await this.#options.repository.indexForRun({ listed: this.#options.listed?.() })
    this.#lookedUp = [...index.indexIds]
    return index
  }

  #dataSide(): Promise<DataSide> {
    this.#data ??= this.#openDataSide()
    return this.#data
  }

  async #openDataSide(): Promise<DataSide> {
    const { repository, workers, randomness } = this.#options
    const index = await this.index()
    const onFailure = (error: unknown): void => this.#fail(error)
    const packs = new PackWriter({ ...this.#packOptions(index), randomness, onFailure })
    this.#dataPacks = packs
    const growth: MessagePort[] = []
    const setupFor = (): { setup: unknown; transfer: MessagePort[] } => {
      const setup: BackupSetup = {
        repository: idBytes(repository.id),
        idKey: repository.realm.idKey('data').slice(),
        chunkerSeed: repository.realm.chunkerSeed.slice(),
        chunker: repository.config.chunker,
        // As it is when a thread joins; what it grows by afterwards is told through its port.
        index: index.blobs.handle,
        slabs: packs.slabs.handle,
      }
      const { port1, port2 } = new MessageChannel()
      port1.unref()
      growth.push(port1)
      return { setup: { ...setup, growth: port2 }, transfer: [port2] }
    }
    const side = { packs, growth, index }
    const team = await workers.open('backup', setupFor, (message) => {
      const told = message as BackupTold
      if ('full' in told) packs.send(told.full)
      else this.#grow(index, side)
    })
    return { ...side, team }
  }

  #packOptions(index: RepositoryIndex) {
    const { repository, randomness } = this.#options
    return {
      driver: repository.driver,
      repository: repository.id,
      instance: repository.instance,
      keys: this.#keys,
      packs: index.packs,
      randomness,
      signal: this.#stopped.signal,
      onWritten: (written: WrittenPack) => this.#written(written, index),
    }
  }

  #written(written: WrittenPack, index: RepositoryIndex): void {
    if (index.lost !== undefined) this.#countHealed(written.tables, index.blobs, index.lost)
    const blobs = written.tables.blobLengths.length
    if (this.#unindexedBlobs + blobs > INDEX_BLOBS_MAX) this.#flushIndex()
    this.#packs.push([written.pack.id, written.pack.bytes])
    if (written.pack.kind === 'data') this.content.add(written.tables)
    this.#unindexed.push(written)
    this.#unindexedBytes += written.pack.bytes
    this.#unindexedBlobs += blobs
    this.#bytes += written.pack.bytes
    this.#blobCount += blobs
    const { clock, flushBytes = FLUSH_BYTES, scheduler = systemScheduler } = this.#options
    const sinceMs = clock.monotonicMs() - this.#lastFlushMs
    if (this.#unindexedBytes >= flushBytes || sinceMs >= FLUSH_INTERVAL_MS) this.#flushIndex()
    // The next pack may be hours away, behind files that have not changed or in a slow source.
    this.#stopTimer ??= scheduler.every(FLUSH_INTERVAL_MS, () => {
      if (this.#unindexed.length > 0) this.#flushIndex()
    })
  }

  #countHealed({ blobIds, blobLengths }: PackTables, index: BlobIndex, lost: BitSet): void {
    let { blobs, bytes } = this.#healed
    for (const [row, length] of blobLengths.entries()) {
      const entry = index.find(blobIds, row * BLOB_ID_BYTES)
      if (entry < 0 || !lost.has(entry)) continue
      blobs++
      bytes += length
    }
    this.#healed = { blobs, bytes }
  }

  /** Enters all that is durable by now into an index file, one after the other. */
  #flushIndex(): void {
    const written = this.#takeUnindexed()
    const flush = this.#flushing.then(() => this.#putIndex(written))
    this.#flushing = flush.catch((error: unknown) => this.#fail(error))
  }

  #takeUnindexed(): readonly WrittenPack[] {
    const written = this.#unindexed
    this.#unindexed = []
    this.#unindexedBytes = 0
    this.#unindexedBlobs = 0
    this.#lastFlushMs = this.#options.clock.monotonicMs()
    return written
  }

  async #putIndex(written: readonly WrittenPack[]): Promise<void> {
    if (written.length === 0) return
    // What several packs took, nobody has collected yet, and the C library keeps: beside an index it would be the peak.
    if (written.length > PACKS_FEW) {
      collectGarbage()
      giveBackMemory()
    }
    const { repository } = this.#options
    try {
      const { id, parts, bytes } = await repository.records.put('index', buildIndex(written), repository.instance)
      this.#indexes.push(id)
      this.#bytes += bytes
      repository.kept('index')?.keep(id, parts)
    } catch (error) {
      // The last attempt comes when the run is closed.
      this.#unindexed.push(...written)
      throw error
    }
  }

  /** Ends all writing: whoever waits for room gives up, and `finish` throws. */
  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#stopped.abort(error)
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #makeRoom(data: DataSide): void {
    this.#grow(data.index, data)
  }

  #grow(index: RepositoryIndex, data: Pick<DataSide, 'growth'> | undefined): void {
    for (const growth of index.blobs.ensure(INDEX_HEADROOM)) {
      for (const port of data?.growth ?? []) port.postMessage(growth)
    }
  }
}

interface DataSide {
  readonly team: Team
  readonly packs: PackWriter
  readonly growth: readonly MessagePort[]
  readonly index: RepositoryIndex
}

/** What of a job goes over to a thread instead of being copied. */
function memoryOf(job: BackupJob): ArrayBuffer[] {
  switch (job.type) {
    case 'files':
      return [job.rows.buffer as ArrayBuffer, job.names.buffer as ArrayBuffer]
    case 'bytes':
      return [job.bytes.buffer as ArrayBuffer]
    case 'chunks':
    case 'flush':
      return []
  }
}
