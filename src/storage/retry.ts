import { setTimeout } from 'node:timers/promises'

import { assert } from '../base/assert.ts'
import { collect } from '../base/collect.ts'
import { StorageError, TidemarkError } from '../base/errors.ts'
import { type Randomness, systemRandomness } from '../base/random.ts'
import {
  type ByteRange,
  type Driver,
  type DriverCapabilities,
  type Leftover,
  type ListKinds,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  objectPath,
  type StoreSpace,
} from './driver.ts'

const DELAY_MS_MAX = 60_000
const RETRY_AFTER_MS_MAX = 300_000

export interface RetryOptions {
  /** How often a call is made at most, the first time included. */
  readonly attempts: number
  /** The pause after the first failure; each further one is twice as long, up to a minute. */
  readonly delayMs: number
  readonly randomness?: Pick<Randomness, 'bytes'>
  /** Waits, and rejects with the signal's reason once it is aborted; tests replace it. */
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/**
 * Returns `driver` with calls repeated that failed for a reason which may pass by itself; the last failure is thrown.
 *
 * A put that is repeated and finds its name taken compares what is stored: it may have been stored by the attempt
 * that seemed to fail, and if only a part of it was, that is STORE_FAILED. A listing that is repeated goes on without the objects it has already given.
 * Disposing of the result disposes of `driver`.
 */
export function withRetries(driver: Driver, options: RetryOptions): Driver {
  assert(options.attempts >= 1, 'a call is made at least once')
  return new RetryingDriver(driver, options)
}

class RetryingDriver implements Driver {
  readonly #inner: Driver
  readonly #options: RetryOptions
  readonly listKinds: ListKinds | undefined

  constructor(inner: Driver, options: RetryOptions) {
    this.#inner = inner
    this.#options = options
    if (inner.listKinds !== undefined) this.listKinds = this.#listKinds.bind(this, inner.listKinds.bind(inner))
  }

  get capabilities(): DriverCapabilities {
    return this.#inner.capabilities
  }

  get location(): string {
    return this.#inner.location
  }

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    let repeated = false
    await this.#retry(signal, async () => {
      try {
        await this.#inner.put(name, parts, signal)
      } catch (error) {
        const isTaken = error instanceof StorageError && error.code === 'EXISTS'
        if (!isTaken || !repeated) {
          repeated = true
          throw error
        }
        // EXISTS would pass for stored, and what lies there may be what had arrived of an attempt that was cut off.
        if (!(await this.#holds(name, parts, signal))) throw torn(name, this.location)
      }
    })
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#retry(signal, () => this.#inner.get(name, range, signal))
  }

  async stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo> {
    return this.#retry(signal, () => this.#inner.stat(name, signal))
  }

  async *list(kind: ObjectKind, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    const given = new Set<string>()
    for (let failures = 0; ;) {
      try {
        for await (const info of this.#inner.list(kind, signal)) {
          if (given.has(info.name.id)) continue
          given.add(info.name.id)
          yield info
        }
        return
      } catch (error) {
        failures++
        await this.#pauseOrThrow({ error, failures, signal })
      }
    }
  }

  async remove(name: ObjectName, signal?: AbortSignal): Promise<void> {
    await this.#retry(signal, () => this.#inner.remove(name, signal))
  }

  localFile(name: ObjectName): string | undefined {
    return this.#inner.localFile(name)
  }

  async *leftovers(signal?: AbortSignal): AsyncGenerator<Leftover> {
    if (this.#inner.leftovers !== undefined) yield* this.#inner.leftovers(signal)
  }

  async space(signal?: AbortSignal): Promise<StoreSpace | undefined> {
    return this.#retry(signal, async () => this.#inner.space?.(signal))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }

  /** What an attempt told that failed is forgotten: together with another one it would be of no one moment. */
  async *#listKinds(list: ListKinds, kinds: readonly ObjectKind[], signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    yield* await this.#retry(signal, () => collect(list(kinds, signal)))
  }

  /** Returns whether the store holds exactly `parts` under `name`. */
  async #holds(name: ObjectName, parts: readonly Uint8Array[], signal: AbortSignal | undefined): Promise<boolean> {
    const total = parts.reduce((sum, part) => sum + part.byteLength, 0)
    if ((await this.#inner.stat(name, signal)).bytes !== total) return false
    const stored = await this.#inner.get(name, undefined, signal)
    let offset = 0
    for (const part of parts) {
      if (Buffer.compare(part, stored.subarray(offset, offset + part.byteLength)) !== 0) return false
      offset += part.byteLength
    }
    return offset === stored.byteLength
  }

  async #retry<T>(signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    for (let failures = 0; ;) {
      try {
        return await call()
      } catch (error) {
        failures++
        await this.#pauseOrThrow({ error, failures, signal })
      }
    }
  }

  /** Waits before the next attempt, or throws `error` when there is none. */
  async #pauseOrThrow(failure: { error: unknown; failures: number; signal: AbortSignal | undefined }): Promise<void> {
    const { error, failures, signal } = failure
    const transient = error instanceof TidemarkError && error.retry === 'transient'
    if (!transient || failures >= this.#options.attempts) throw error
    signal?.throwIfAborted()
    const longest = Math.min(this.#options.delayMs * 2 ** (failures - 1), DELAY_MS_MAX)
    // A server that says how long it wants to be left alone is, within bounds.
    const asked = Math.min(Number(error.context['retryAfterSeconds'] ?? 0) * 1000, RETRY_AFTER_MS_MAX)
    // Between half and the whole of it: many writers that one outage stopped must not all come back at once.
    const [byte = 0] = (this.#options.randomness ?? systemRandomness).bytes(1)
    await (this.#options.sleep ?? systemSleep)(Math.max(asked, longest * (0.5 + byte / 510)), signal)
  }
}

function torn(name: ObjectName, location: string): StorageError {
  return new StorageError('STORE_FAILED', `${location} holds something else as ${objectPath(name)} than was put`, {
    context: { object: objectPath(name), location },
    hint: 'The store does not keep its objects whole. Run the command again, and look with `tidemark driver test`.',
  })
}

/** Waits by the system's clock; rejects with the signal's reason once it is aborted. */
export async function systemSleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(ms, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
