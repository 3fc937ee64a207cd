import { TidemarkError } from '../../base/errors.ts'

/** What goes on beside a loop, and ends before whoever began it does. */
export class Beside {
  readonly #onProblem: (problem: unknown) => void
  readonly #works = new Set<Promise<void>>()

  /** @param onProblem told of what failed; a defect is not among that. */
  constructor(onProblem: (problem: unknown) => void) {
    this.#onProblem = onProblem
  }

  /** Lets something go on. */
  add(work: Promise<unknown>): void {
    const done = work.then(
      () => undefined,
      (error: unknown) => {
        if (!(error instanceof TidemarkError)) throw error
        this.#onProblem(error)
      },
    )
    this.#works.add(done)
    void done.finally(() => this.#works.delete(done))
  }

  /** Resolves when nothing of that goes on any more. */
  async idle(): Promise<void> {
    while (this.#works.size > 0) await Promise.all(this.#works)
  }
}
