import { present } from '../../src/base/assert.ts'
import type { BlobId } from '../../src/base/ids.ts'
import { giveBackMemory } from '../../src/base/posix/free-memory.ts'
import type { PointFrames } from '../../src/engine/point-view-frames.ts'
import type { FileContent } from '../../src/engine/point-view-layout.ts'
import type { BlockStore } from '../tree/block-store.ts'
import { encodeLayout } from './layout-block.ts'
import type { BlockRef } from '../tree/node-table.ts'
import type { FrameCache, PieceKey } from './frame-cache.ts'
import { PackKeys } from './pack-keys.ts'
import { type FramesNews, ThreadFrames } from './thread-frames.ts'

/** How often room is looked for in the cache, and how long it takes to the next time. */
const ROOM_TRIES = 500
const ROOM_MS = 2
/** After that a request to the store is made anew by whoever asks next. */
const FETCH_MS_MAX = 60_000

export interface ContentProviderOptions {
  readonly frames: PointFrames
  readonly cache: FrameCache
  readonly blocks: BlockStore
  /** Tells all threads. */
  readonly tell: (news: FramesNews) => void
}

/** Brings into shared memory what threads lack to read files. On the main thread. */
export class ContentProvider implements Disposable {
  /** What this thread itself knows. */
  readonly known = new ThreadFrames()
  readonly #options: ContentProviderOptions
  readonly #dataIdKey = new SharedArrayBuffer(32)
  #index: Extract<FramesNews, { type: 'index' }> | undefined
  #packKeys = PackKeys.create(0)
  /** By frame, of the newest index. */
  readonly #fetching = new Map<number, Promise<void>>()

  constructor(options: ContentProviderOptions) {
    this.#options = options
    const key = options.frames.dataIdKey()
    new Uint8Array(this.#dataIdKey).set(key)
    key.fill(0)
    this.#followIndex()
  }

  /** What a thread is told when it begins. */
  get index(): FramesNews {
    return present(this.#index, 'an index')
  }

  /** Makes the block that says where the bytes of a file are. */
  async layout(file: FileContent): Promise<BlockRef> {
    const layout = await this.#options.frames.layout(file)
    this.#followIndex()
    return this.#options.blocks.put(undefined, encodeLayout({ size: file.size, ...layout }))
  }

  /** Tells all threads how to open a pack, and others that will be wanted soon. */
  async packs(epoch: number, row: number): Promise<void> {
    const packs = await this.#options.frames.packs(epoch, row)
    this.#followIndex()
    if (packs === undefined || epoch !== this.#options.frames.handle.epoch) return
    const news = packs.filter((pack) => !this.#packKeys.isKnown(pack.row))
    for (const pack of packs) this.#packKeys.set(pack)
    if (news.length === 0) return
    this.#tell({ type: 'packs', epoch, places: news.map(({ row, id, file }) => ({ row, id, file })) })
  }

  /** Fetches ciphertext that is not there: the first frame is wanted now, the others will be. */
  async fetch(epoch: number, frames: readonly number[], signal: AbortSignal): Promise<void> {
    const { cache } = this.#options
    const [first = -1] = frames
    const missing = frames.filter((number) => {
      const isThere = cache.has({ kind: 'frame', epoch, number }) || cache.has({ kind: 'sealed', epoch, number })
      return !isThere && !this.#fetching.has(number)
    })
    // What is wanted now is on its way, with others: what lies behind those is asked for once they are there.
    if (missing.length > 0 && !this.#fetching.has(first)) {
      const fetching = this.#fetch(epoch, missing).finally(() => {
        for (const number of missing) if (this.#fetching.get(number) === fetching) this.#fetching.delete(number)
      })
      fetching.catch(() => undefined)
      for (const number of missing) this.#fetching.set(number, fetching)
    }
    signal.throwIfAborted()
    await this.#fetching.get(first)
  }

  /** Puts a blob into the cache whose frame cannot be had, from wherever else it is. */
  async blob(id: Uint8Array, signal: AbortSignal): Promise<void> {
    const plain = await this.#options.frames.readBlob(id as BlobId, signal)
    this.#followIndex()
    const { decoder } = this.known
    const entry = decoder.find(id, 0)
    if (entry >= 0) await this.#put({ kind: 'blob', epoch: decoder.epoch, number: entry }, plain)
  }

  [Symbol.dispose](): void {
    this.known[Symbol.dispose]()
    this.#packKeys.wipe()
    new Uint8Array(this.#dataIdKey).fill(0)
  }

  async #fetch(epoch: number, frames: readonly number[]): Promise<void> {
    const putting: Promise<void>[] = []
    await this.#options.frames.fetch(epoch, frames, {
      // Others may wait for it when who asked first no longer does.
      signal: AbortSignal.timeout(FETCH_MS_MAX),
      onFrame: (number, sealed) => putting.push(this.#put({ kind: 'sealed', epoch, number }, sealed)),
    })
    await Promise.all(putting)
  }

  /** Copies a piece into the cache, once there is room for it. */
  async #put(key: PieceKey, bytes: Uint8Array): Promise<void> {
    const { cache } = this.#options
    for (let tries = 0; tries < ROOM_TRIES && !cache.has(key); tries++) {
      const room = cache.reserve(key, bytes.byteLength)
      if (room !== undefined) {
        room.set(bytes)
        const { slot } = cache
        cache.publish(slot, true)
        cache.unpin(slot)
        return
      }
      await new Promise((resolve) => setTimeout(resolve, ROOM_MS))
    }
  }

  /** Tells all threads of an index that was loaded since. */
  #followIndex(): void {
    const { handle } = this.#options.frames
    if (this.#index?.handle.epoch === handle.epoch) return
    const isReplaced = this.#index !== undefined
    this.#packKeys.wipe()
    this.#packKeys = PackKeys.create(handle.packs)
    this.#fetching.clear()
    this.#index = { type: 'index', handle, packKeys: this.#packKeys.buffer, dataIdKey: this.#dataIdKey }
    this.#tell(this.#index)
    // Loading leaves holes in the heap of every thread that took part; with each point there are more.
    if (isReplaced) giveBackMemory()
  }

  #tell(news: FramesNews): void {
    this.known.learn(news)
    this.#options.tell(news)
  }
}
