export interface PromiseCacheOptions<V> {
  /** What all that is kept may weigh together. */
  readonly weightMax: number
  readonly weigh: (value: V, key: string) => number
}

/** What is being made or was made, by key: those used last, up to a weight. What failed is not kept. */
export class PromiseCache<V> {
  readonly #options: PromiseCacheOptions<V>
  /** The one used last at the end. */
  readonly #kept = new Map<string, Promise<V>>()
  /** Of those that are done. */
  readonly #weights = new Map<string, number>()
  #weight = 0

  constructor(options: PromiseCacheOptions<V>) {
    this.#options = options
  }

  has(key: string): boolean {
    return this.#kept.has(key)
  }

  /** Returns what is kept under `key`, which counts as a use of it. */
  get(key: string): Promise<V> | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    return kept
  }

  /** Keeps what is being made, under a key that nothing is kept under, and returns it. */
  keep(key: string, making: Promise<V>): Promise<V> {
    this.#kept.set(key, making)
    making.then(
      (value) => {
        if (this.#kept.get(key) !== making) return
        const weight = this.#options.weigh(value, key)
        this.#weights.set(key, weight)
        this.#weight += weight
        this.#drop()
      },
      () => {
        if (this.#kept.get(key) === making) this.#kept.delete(key)
      },
    )
    return making
  }

  #drop(): void {
    for (const key of this.#kept.keys()) {
      if (this.#weight <= this.#options.weightMax) return
      const weight = this.#weights.get(key)
      // Still being made: somebody waits for it.
      if (weight === undefined) continue
      this.#kept.delete(key)
      this.#weights.delete(key)
      this.#weight -= weight
    }
  }
}
