/** Calls `act` once, so many milliseconds from now; the function returned prevents that. */
export type After = (ms: number, act: () => void) => () => void

/** Sleeps until a time has passed, or somebody wakes it. */
export class Alarm {
  readonly #after: After
  #isRung = false
  #ring: (() => void) | undefined

  constructor(after: After) {
    this.#after = after
  }

  /** Ends the sleep, or the next one before it begins. */
  wake(): void {
    this.#isRung = true
    this.#ring?.()
  }

  /** One sleep at a time. */
  async sleep(ms: number): Promise<void> {
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        const cancel = this.#after(ms, resolve)
        this.#ring = () => {
          cancel()
          resolve()
        }
      })
    }
    this.#isRung = false
    this.#ring = undefined
  }
}
