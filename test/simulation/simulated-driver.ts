import {
  type ByteRange,
  type Driver,
  type DriverCapabilities,
  LISTING_ORDER,
  type ListKinds,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
} from '../../src/storage/driver.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { SimulatedStore } from './simulated-store.ts'
import type { World } from './world.ts'

/** Chance that a put comes to the store twice, the second time late. */
const TWICE = 0.02
/** Chance that a process sees a store that tells of several kinds in one listing, page by page. */
const PAGED = 0.5

/** A store as one process of a simulated machine sees it. */
export class SimulatedDriver implements Driver {
  readonly capabilities: DriverCapabilities = { exclusivePut: true, persistent: true, concurrency: 4 }
  readonly location: string
  readonly listKinds: ListKinds | undefined
  readonly #world: World
  readonly #process: SimulatedProcess
  readonly #store: SimulatedStore

  constructor(world: World, process: SimulatedProcess, store: SimulatedStore) {
    this.#world = world
    this.#process = process
    this.#store = store
    this.location = store.location
    if (world.dice.chance(PAGED)) this.listKinds = this.#listKinds.bind(this)
  }

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const { dice, lagMs } = this.#world
    const kept = parts.map((part) => part.slice())
    const arrive = (): void => {
      if (!this.#store.put(name, kept, this.#world.nowMs)) return
      if (name.kind === 'runs') this.#process.heard()
      this.#store.onPut(name, this.#process)
    }
    await this.#process.call(`${this.#store.label}put ${shortName(name)}`, true, () => {
      this.#store.refuseTaken(name)
      arrive()
      if (dice.chance(TWICE)) {
        this.#world.later(dice.between(0, Math.max(lagMs, 60_000)), () => {
          this.#world.note(`${this.#process.name} put ${shortName(name)} once more`)
          arrive()
        })
      }
    })
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted()
    return this.#process.call(`${this.#store.label}get ${shortName(name)}`, false, () => this.#store.get(name, range))
  }

  async stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo> {
    signal?.throwIfAborted()
    return this.#process.call(`${this.#store.label}stat ${shortName(name)}`, false, () => this.#store.stat(name))
  }

  async *list(kind: ObjectKind, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    signal?.throwIfAborted()
    const { dice, lagMs } = this.#world
    const startMs = this.#world.nowMs
    // What comes or goes while it is being listed may or may not be seen; so may what came or went within the lag.
    const infos = await this.#process.call(`${this.#store.label}list ${kind}`, false, () => {
      const { nowMs } = this.#world
      return this.#store.list(
        kind,
        () => (dice.chance(0.5) ? nowMs : startMs) - (dice.chance(0.5) ? dice.between(0, lagMs) : 0),
      )
    })
    yield* infos
  }

  /** Slower than any store: with time enough between two kinds for anything to happen, those of a line in either order. */
  async *#listKinds(kinds: readonly ObjectKind[], signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    for (const line of LISTING_ORDER) {
      const wanted = line.filter((kind) => kinds.includes(kind))
      const isTurned = this.#world.dice.chance(0.5)
      for (const kind of isTurned ? wanted.toReversed() : wanted) yield* this.list(kind, signal)
    }
  }

  async remove(name: ObjectName, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await this.#process.call(`${this.#store.label}remove ${shortName(name)}`, true, () => {
      if (!this.#store.has(name)) return
      this.#store.remove(name, this.#world.nowMs)
      this.#store.onRemove(name, this.#process)
    })
  }

  localFile(): undefined {
    return undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held.
  }
}

function shortName({ kind, id }: ObjectName): string {
  return `${kind}/${id.slice(0, 8)}`
}
