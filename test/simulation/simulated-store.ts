import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { concatBytes } from '../../src/base/bytes.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import {
  type ByteRange,
  OBJECT_KINDS,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
} from '../../src/storage/driver.ts'
import { objectExists, objectNotFound, rangeInside } from '../../src/storage/object-errors.ts'
import type { SimulatedProcess } from './simulated-process.ts'

interface StoredObject {
  readonly name: ObjectName
  readonly bytes: Uint8Array
  /** When it came, and when it went, in milliseconds of the simulated world. */
  readonly putMs: number
  removedMs: number
}

/**
 * One store that all simulated machines share. It remembers what it held, so that a listing can be as late as it likes.
 *
 * What a call does, it does at once and whole; when calls happen, and when their callers learn of it, others decide.
 */
export class SimulatedStore {
  readonly location: string
  /** What a trace of calls says before each of this store. */
  readonly label: string
  /** Called with every object that is put, whether its writer lives or not. */
  onPut: (name: ObjectName, process: SimulatedProcess) => void = () => undefined
  onRemove: (name: ObjectName, process: SimulatedProcess) => void = () => undefined
  readonly #hidden = new Set<string>()
  readonly #unlisted = new Set<string>()
  readonly #damaged = new Set<string>()
  readonly #objects = new Map<string, StoredObject[]>()
  readonly #byKind = new Map<ObjectKind, StoredObject[]>()

  constructor(name = '') {
    this.location = `memory:simulated${name}`
    this.label = name === '' ? '' : `${name}: `
  }

  /** Puts an object; one that is there already stays as it is. Returns whether it was not. */
  put(name: ObjectName, parts: readonly Uint8Array[], nowMs: number): boolean {
    if (this.#current(name) !== undefined) return false
    const object = { name, bytes: concatBytes(...parts), putMs: nowMs, removedMs: Infinity }
    const key = keyOf(name)
    this.#objects.set(key, [...(this.#objects.get(key) ?? []), object])
    this.#byKind.set(name.kind, [...(this.#byKind.get(name.kind) ?? []), object])
    return true
  }

  get(name: ObjectName, range: ByteRange | undefined): Uint8Array {
    const object = this.#current(name)
    if (object === undefined) throw objectNotFound(name, this.location)
    const { offset, length } = rangeInside(name, range, object.bytes.byteLength)
    const bytes = object.bytes.slice(offset, offset + length)
    return this.#damaged.has(keyOf(name)) ? bytes.fill(0) : bytes
  }

  stat(name: ObjectName): ObjectInfo {
    const object = this.#current(name)
    if (object === undefined) throw objectNotFound(name, this.location)
    return { name, bytes: object.bytes.byteLength }
  }

  has(name: ObjectName): boolean {
    return this.#current(name) !== undefined
  }

  remove(name: ObjectName, nowMs: number): void {
    const object = this.#current(name)
    if (object !== undefined) object.removedMs = nowMs
  }

  /** Lists a kind, each object as it was at a moment that `asOf` chooses for it. */
  list(kind: ObjectKind, asOf: () => number): ObjectInfo[] {
    return this.#existing(kind, asOf).filter(({ name }) => !this.#unlisted.has(keyOf(name)))
  }

  #existing(kind: ObjectKind, asOf: () => number): ObjectInfo[] {
    const infos = new Map<ObjectId, ObjectInfo>()
    for (const { name, bytes, putMs, removedMs } of this.#byKind.get(kind) ?? []) {
      if (this.#hidden.has(keyOf(name))) continue
      const moment = asOf()
      if (putMs <= moment && moment < removedMs) infos.set(name.id, { name, bytes: bytes.byteLength })
    }
    return [...infos.values()]
  }

  /** Makes an object look as if it were not there, or ends that. */
  hide(name: ObjectName, isHidden: boolean): void {
    if (isHidden) this.#hidden.add(keyOf(name))
    else this.#hidden.delete(keyOf(name))
  }

  /** Keeps an object that is there out of listings, as if they were late. */
  unlist(name: ObjectName): void {
    this.#unlisted.add(keyOf(name))
  }

  /** Makes an object read as zeros, or ends that. */
  damage(name: ObjectName, isDamaged: boolean): void {
    if (isDamaged) this.#damaged.add(keyOf(name))
    else this.#damaged.delete(keyOf(name))
  }

  /** Refuses a name that is taken, as every driver does. */
  refuseTaken(name: ObjectName): void {
    if (this.#current(name) !== undefined) throw objectExists(name, this.location)
  }

  /** Returns the store as it is now, on a driver that nobody interferes with. */
  async snapshot(nowMs: number): Promise<MemoryDriver> {
    const driver = new MemoryDriver()
    for (const kind of OBJECT_KINDS) {
      for (const { name } of this.#existing(kind, () => nowMs)) await driver.put(name, [this.get(name, undefined)])
    }
    return driver
  }

  #current(name: ObjectName): StoredObject | undefined {
    if (this.#hidden.has(keyOf(name))) return undefined
    const last = this.#objects.get(keyOf(name))?.at(-1)
    return last === undefined || last.removedMs < Infinity ? undefined : last
  }
}

function keyOf({ kind, id }: ObjectName): string {
  return `${kind}/${id}`
}
