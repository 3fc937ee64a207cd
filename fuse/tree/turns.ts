const PAUSE_MS = 1
const WORDS_PER_THREAD = 16

/**
 * Who is looking at shared blocks: every thread's turns are counted, and odd while it is in one.
 *
 * What was taken out of sight may be written over once every thread has ended the turn that it was in.
 */
export class Turns {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array

  /** Sees the counts that `create` made, on any thread. */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  static create(threads: number): Turns {
    return new Turns(new SharedArrayBuffer(threads * WORDS_PER_THREAD * 4))
  }

  begin(thread: number): void {
    Atomics.add(this.#words, thread * WORDS_PER_THREAD, 1)
  }

  end(thread: number): void {
    Atomics.add(this.#words, thread * WORDS_PER_THREAD, 1)
  }

  /** Whether no thread is in a turn. */
  get isQuiet(): boolean {
    for (let at = 0; at < this.#words.length; at += WORDS_PER_THREAD) {
      if (Atomics.load(this.#words, at) % 2 !== 0) return false
    }
    return true
  }

  /** Waits until all turns that are under way have ended. Not for a thread that is in one. */
  async passed(): Promise<void> {
    const before: (readonly [number, number])[] = []
    for (let at = 0; at < this.#words.length; at += WORDS_PER_THREAD) {
      const count = Atomics.load(this.#words, at)
      if (count % 2 !== 0) before.push([at, count])
    }
    while (before.some(([at, count]) => Atomics.load(this.#words, at) === count)) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
}
