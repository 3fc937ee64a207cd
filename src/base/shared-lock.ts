const FREE = 0
const HELD = 1
/** Held, and somebody may be waiting for it. */
const AWAITED = 2

/** A lock in one word of shared memory: for a few statements at a time, on any thread. */
export class SharedLock {
  readonly #words: Int32Array
  readonly #at: number

  /** Uses word `at` of `words`, which nobody else touches and which was 0 when its memory was made. */
  constructor(words: Int32Array, at: number) {
    this.#words = words
    this.#at = at
  }

  /** Waits until this thread has the lock; it must not have it already. */
  take(): void {
    if (Atomics.compareExchange(this.#words, this.#at, FREE, HELD) === FREE) return
    while (Atomics.exchange(this.#words, this.#at, AWAITED) !== FREE) Atomics.wait(this.#words, this.#at, AWAITED)
  }

  release(): void {
    // Waking costs more than all the rest: only where there may be someone.
    if (Atomics.exchange(this.#words, this.#at, FREE) === AWAITED) Atomics.notify(this.#words, this.#at, 1)
  }
}
