import type { ObjectId } from '../base/ids.ts'
import type { Driver } from '../storage/driver.ts'
import { KeptObjects } from './kept-objects.ts'
import type { LocalCache } from './local-cache.ts'

/**
 * Keeps packs of trees whole in the local cache: whoever looks into a point looks into it again.
 *
 * What it returns is as trustworthy as the store, no more: frames verify themselves.
 */
export class TreePackCache {
  readonly #driver: Driver
  readonly #kept: KeptObjects
  readonly #fetching = new Map<ObjectId, Promise<Uint8Array>>()
  /** The pack used last: its frames mostly are wanted one soon after the other. */
  #last: { readonly id: ObjectId; readonly bytes: Uint8Array } | undefined

  constructor(driver: Driver, cache: LocalCache, limits: { readonly bytesMax?: number } = {}) {
    this.#driver = driver
    this.#kept = new KeptObjects(cache, { driver, kind: 'packs', ...limits })
  }

  /** Returns a pack whole; it stays the cache's. `bytes` is its size by the index. */
  async read(id: ObjectId, bytes: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (this.#last?.id === id) return this.#last.bytes
    let pack = this.#kept.read(id)
    if (pack?.byteLength !== bytes) pack = await this.#fetch(id, signal)
    this.#last = { id, bytes: pack }
    return pack
  }

  /** Forgets a pack whose bytes turned out not to verify. */
  forget(id: ObjectId): void {
    if (this.#last?.id === id) this.#last = undefined
    this.#kept.forget([id])
  }

  #fetch(id: ObjectId, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const known = this.#fetching.get(id)
    if (known !== undefined) return known
    const fetching = this.#driver
      .get({ kind: 'packs', id }, undefined, signal)
      .then((bytes) => {
        this.#kept.keep(id, [bytes])
        return bytes
      })
      .finally(() => this.#fetching.delete(id))
    this.#fetching.set(id, fetching)
    return fetching
  }
}
