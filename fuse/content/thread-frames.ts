import { present } from '../../src/base/assert.ts'
import { collectGarbage } from '../../src/base/collect-garbage.ts'
import { FrameDecoder } from '../../src/engine/point-view-decoder.ts'
import type { FramesHandle } from '../../src/engine/point-view-frames.ts'
import { PackKeys, type PackPlace } from './pack-keys.ts'

/** What a thread is told of the repository, at first and whenever there is something new. */
export type FramesNews =
  | {
      readonly type: 'index'
      readonly handle: FramesHandle
      readonly packKeys: SharedArrayBuffer
      /** 32 bytes: the key of data blobs' ids. */
      readonly dataIdKey: SharedArrayBuffer
    }
  | { readonly type: 'packs'; readonly epoch: number; readonly places: readonly PackPlace[] }

/** A pack as one thread may open it. */
export interface ThreadPack {
  readonly id: string
  /** A view of shared memory. */
  readonly key: Uint8Array
  readonly firstFrame: number
  readonly file: string | undefined
}

/** What one thread knows of frames and packs: as much as it was told. */
export class ThreadFrames implements Disposable {
  #current: { readonly decoder: FrameDecoder; readonly keys: PackKeys } | undefined
  readonly #packs = new Map<number, ThreadPack>()

  /** Of the newest index. */
  get decoder(): FrameDecoder {
    return present(this.#current, 'an index').decoder
  }

  learn(news: FramesNews): void {
    if (news.type === 'index') {
      this.#current?.decoder[Symbol.dispose]()
      this.#packs.clear()
      const decoder = new FrameDecoder(news.handle, new Uint8Array(news.dataIdKey))
      const isReplaced = this.#current !== undefined
      this.#current = { decoder, keys: new PackKeys(news.packKeys) }
      if (isReplaced) collectGarbage()
      return
    }
    const { decoder, keys } = present(this.#current, 'an index')
    if (news.epoch !== decoder.epoch) return
    for (const { row, id, file } of news.places) {
      this.#packs.set(row, { id, file, key: keys.key(row), firstFrame: keys.firstFrame(row) })
    }
  }

  /** Returns a pack of the newest index, or `undefined` while nobody has told of it. */
  pack(row: number): ThreadPack | undefined {
    return this.#packs.get(row)
  }

  [Symbol.dispose](): void {
    this.#current?.decoder[Symbol.dispose]()
  }
}
