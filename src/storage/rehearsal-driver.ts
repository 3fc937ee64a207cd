import { concatBytes } from '../base/bytes.ts'
import { isNotFound } from '../base/errors.ts'
import {
  type ByteRange,
  type Driver,
  type DriverCapabilities,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  objectPath,
} from './driver.ts'
import { objectExists, objectNotFound, rangeInside } from './object-errors.ts'

/**
 * A store as it would be: what is put is kept in memory, what is removed is hidden, and the store below is only read.
 *
 * For small objects: everything that is put takes memory. Disposing of it changes nothing, and leaves the store below open.
 */
export class RehearsalDriver implements Driver {
  readonly #inner: Driver
  readonly #put = new Map<string, { readonly name: ObjectName; readonly bytes: Uint8Array }>()
  readonly #removed = new Set<string>()

  constructor(inner: Driver) {
    this.#inner = inner
  }

  get capabilities(): DriverCapabilities {
    return this.#inner.capabilities
  }

  get location(): string {
    return this.#inner.location
  }

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const path = objectPath(name)
    const bytes = concatBytes(...parts)
    const isBelow = !this.#removed.has(path) && (await this.#isBelow(name, signal))
    if (isBelow || this.#put.has(path)) throw objectExists(name, this.location)
    this.#put.set(path, { name, bytes })
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted()
    const own = this.#own(name)
    if (own === undefined) return this.#inner.get(name, range, signal)
    const { offset, length } = rangeInside(name, range, own.byteLength)
    return own.slice(offset, offset + length)
  }

  async stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo> {
    signal?.throwIfAborted()
    const own = this.#own(name)
    return own === undefined ? this.#inner.stat(name, signal) : { name, bytes: own.byteLength }
  }

  async *list(kind: ObjectKind, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    for await (const info of this.#inner.list(kind, signal)) {
      const path = objectPath(info.name)
      if (!this.#removed.has(path) && !this.#put.has(path)) yield info
    }
    for (const { name, bytes } of [...this.#put.values()]) {
      signal?.throwIfAborted()
      if (name.kind === kind) yield { name, bytes: bytes.byteLength }
    }
  }

  async remove(name: ObjectName, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const path = objectPath(name)
    this.#put.delete(path)
    this.#removed.add(path)
  }

  localFile(name: ObjectName): string | undefined {
    const path = objectPath(name)
    return this.#put.has(path) || this.#removed.has(path) ? undefined : this.#inner.localFile(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held but memory.
  }

  /** Returns what was put; @throws NOT_FOUND for what was removed. */
  #own(name: ObjectName): Uint8Array | undefined {
    const path = objectPath(name)
    const own = this.#put.get(path)
    if (own === undefined && this.#removed.has(path)) throw objectNotFound(name, this.location)
    return own?.bytes
  }

  async #isBelow(name: ObjectName, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await this.#inner.stat(name, signal)
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }
}
