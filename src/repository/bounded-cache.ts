import type { LocalCache } from './local-cache.ts'

/** How full it is once the oldest have gone. */
const FULL_AFTER = 0.9

export interface BoundedCacheOptions {
  /** What names in the local cache begin with. */
  readonly prefix: string
  /** Of all contents; what is larger by itself is not kept. */
  readonly bytesMax: number
}

/**
 * Keeps contents of one kind in the local cache, up to a number of bytes; those that were written or touched longest ago go first.
 *
 * Several processes may share it: each counts what it adds, and counts all anew when there is too much. Everything is
 * synchronous.
 */
export class BoundedCache {
  readonly #cache: LocalCache
  readonly #prefix: string
  readonly #bytesMax: number
  /** As far as this process knows. */
  #bytes: number | undefined

  constructor(cache: LocalCache, { prefix, bytesMax }: BoundedCacheOptions) {
    this.#cache = cache
    this.#prefix = prefix
    this.#bytesMax = bytesMax
  }

  /** Returns what is kept under `name`, freshly allocated, or `undefined`: what is damaged is as good as none. */
  read(name: string): Uint8Array | undefined {
    return this.#cache.read(`${this.#prefix}${name}`)
  }

  /** Notes that what is kept under `name` was used just now. */
  touch(name: string): void {
    this.#cache.touch(`${this.#prefix}${name}`)
  }

  /** Keeps `parts`, one after the other, under `name`. */
  keep(name: string, parts: readonly Uint8Array[]): void {
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
    if (bytes > this.#bytesMax || !this.#cache.write(`${this.#prefix}${name}`, parts)) return
    this.#bytes = this.#bytes === undefined ? this.#count() : this.#bytes + bytes
    if (this.#bytes > this.#bytesMax) this.#makeRoom()
  }

  /** Forgets those of `names` that are kept. */
  forget(names: readonly string[]): void {
    const kept = this.#cache.list(this.#prefix)
    if (kept.length === 0) return
    const forgotten = new Set(names.map((name) => `${this.#prefix}${name}`))
    for (const { name } of kept) if (forgotten.has(name)) this.#cache.remove(name)
  }

  #count(): number {
    return this.#cache.list(this.#prefix).reduce((sum, { bytes }) => sum + bytes, 0)
  }

  #makeRoom(): void {
    const kept = this.#cache.list(this.#prefix).sort((a, b) => a.usedMs - b.usedMs)
    let total = kept.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { name, bytes } of kept) {
      if (total <= this.#bytesMax * FULL_AFTER) break
      this.#cache.remove(name)
      total -= bytes
    }
    this.#bytes = total
  }
}
