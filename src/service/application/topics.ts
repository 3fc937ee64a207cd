import type { Topic } from './port.ts'

/** Who wants to be told what has changed. */
export class Topics {
  readonly #listeners = new Set<(topic: Topic) => void>()

  /** Returns what ends it. */
  subscribe(listener: (topic: Topic) => void): () => void {
    // One listener may subscribe twice.
    const own = (topic: Topic): void => listener(topic)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  tell(...topics: readonly Topic[]): void {
    for (const topic of topics) for (const listener of [...this.#listeners]) listener(topic)
  }

  clear(): void {
    this.#listeners.clear()
  }
}
