import { IntegrityError, StorageError } from '../base/errors.ts'
import { idBytes, type RepositoryId } from '../base/ids.ts'
import { runAll } from '../base/run-all.ts'
import { wipe } from '../crypto/secret.ts'
import type { Driver } from '../storage/driver.ts'
import { getAvailable } from '../storage/get-available.ts'
import { rangeOutside } from '../storage/object-errors.ts'
import { decodeFrame } from './frame-codec.ts'
import { coalesce, type FrameRange, type WantedFrame } from './frame-ranges.ts'
import type { LocalCache } from './local-cache.ts'
import type { PackRow } from './pack-table.ts'
import type { RepositoryIndex } from './repository-index.ts'
import { TreePackCache } from './tree-pack-cache.ts'

export interface FrameReaderOptions {
  readonly driver: Driver
  readonly repository: RepositoryId
  readonly index: RepositoryIndex
  readonly cache?: LocalCache | undefined
}

/** What became of one frame: its decoded payload, or why there is none. */
export type FrameOutcome = Uint8Array | StorageError | IntegrityError

/** Told of every frame as soon as it is decoded or lost. The payload is the receiver's. */
export type OnFrame = (frame: number, outcome: FrameOutcome) => void

/** Fetches frames with few requests and decodes them. */
export class FrameReader {
  readonly #driver: Driver
  readonly #repository: Uint8Array
  readonly #index: RepositoryIndex
  readonly #treePacks: TreePackCache | undefined

  constructor({ driver, repository, index, cache }: FrameReaderOptions) {
    this.#driver = driver
    this.#repository = idBytes(repository)
    this.#index = index
    this.#treePacks = cache === undefined ? undefined : new TreePackCache(driver, cache)
  }

  /**
   * Fetches and decodes frames, rows of the frame table, each once; neighbours in one request, as many requests at once
   * as the store serves well. Damage is an outcome; a store that does not answer, or keys that are missing, end it.
   */
  async read(frames: Iterable<number>, onFrame: OnFrame, signal?: AbortSignal): Promise<void> {
    const byPack = new Map<number, WantedFrame[]>()
    for (const frame of frames) {
      const { pack, offset, storedBytes } = this.#index.blobs.frames.get(frame)
      const wanted = byPack.get(pack)
      if (wanted === undefined) byPack.set(pack, [{ frame, offset, storedBytes }])
      else wanted.push({ frame, offset, storedBytes })
    }
    const tasks: (() => Promise<void>)[] = []
    for (const [row, wanted] of byPack) {
      const pack = this.#index.packs.row(row)
      const ranges = this.#isKeptWhole(pack) ? [{ offset: 0, length: pack.bytes, frames: wanted }] : coalesce(wanted)
      for (const range of ranges) tasks.push(() => this.#readRange(row, range, onFrame, signal))
    }
    await runAll(tasks, this.#driver.capabilities.concurrency)
  }

  async #readRange(row: number, range: FrameRange, onFrame: OnFrame, signal: AbortSignal | undefined): Promise<void> {
    const pack = this.#index.packs.row(row)
    let bytes: Uint8Array
    let key: Uint8Array
    try {
      bytes = await this.#fetch(pack, range, signal)
      key = this.#index.packKey(row)
    } catch (error) {
      const lost = lostFrames(error)
      for (const { frame } of range.frames) onFrame(frame, lost)
      return
    }
    try {
      for (const wanted of range.frames) onFrame(wanted.frame, this.#decode(pack, { key, wanted, range, bytes }))
    } finally {
      wipe(key)
    }
  }

  async #fetch(pack: PackRow, range: FrameRange, signal: AbortSignal | undefined): Promise<Uint8Array> {
    if (this.#treePacks !== undefined && this.#isKeptWhole(pack)) {
      return this.#treePacks.read(pack.id, pack.bytes, signal)
    }
    return getAvailable(this.#driver, { kind: 'packs', id: pack.id }, range, signal)
  }

  #decode(
    pack: PackRow,
    from: { key: Uint8Array; wanted: WantedFrame; range: FrameRange; bytes: Uint8Array },
  ): FrameOutcome {
    const { key, wanted, range, bytes } = from
    const start = wanted.offset - range.offset
    const sealed = bytes.subarray(start, start + wanted.storedBytes)
    const { rawBytes } = this.#index.blobs.frames.get(wanted.frame)
    try {
      if (sealed.byteLength < wanted.storedBytes) throw rangeOutside({ kind: 'packs', id: pack.id })
      return decodeFrame(
        {
          key,
          repositoryIdBytes: this.#repository,
          number: this.#index.frameNumber(wanted.frame),
          sealed,
          rawBytes,
          pack: pack.id,
        },
        new Uint8Array(rawBytes),
      )
    } catch (error) {
      if (!(error instanceof IntegrityError || error instanceof StorageError)) throw error
      // What was kept may be older than a repaired store.
      this.#treePacks?.forget(pack.id)
      return error
    }
  }

  /** Packs of trees are small and looked into again; a copy of a file on this machine would gain nothing. */
  #isKeptWhole(pack: PackRow): boolean {
    if (this.#treePacks === undefined || pack.kind !== 'tree') return false
    return this.#driver.localFile({ kind: 'packs', id: pack.id }) === undefined
  }
}

/** Returns the error when it says that the bytes are gone for good, or were never ours; throws every other. */
function lostFrames(error: unknown): StorageError | IntegrityError {
  if (error instanceof IntegrityError) return error
  if (error instanceof StorageError && (error.code === 'NOT_FOUND' || error.code === 'OUT_OF_RANGE')) return error
  throw error
}
