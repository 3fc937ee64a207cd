import type { ObjectId } from '../base/ids.ts'
import type { LocalCache } from './local-cache.ts'

const PREFIX = 'frame-'
/** How full the cache is once what was used longest ago has gone. */
const FULL_AFTER = 0.9

/** A frame as its pack holds it. */
export interface StoredFrame {
  readonly pack: ObjectId
  readonly offset: number
  readonly storedBytes: number
}

/**
 * Keeps the ciphertext of frames of a store that is not on this machine, those used last, up to a number of bytes.
 *
 * Several processes may share it: each counts what it adds, and counts all anew when there is too much. Everything is
 * synchronous.
 */
export class FrameDiskCache {
  readonly #cache: LocalCache
  readonly #bytesMax: number
  /** As far as this process knows. */
  #bytes: number | undefined

  /** @param bytesMax a larger frame is not kept. */
  constructor(cache: LocalCache, bytesMax: number) {
    this.#cache = cache
    this.#bytesMax = bytesMax
  }

  /** Returns the ciphertext of a frame, freshly allocated, or `undefined`: damaged files are as good as none. */
  read(frame: StoredFrame): Uint8Array | undefined {
    const name = nameOf(frame)
    const sealed = this.#cache.read(name)
    if (sealed?.byteLength !== frame.storedBytes) return undefined
    this.#cache.touch(name)
    return sealed
  }

  keep(frame: StoredFrame, sealed: Uint8Array): void {
    if (sealed.byteLength > this.#bytesMax || !this.#cache.write(nameOf(frame), [sealed])) return
    this.#bytes = this.#bytes === undefined ? this.#count() : this.#bytes + sealed.byteLength
    if (this.#bytes > this.#bytesMax) this.#makeRoom()
  }

  #count(): number {
    return this.#cache.list(PREFIX).reduce((sum, { bytes }) => sum + bytes, 0)
  }

  #makeRoom(): void {
    const kept = this.#cache.list(PREFIX).sort((a, b) => a.usedMs - b.usedMs)
    let total = kept.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { name, bytes } of kept) {
      if (total <= this.#bytesMax * FULL_AFTER) break
      this.#cache.remove(name)
      total -= bytes
    }
    this.#bytes = total
  }
}

function nameOf({ pack, offset }: StoredFrame): string {
  return `${PREFIX}${pack}-${offset}`
}
