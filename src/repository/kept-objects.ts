import type { ObjectId } from '../base/ids.ts'
import type { Driver } from '../storage/driver.ts'
import { BoundedCache } from './bounded-cache.ts'
import type { LocalCache } from './local-cache.ts'

/** Packs of trees, and index files that this machine wrote and has not merged yet: `index-` is where it keeps what it merged. */
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

/** Keeps whole objects of one kind in the local cache, within a bound; none of a store whose files lie on this machine anyway. */
export class KeptObjects {
  readonly #objects: BoundedCache
  readonly #options: KeptObjectsOptions

  constructor(cache: LocalCache, options: KeptObjectsOptions) {
    const { kind, bytesMax = KINDS[kind].bytesMax } = options
    this.#objects = new BoundedCache(cache, { prefix: KINDS[kind].prefix, bytesMax })
    this.#options = options
  }

  /** Returns an object as it was put or fetched, freshly allocated, or `undefined`. */
  read(id: ObjectId): Uint8Array | undefined {
    return this.#objects.read(id)
  }

  /** Keeps an object that the store has: `parts`, one after the other. */
  keep(id: ObjectId, parts: readonly Uint8Array[]): void {
    const { driver, kind } = this.#options
    if (driver.localFile({ kind, id }) === undefined) this.#objects.keep(id, parts)
  }

  /** Forgets those of `ids` that are kept. */
  forget(ids: readonly ObjectId[]): void {
    this.#objects.forget(ids)
  }
}
