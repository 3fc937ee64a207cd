import type { ObjectId } from '../base/ids.ts'
import { BoundedCache } from './bounded-cache.ts'
import type { LocalCache } from './local-cache.ts'

/** A frame as its pack holds it. */
export interface StoredFrame {
  readonly pack: ObjectId
  readonly offset: number
  readonly storedBytes: number
}

/** Keeps the ciphertext of frames of a store that is not on this machine, those used last, up to a number of bytes. */
export class FrameDiskCache {
  readonly #frames: BoundedCache

  /** @param bytesMax a larger frame is not kept. */
  constructor(cache: LocalCache, bytesMax: number) {
    this.#frames = new BoundedCache(cache, { prefix: 'frame-', bytesMax })
  }

  /** Returns the ciphertext of a frame, freshly allocated, or `undefined`: damaged files are as good as none. */
  read(frame: StoredFrame): Uint8Array | undefined {
    const name = nameOf(frame)
    const sealed = this.#frames.read(name)
    if (sealed?.byteLength !== frame.storedBytes) return undefined
    this.#frames.touch(name)
    return sealed
  }

  keep(frame: StoredFrame, sealed: Uint8Array): void {
    this.#frames.keep(nameOf(frame), [sealed])
  }
}

function nameOf({ pack, offset }: StoredFrame): string {
  return `${pack}-${offset}`
}
