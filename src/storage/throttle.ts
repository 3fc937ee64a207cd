import type { Clock } from '../base/clock.ts'
import type {
  ByteRange,
  Driver,
  DriverCapabilities,
  Leftover,
  ListKinds,
  ObjectInfo,
  ObjectKind,
  ObjectName,
  StoreSpace,
} from './driver.ts'

/** Bytes a second; `undefined` for as fast as it goes. */
export interface RateLimits {
  readonly upload: number | undefined
  readonly download: number | undefined
}

export interface ThrottleOptions {
  /** Asked again and again: they may change while transfers run. */
  readonly limits: () => RateLimits
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Waits, and rejects with the signal's reason once it is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/**
 * Returns `driver` with its puts and gets held back to so many bytes a second on average, all of them together.
 *
 * An object goes as fast as it can, and the next one waits until that has been made up for: with 16 MiB packs and a
 * limit of 2 MiB/s, one goes every eight seconds. Listings and looks are not held back. Disposing of the result
 * disposes of `driver`.
 */
export function withThrottle(driver: Driver, options: ThrottleOptions): Driver {
  return new ThrottlingDriver(driver, options)
}

class ThrottlingDriver implements Driver {
  readonly listKinds: ListKinds | undefined
  readonly #inner: Driver
  readonly #upload: Gate
  readonly #download: Gate

  constructor(inner: Driver, options: ThrottleOptions) {
    this.#inner = inner
    this.listKinds = inner.listKinds?.bind(inner)
    this.#upload = new Gate(options, () => options.limits().upload)
    this.#download = new Gate(options, () => options.limits().download)
  }

  get capabilities(): DriverCapabilities {
    return this.#inner.capabilities
  }

  get location(): string {
    return this.#inner.location
  }

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
    await this.#upload.pass(bytes, signal)
    await this.#inner.put(name, parts, signal)
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    await this.#download.pass(0, signal)
    const bytes = await this.#inner.get(name, range, signal)
    this.#download.charge(bytes.byteLength)
    return bytes
  }

  async stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo> {
    return this.#inner.stat(name, signal)
  }

  list(kind: ObjectKind, signal?: AbortSignal): AsyncIterable<ObjectInfo> {
    return this.#inner.list(kind, signal)
  }

  async remove(name: ObjectName, signal?: AbortSignal): Promise<void> {
    await this.#inner.remove(name, signal)
  }

  /** None: what is read without this driver cannot be held back. */
  localFile(): undefined {
    return undefined
  }

  async *leftovers(signal?: AbortSignal): AsyncGenerator<Leftover> {
    if (this.#inner.leftovers !== undefined) yield* this.#inner.leftovers(signal)
  }

  async space(signal?: AbortSignal): Promise<StoreSpace | undefined> {
    return this.#inner.space?.(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }
}

/** Lets bytes through one way. */
class Gate {
  readonly #options: ThrottleOptions
  readonly #limit: () => number | undefined
  /** When what went through before has been made up for. */
  #freeMs = 0

  constructor(options: ThrottleOptions, limit: () => number | undefined) {
    this.#options = options
    this.#limit = limit
  }

  /** Waits for its turn, then charges `bytes`. */
  async pass(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const waitMs = this.#limit() === undefined ? 0 : this.#freeMs - this.#options.clock.monotonicMs()
      if (waitMs <= 0) break
      // Again and again: meanwhile others may have gone first, or the limit has changed.
      await this.#options.sleep(Math.min(waitMs, LOOK_MS), signal)
    }
    this.charge(bytes)
  }

  charge(bytes: number): void {
    const limit = this.#limit()
    if (limit === undefined || bytes === 0) return
    const nowMs = this.#options.clock.monotonicMs()
    this.#freeMs = Math.max(this.#freeMs, nowMs) + (bytes / limit) * 1000
  }
}

/** How soon a change of the limit is noticed by who waits. */
const LOOK_MS = 1000
