import { atMost } from '../../src/base/at-most.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { PointSet, PointSource } from './mounted-points.ts'

/** The repository, as far as a watch asks it. */
export interface WatchedStore {
  /** Looks which points there are, and what is said about them; cheap. */
  look(): Promise<PointLook>
}

/** What was seen at one moment. */
export interface PointLook {
  /** Differs whenever points, or what is said about them, have come or gone. */
  readonly stamp: string
  /** Loads the points that were seen. */
  load(): Promise<PointSet>
}

export interface PointWatchOptions {
  readonly store: WatchedStore
  readonly clock: Clock
  /** How old an answer may be. */
  readonly freshMs: number
  /** How long whoever looks waits for a store that does not answer. */
  readonly patienceMs: number
  /** Told what keeps the store from being asked; once until it answers again. */
  readonly onProblem: (problem: unknown) => void
}

/**
 * Knows which points are there now.
 *
 * The store is asked when somebody looks and the last answer is older than `freshMs`, never while nobody does: an idle
 * mount costs nothing. A store that does not answer leaves the points as they were.
 */
export class PointWatch implements PointSource {
  readonly #options: PointWatchOptions
  #set: PointSet
  #stamp: string
  #askedMs: number
  #asking: Promise<void> | undefined
  #isSilent = false

  private constructor(options: PointWatchOptions, known: { readonly stamp: string; readonly set: PointSet }) {
    this.#options = options
    this.#set = known.set
    this.#stamp = known.stamp
    this.#askedMs = options.clock.monotonicMs()
  }

  /** Loads the points; throws what the store throws. */
  static async open(options: PointWatchOptions): Promise<PointWatch> {
    const look = await options.store.look()
    return new PointWatch(options, { stamp: look.stamp, set: await look.load() })
  }

  async current(): Promise<PointSet> {
    const { clock, freshMs, patienceMs } = this.#options
    if (this.#asking === undefined && clock.monotonicMs() - this.#askedMs >= freshMs) {
      this.#asking = this.#ask().finally(() => {
        this.#askedMs = clock.monotonicMs()
        this.#asking = undefined
      })
    }
    if (this.#asking !== undefined) await atMost(patienceMs, this.#asking)
    return this.#set
  }

  async #ask(): Promise<void> {
    const { store, onProblem } = this.#options
    try {
      const look = await store.look()
      if (look.stamp !== this.#stamp) {
        this.#set = await look.load()
        this.#stamp = look.stamp
      }
      this.#isSilent = false
    } catch (error) {
      if (!this.#isSilent) onProblem(error)
      this.#isSilent = true
    }
  }
}
