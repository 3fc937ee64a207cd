const AT_DEVICE = 0
const AWAY = 1
const ENDED = 2

/** Requests in a row that were there already when the first thread came for them: then there is work for all. */
const CROWD = 16
/** Waiting for no longer than that is no waiting: it is what a read of the device takes by itself. */
const AT_ONCE_MS = 0.004

/**
 * Which threads read the device: the first, and the others only while the first is away from it for long.
 *
 * What one thread can answer one thread answers: its code is compiled once, and the next request finds it warm.
 * @see docs/decisions/0105-one-warm-reader.md
 */
export class Standby {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  #atOnce = 0

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  static create(): Standby {
    return new Standby(new SharedArrayBuffer(4))
  }

  /** The first thread begins something that takes long: the others read the device meanwhile. */
  leave(): void {
    if (Atomics.compareExchange(this.#words, 0, AT_DEVICE, AWAY) === AT_DEVICE) Atomics.notify(this.#words, 0)
  }

  /** The first thread comes back for the next request. */
  comeBack(): void {
    if (this.#atOnce < CROWD) Atomics.compareExchange(this.#words, 0, AWAY, AT_DEVICE)
  }

  /** The first thread has waited so long for a request. Where requests pile up, the others read the device, too. */
  noteWait(ms: number): void {
    this.#atOnce = ms > AT_ONCE_MS ? 0 : this.#atOnce + 1
    if (this.#atOnce >= CROWD) this.leave()
  }

  /** Whether the other threads read the device. */
  get areAllWanted(): boolean {
    return Atomics.load(this.#words, 0) !== AT_DEVICE
  }

  /** Another thread waits until it is to read the device; `onWake` is called before each wait, and so whenever `wake` was. */
  wait(onWake: () => void): void {
    while (!this.areAllWanted) {
      onWake()
      Atomics.wait(this.#words, 0, AT_DEVICE)
    }
  }

  /** There is news for threads that wait. */
  wake(): void {
    Atomics.notify(this.#words, 0)
  }

  /** There will be no requests any longer: nobody waits. */
  end(): void {
    Atomics.store(this.#words, 0, ENDED)
    Atomics.notify(this.#words, 0)
  }
}
