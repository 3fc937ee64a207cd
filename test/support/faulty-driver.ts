import { StorageError } from '../../src/base/errors.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import {
  type ByteRange,
  type Driver,
  type DriverCapabilities,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  objectPath,
} from '../../src/storage/driver.ts'
import { objectNotFound, rangeInside } from '../../src/storage/object-errors.ts'

export type DriverMethod = 'put' | 'get' | 'stat' | 'list' | 'remove'

/** One call as it was made, whether it failed or not. */
export interface DriverCall {
  readonly method: DriverMethod
  readonly kind: ObjectKind
  /** Absent for `list`. */
  readonly id?: ObjectId
}

export interface Fault {
  /** Which of the matching calls from now on fails; 1, the default, is the next one. */
  readonly nth?: number
  /** Any method, any kind, where they are absent. */
  readonly method?: DriverMethod
  readonly kind?: ObjectKind
  /** `after`: the call takes effect, then fails; a list fails after half of its objects. */
  readonly when: 'before' | 'after'
  /** By default a transient STORE_UNAVAILABLE. */
  readonly error?: Error
  /** All matching calls after it fail as well: the store is gone, or this process is. */
  readonly lasting?: boolean
}

interface PendingFault {
  readonly fault: Fault
  left: number
}

/**
 * Passes calls on to another driver, and fails or lies where it is told to. Records the calls and counts the bytes.
 *
 * `fail` makes an unreliable store; `hide`, `replace`, `truncate` and `swap` make a hostile one: they change what is
 * read and listed, never what the other driver holds.
 */
export class FaultyDriver implements Driver {
  readonly inner: Driver
  readonly calls: DriverCall[] = []
  /** Bytes returned by `get`. */
  bytesRead = 0
  /** Bytes of the puts that took effect. */
  bytesWritten = 0
  #faults: PendingFault[] = []
  readonly #lies = new Map<string, { readonly name: ObjectName; readonly bytes: Uint8Array | undefined }>()

  constructor(inner: Driver) {
    this.inner = inner
  }

  get capabilities(): DriverCapabilities {
    return this.inner.capabilities
  }

  get location(): string {
    return this.inner.location
  }

  fail(fault: Fault): void {
    this.#faults.push({ fault, left: fault.nth ?? 1 })
  }

  /** Makes `name` look as if it were not there. */
  hide(name: ObjectName): void {
    this.#lies.set(objectPath(name), { name, bytes: undefined })
  }

  /** Makes `name` read as `bytes`; also where there is no such object. */
  replace(name: ObjectName, bytes: Uint8Array): void {
    this.#lies.set(objectPath(name), { name, bytes: bytes.slice() })
  }

  /** Makes `name` end after `bytes` bytes. */
  async truncate(name: ObjectName, bytes: number): Promise<void> {
    this.replace(name, (await this.inner.get(name)).subarray(0, bytes))
  }

  /** Makes each of the two read as the other. */
  async swap(a: ObjectName, b: ObjectName): Promise<void> {
    const [bytesOfA, bytesOfB] = await Promise.all([this.inner.get(a), this.inner.get(b)])
    this.replace(a, bytesOfB)
    this.replace(b, bytesOfA)
  }

  /** Ends all faults and lies; calls and counts stay. */
  heal(): void {
    this.#faults = []
    this.#lies.clear()
  }

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    await this.#call({ method: 'put', ...name }, async () => {
      await this.inner.put(name, parts, signal)
      for (const part of parts) this.bytesWritten += part.byteLength
    })
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#call({ method: 'get', ...name }, async () => {
      const bytes = this.#isTrue(name) ? await this.inner.get(name, range, signal) : this.#lie(name, range)
      this.bytesRead += bytes.byteLength
      return bytes
    })
  }

  async stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo> {
    return this.#call({ method: 'stat', ...name }, async () =>
      this.#isTrue(name) ? this.inner.stat(name, signal) : { name, bytes: this.#lie(name, undefined).byteLength },
    )
  }

  async *list(kind: ObjectKind, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    const fault = this.#record({ method: 'list', kind })
    if (fault?.when === 'before') throw errorOf(fault)
    const infos: ObjectInfo[] = []
    for await (const info of this.inner.list(kind, signal)) if (this.#isTrue(info.name)) infos.push(info)
    for (const { name, bytes } of this.#lies.values()) {
      if (bytes !== undefined && name.kind === kind) infos.push({ name, bytes: bytes.byteLength })
    }
    yield* fault === undefined ? infos : infos.slice(0, Math.ceil(infos.length / 2))
    if (fault !== undefined) throw errorOf(fault)
  }

  async remove(name: ObjectName, signal?: AbortSignal): Promise<void> {
    await this.#call({ method: 'remove', ...name }, () => this.inner.remove(name, signal))
  }

  localFile(name: ObjectName): string | undefined {
    return this.#isTrue(name) ? this.inner.localFile(name) : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.inner[Symbol.asyncDispose]()
  }

  async #call<T>(call: DriverCall, act: () => Promise<T>): Promise<T> {
    const fault = this.#record(call)
    if (fault?.when === 'before') throw errorOf(fault)
    const result = await act()
    if (fault !== undefined) throw errorOf(fault)
    return result
  }

  /** Returns the fault that this call meets. */
  #record(call: DriverCall): Fault | undefined {
    this.calls.push(call)
    let met: Fault | undefined
    for (const pending of this.#faults) {
      const { method, kind, lasting } = pending.fault
      if ((method ?? call.method) !== call.method || (kind ?? call.kind) !== call.kind) continue
      pending.left--
      if (pending.left === 0 || (pending.left < 0 && lasting === true)) met ??= pending.fault
    }
    return met
  }

  #isTrue(name: ObjectName): boolean {
    return !this.#lies.has(objectPath(name))
  }

  #lie(name: ObjectName, range: ByteRange | undefined): Uint8Array {
    const bytes = this.#lies.get(objectPath(name))?.bytes
    if (bytes === undefined) throw objectNotFound(name, this.location)
    const { offset, length } = rangeInside(name, range, bytes.byteLength)
    return bytes.slice(offset, offset + length)
  }
}

function errorOf(fault: Fault): Error {
  return (
    fault.error ??
    new StorageError('STORE_UNAVAILABLE', 'the store did not answer: a fault put in by a test', { retry: 'transient' })
  )
}
