import { assert, present } from '../base/assert.ts'
import { IntegrityError, isNotFound } from '../base/errors.ts'
import { type BlobId, idBytes } from '../base/ids.ts'
import type { BlobType } from '../format/pack.ts'
import type { TreeEntry } from '../format/tree.ts'
import type { BlobReader } from '../repository/blob-reader.ts'
import type { FrameDiskCache } from '../repository/frame-disk-cache.ts'
import { coalesce } from '../repository/frame-ranges.ts'
import type { Repository } from '../repository/repository.ts'
import type { RepositoryIndex } from '../repository/repository-index.ts'
import { getAvailable } from '../storage/get-available.ts'
import type { FetchOptions, FramesHandle, PackAccess, PointFrames } from './point-view-frames.ts'
import { readInParts } from './point-view-directory.ts'
import { type FileContent, type FileLayout, layoutOf, type PointBlobs } from './point-view-layout.ts'

/** Decoded frames that are kept on the main thread: trees, mostly, which are looked into again and again. */
const CACHE_BYTES = 12 << 20
const NOTHING = new Uint8Array()
/** Rows before and behind a pack that are looked at for packs of the same run. */
const PACKS_AROUND = 128

/**
 * Opens the files of all points of a repository, which stays the caller's and whose index nobody else releases.
 *
 * @param frameCache keeps what is fetched of a store that is not on this machine.
 */
export async function openPointFrames(repository: Repository, frameCache?: FrameDiskCache): Promise<PointFrames> {
  return new RepositoryFrames(repository, { index: await repository.index(), frameCache })
}

interface RepositoryFramesOptions {
  readonly index: RepositoryIndex
  readonly frameCache: FrameDiskCache | undefined
}

class RepositoryFrames implements PointFrames {
  readonly blobs: PointBlobs
  readonly #repository: Repository
  #index: RepositoryIndex
  #reader: BlobReader
  #epoch = 1
  #refreshing: Promise<boolean> | undefined
  readonly #frameCache: FrameDiskCache | undefined

  constructor(repository: Repository, { index, frameCache }: RepositoryFramesOptions) {
    this.#repository = repository
    this.#frameCache = frameCache
    this.#index = index
    this.#reader = repository.blobsIn(index, { cacheBytesMax: CACHE_BYTES })
    this.blobs = {
      index: {
        find: (id, offset) => this.#index.blobs.find(id, offset),
        location: (entry) => this.#index.blobs.location(entry),
      },
      readAll: async (ids, type) => this.#readAll(ids, type),
    }
  }

  get handle(): FramesHandle {
    return {
      epoch: this.#epoch,
      index: this.#index.blobs.handle,
      packs: this.#index.packs.size,
      repositoryIdBytes: idBytes(this.#repository.id),
    }
  }

  dataIdKey(): Uint8Array {
    // A copy for certain: `slice` of what may be a Buffer is a view, and the receiver wipes it.
    return new Uint8Array(this.#repository.realm.idKey('data'))
  }

  async *directory(trees: Uint8Array): AsyncGenerator<readonly TreeEntry[]> {
    for await (const { entries } of readInParts(this.blobs, trees)) yield entries
  }

  async layout(file: FileContent): Promise<FileLayout> {
    return this.#withNewerIndex(async () => layoutOf(this.blobs, file))
  }

  async packs(epoch: number, row: number): Promise<readonly PackAccess[] | undefined> {
    if (epoch !== this.#epoch) return undefined
    const { packs } = this.#index
    const { writerKey } = packs.row(row)
    const access: PackAccess[] = []
    const first = Math.max(0, row - PACKS_AROUND)
    for (let other = first; other < Math.min(packs.size, row + PACKS_AROUND); other++) {
      const pack = packs.at(other)
      if (pack?.writerKey === writerKey && pack.kind === 'data') access.push(this.#access(other))
    }
    return access
  }

  async fetch(epoch: number, frames: readonly number[], { signal, onFrame }: FetchOptions): Promise<void> {
    if (epoch !== this.#epoch) return
    const { blobs, packs } = this.#index
    const { driver } = this.#repository
    const missing = frames.filter((frame) => !this.#takeKept(frame, onFrame))
    const byPack = Map.groupBy(missing, (frame) => blobs.frames.get(frame).pack)
    const fetches = [...byPack].flatMap(([row, wanted]) => {
      const name = { kind: 'packs', id: packs.row(row).id } as const
      const ranges = coalesce(wanted.map((frame) => ({ frame, ...blobs.frames.get(frame) })))
      return ranges.map(async (range) => {
        const bytes = await orNothing(getAvailable(driver, name, range, signal))
        for (const { frame, offset, storedBytes } of range.frames) {
          const sealed = bytes.subarray(offset - range.offset, offset - range.offset + storedBytes)
          const isWhole = sealed.byteLength === storedBytes
          onFrame(frame, isWhole ? sealed : NOTHING)
          if (isWhole) this.#frameCache?.keep({ pack: name.id, offset, storedBytes }, sealed)
        }
      })
    })
    await Promise.all(fetches)
  }

  async readBlob(id: BlobId, signal: AbortSignal): Promise<Uint8Array> {
    const [plain] = await this.#withNewerIndex(async () => this.#reader.readAll([id], 'data', signal))
    return present(plain, 'the blob that was read')
  }

  [Symbol.dispose](): void {
    this.#reader.clear()
  }

  /** Hands on a frame that is kept on this machine; tells whether it is. */
  #takeKept(frame: number, onFrame: FetchOptions['onFrame']): boolean {
    if (this.#frameCache === undefined) return false
    const { blobs, packs } = this.#index
    const { pack, offset, storedBytes } = blobs.frames.get(frame)
    const sealed = this.#frameCache.read({ pack: packs.row(pack).id, offset, storedBytes })
    if (sealed === undefined) return false
    onFrame(frame, sealed)
    return true
  }

  #access(row: number): PackAccess {
    const { id, firstFrame } = this.#index.packs.row(row)
    assert(firstFrame !== undefined, 'a pack is read after its index was loaded')
    const file = this.#repository.driver.localFile({ kind: 'packs', id })
    return { row, id, firstFrame, file, key: this.#index.packKey(row) }
  }

  async #readAll(ids: readonly BlobId[], type: BlobType): Promise<Uint8Array[]> {
    return this.#withNewerIndex(async () => this.#reader.readAll(ids, type))
  }

  /** Tries again with the index as the store has it now, where this one leads nowhere. */
  async #withNewerIndex<T>(read: () => Promise<T>): Promise<T> {
    const epoch = this.#epoch
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof IntegrityError) || error.code !== 'BLOB_MISSING') throw error
      if (epoch === this.#epoch && !(await this.#refresh())) throw error
      return read()
    }
  }

  /** Loads the index again if the store has another one by now. */
  async #refresh(): Promise<boolean> {
    this.#refreshing ??= this.#load().finally(() => (this.#refreshing = undefined))
    return this.#refreshing
  }

  async #load(): Promise<boolean> {
    const listed = new Set(this.#index.listedIds)
    const now = await this.#repository.records.list('index')
    if (now.length === listed.size && now.every((id) => listed.has(id))) return false
    this.#repository.releaseIndex()
    this.#index = await this.#repository.index()
    this.#reader = this.#repository.blobsIn(this.#index, { cacheBytesMax: CACHE_BYTES })
    this.#epoch++
    return true
  }
}

/** Of a pack that is gone, nothing is there; another one may hold the same. */
async function orNothing(fetched: Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await fetched
  } catch (error) {
    if (isNotFound(error)) return NOTHING
    throw error
  }
}
