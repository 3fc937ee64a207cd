import type { ObjectId } from '../base/ids.ts'
import type { Driver } from '../storage/driver.ts'
import type { LocalCache } from './local-cache.ts'

const PREFIX = 'packs-'
/** Bytes of packs kept in all; the oldest go first. */
export const TREE_PACKS_BYTES_MAX = 512 << 20

/**
 * Keeps packs of trees whole in the local cache: whoever looks into a point looks into it again.
 *
 * What it returns is as trustworthy as the store, no more: frames verify themselves.
 */
export class TreePackCache {
  readonly #driver: Driver
  readonly #cache: LocalCache
  readonly #bytesMax: number
  readonly #fetching = new Map<ObjectId, Promise<Uint8Array>>()
  /** The pack used last: its frames mostly are wanted one soon after the other. */
  #last: { readonly id: ObjectId; readonly bytes: Uint8Array } | undefined

  constructor(driver: Driver, cache: LocalCache, bytesMax = TREE_PACKS_BYTES_MAX) {
    this.#driver = driver
    this.#cache = cache
    this.#bytesMax = bytesMax
  }

  /** Returns a pack whole; it stays the cache's. `bytes` is its size by the index. */
  async read(id: ObjectId, bytes: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (this.#last?.id === id) return this.#last.bytes
    let pack = this.#cache.read(`${PREFIX}${id}`)
    if (pack?.byteLength !== bytes) pack = await this.#fetch(id, signal)
    this.#last = { id, bytes: pack }
    return pack
  }

  /** Forgets a pack whose bytes turned out not to verify. */
  forget(id: ObjectId): void {
    if (this.#last?.id === id) this.#last = undefined
    this.#cache.remove(`${PREFIX}${id}`)
  }

  #fetch(id: ObjectId, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const known = this.#fetching.get(id)
    if (known !== undefined) return known
    const fetching = this.#driver
      .get({ kind: 'packs', id }, undefined, signal)
      .then((bytes) => {
        this.#keep(id, bytes)
        return bytes
      })
      .finally(() => this.#fetching.delete(id))
    this.#fetching.set(id, fetching)
    return fetching
  }

  #keep(id: ObjectId, bytes: Uint8Array): void {
    const kept = this.#cache.list(PREFIX).sort((a, b) => a.usedMs - b.usedMs)
    let total = kept.reduce((sum, entry) => sum + entry.bytes, bytes.byteLength)
    for (const entry of kept) {
      if (total <= this.#bytesMax) break
      this.#cache.remove(entry.name)
      total -= entry.bytes
    }
    if (total <= this.#bytesMax) this.#cache.write(`${PREFIX}${id}`, [bytes])
  }
}
