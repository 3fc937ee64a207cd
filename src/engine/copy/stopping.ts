/** Has all that is under way for one point end with the first failure, before its store is closed. */
export class Stopping {
  /** Aborted by the user, or by the first failure. */
  readonly signal: AbortSignal
  readonly #failed = new AbortController()

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#failed.signal])
  }

  /** Returns what `task` does; its failure stops everything else. */
  async guard<T>(task: Promise<T>): Promise<T> {
    try {
      return await task
    } catch (error) {
      this.#failed.abort(error)
      throw error
    }
  }

  /** Returns what the tasks do, once all of them have ended. @throws what stopped them */
  async all<T>(tasks: readonly Promise<T>[]): Promise<T[]> {
    const guarded = tasks.map((task) => this.guard(task))
    await Promise.allSettled(guarded)
    return Promise.all(guarded)
  }
}
