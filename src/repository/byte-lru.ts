/** Keeps the byte arrays that were used last, up to a number of bytes in all. */
export class ByteLru<Key> {
  readonly #bytesMax: number
  // A map remembers the order of insertion: the first is the one not used for longest.
  readonly #entries = new Map<Key, Uint8Array>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Sum of the lengths of what is kept. */
  get bytes(): number {
    return this.#bytes
  }

  get(key: Key): Uint8Array | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  /** Keeps `value`, unless it alone is larger than all that may be kept. */
  set(key: Key, value: Uint8Array): void {
    this.delete(key)
    if (value.byteLength > this.#bytesMax) return
    this.#entries.set(key, value)
    this.#bytes += value.byteLength
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) return
      this.delete(oldest)
    }
  }

  delete(key: Key): void {
    const value = this.#entries.get(key)
    if (value === undefined) return
    this.#entries.delete(key)
    this.#bytes -= value.byteLength
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }
}
