import type { ObjectId } from '../base/ids.ts'
import type { Driver } from '../storage/driver.ts'
import type { LocalCache } from './local-cache.ts'

/**
 * What of each kind is kept at most, in bytes, and what names in the cache begin with. Packs are those of trees; index files are those that
 * this machine wrote, until it merges them.
 */
const KINDS = {
  packs: { prefix: 'packs-', bytesMax: 512 << 20 },
  index: { prefix: 'written-index-', bytesMax: 128 << 20 },
} as const

export interface KeptObjectsOptions {
  readonly driver: Pick<Driver, 'localFile'>
  readonly kind: keyof typeof KINDS
  /** Of all that is kept of the kind. */
  readonly bytesMax?: number
}

/**
 * Keeps whole objects of one kind in the local cache; those kept longest go first. Nothing is kept of a store whose files lie on this
 * machine anyway.
 */
export class KeptObjects {
  readonly #cache: LocalCache
  readonly #options: KeptObjectsOptions

  constructor(cache: LocalCache, options: KeptObjectsOptions) {
    this.#cache = cache
    this.#options = options
  }

  /** Returns an object as it was put or fetched, freshly allocated, or `undefined`. */
  read(id: ObjectId): Uint8Array | undefined {
    return this.#cache.read(this.#nameOf(id))
  }

  /** Keeps an object that the store has: `parts`, one after the other. */
  keep(id: ObjectId, parts: readonly Uint8Array[]): void {
    const { driver, kind, bytesMax = KINDS[kind].bytesMax } = this.#options
    if (driver.localFile({ kind, id }) !== undefined) return
    const kept = this.#cache.list(KINDS[kind].prefix).sort((a, b) => a.usedMs - b.usedMs)
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
    let total = kept.reduce((sum, entry) => sum + entry.bytes, bytes)
    for (const entry of kept) {
      if (total <= bytesMax) break
      this.#cache.remove(entry.name)
      total -= entry.bytes
    }
    if (total <= bytesMax) this.#cache.write(this.#nameOf(id), parts)
  }

  /** Forgets those of `ids` that are kept. */
  forget(ids: readonly ObjectId[]): void {
    const kept = this.#cache.list(KINDS[this.#options.kind].prefix)
    if (kept.length === 0) return
    const names = new Set(ids.map((id) => this.#nameOf(id)))
    for (const { name } of kept) if (names.has(name)) this.#cache.remove(name)
  }

  #nameOf(id: ObjectId): string {
    return `${KINDS[this.#options.kind].prefix}${id}`
  }
}
