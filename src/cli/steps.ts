import type { CliContext } from './context.ts'
import { Progress } from './progress.ts'

/** Shows on a terminal how many of a known number of things are done. */
export class Steps implements Disposable {
  readonly #progress: Progress | undefined
  readonly #unit: string
  readonly #total: number

  /** @param unit one of the things, such as `point`. */
  constructor({ output, clock }: CliContext, unit: string, total: number) {
    this.#progress = output.showsProgress ? new Progress(output, () => clock.monotonicMs()) : undefined
    this.#unit = unit
    this.#total = total
  }

  show(done: number): void {
    const counts = { filesDone: done, filesTotal: this.#total, totalsKnown: true, unit: this.#unit }
    this.#progress?.update({ ...counts, bytesDone: 0, bytesTotal: 0, path: '' })
  }

  [Symbol.dispose](): void {
    this.#progress?.end()
  }
}
