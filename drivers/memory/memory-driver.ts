import { concatBytes } from '../../src/base/bytes.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import type {
  ByteRange,
  Driver,
  DriverCapabilities,
  ObjectInfo,
  ObjectKind,
  ObjectName,
} from '../../src/storage/driver.ts'
import { objectExists, objectNotFound, rangeInside } from '../../src/storage/object-errors.ts'

/**
 * Keeps objects in this process's memory, for tests and simulations.
 *
 * Deterministic: a call takes effect before it returns its promise, listings are in the order of putting. Bytes are
 * copied in and out. Disposing of it changes nothing, so that one store can be opened again and again.
 */
export class MemoryDriver implements Driver {
  readonly capabilities: DriverCapabilities = { exclusivePut: true, persistent: false, concurrency: 64 }
  readonly location = 'memory:'
  readonly #kinds = new Map<ObjectKind, Map<ObjectId, Uint8Array>>()

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const objects = this.#kinds.get(name.kind) ?? new Map<ObjectId, Uint8Array>()
    if (objects.has(name.id)) throw objectExists(name, this.location)
    objects.set(name.id, concatBytes(...parts))
    this.#kinds.set(name.kind, objects)
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted()
    const object = this.#object(name)
    const { offset, length } = rangeInside(name, range, object.byteLength)
    return object.slice(offset, offset + length)
  }

  async stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo> {
    signal?.throwIfAborted()
    return { name, bytes: this.#object(name).byteLength }
  }

  async *list(kind: ObjectKind, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    signal?.throwIfAborted()
    for (const [id, object] of [...(this.#kinds.get(kind) ?? [])]) {
      yield { name: { kind, id }, bytes: object.byteLength }
      signal?.throwIfAborted()
    }
  }

  async remove(name: ObjectName, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.#kinds.get(name.kind)?.delete(name.id)
  }

  localFile(): undefined {
    return undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held but memory.
  }

  #object(name: ObjectName): Uint8Array {
    const object = this.#kinds.get(name.kind)?.get(name.id)
    if (object === undefined) throw objectNotFound(name, this.location)
    return object
  }
}
