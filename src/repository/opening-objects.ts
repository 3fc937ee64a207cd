import { CONFIG_BYTES_MAX } from '../format/config.ts'
import { SLOT_BYTES } from '../format/slot.ts'
import { type Driver, type ObjectInfo, type ObjectKind, type ObjectName, objectPath } from '../storage/driver.ts'
import { type Listed, listInTurn } from '../storage/list-in-turn.ts'

/** More than anybody has: beyond that, objects are read when it is their turn. */
const FETCHED_MAX = 16

type OpeningKind = 'config' | 'instances' | 'keys'

/**
 * What opening a repository needs of its store, asked for beforehand and at once: config, slots and instances are
 * listed, the first two fetched. Who opens it reads through this as from the store. Nothing of it is verified.
 *
 * This module imports neither libsodium nor the repository, which a start loads while it waits.
 */
export class OpeningObjects implements Pick<Driver, 'get' | 'list' | 'stat'> {
  readonly #driver: Driver
  readonly #listed: Listed<OpeningKind>
  readonly #fetched = new Map<string, Promise<Uint8Array>>()

  private constructor(driver: Driver, listed: Listed<OpeningKind>, asked: ReadonlyMap<string, Promise<Uint8Array>>) {
    this.#driver = driver
    this.#listed = listed
    const configs = listed.config.filter(({ bytes }) => bytes <= CONFIG_BYTES_MAX)
    const slots = listed.keys.filter(({ bytes }) => bytes === SLOT_BYTES)
    for (const { name } of [...configs, ...slots].slice(0, FETCHED_MAX)) {
      const path = objectPath(name)
      this.#fetched.set(path, asked.get(path) ?? fetch(driver, name))
    }
  }

  /**
   * Asks for them; `expected` are fetched before it is known whether they are there.
   *
   * @throws {StorageError} as `Driver.list`; a failure to fetch comes up when the object is read.
   */
  static async request(driver: Driver, expected: readonly ObjectName[] = []): Promise<OpeningObjects> {
    const asked = new Map(expected.slice(0, FETCHED_MAX).map((name) => [objectPath(name), fetch(driver, name)]))
    return new OpeningObjects(driver, await listInTurn(driver, [['config', 'instances', 'keys']]), asked)
  }

  /** Configs and slots that were asked for, as they are listed. */
  get fetched(): readonly ObjectName[] {
    return [...this.#listed.config, ...this.#listed.keys].flatMap(({ name }) =>
      this.#fetched.has(objectPath(name)) ? [name] : [],
    )
  }

  get instances(): readonly ObjectInfo[] {
    return this.#listed.instances
  }

  /** The slots that were asked for. */
  get slots(): readonly ObjectName[] {
    return this.#listed.keys.flatMap(({ name }) => (this.#fetched.has(objectPath(name)) ? [name] : []))
  }

  async *list(kind: ObjectKind): AsyncGenerator<ObjectInfo> {
    if (kind === 'config' || kind === 'instances' || kind === 'keys') yield* this.#listed[kind]
    else yield* this.#driver.list(kind)
  }

  async get(name: ObjectName): Promise<Uint8Array> {
    return (await this.#fetched.get(objectPath(name))) ?? this.#driver.get(name)
  }

  async stat(name: ObjectName): Promise<ObjectInfo> {
    return this.#driver.stat(name)
  }
}

function fetch(driver: Driver, name: ObjectName): Promise<Uint8Array> {
  const bytes = driver.get(name)
  // Whoever reads it gets the error; until then it must not end the process.
  bytes.catch(() => undefined)
  return bytes
}
