import { StorageError } from '../../base/errors.ts'
import {
  type ByteRange,
  OBJECT_KINDS,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  type StoreSpace,
  type StreamingDriver,
} from '../../storage/driver.ts'
import { Aliases, type Sha256 } from './aliases.ts'
import { type Backup, Backups, neededBy } from './backups.ts'
import type { Digests, HashedBody } from './hashed-body.ts'
import { PIECE_BYTES } from './limits.ts'
import { Refusal } from './refusal.ts'
import type { Registry } from './registry.ts'

const LOOKS_AT_ONCE = 64

export interface DomainParts {
  readonly name: string
  readonly driver: StreamingDriver
  readonly registry: Registry
  /** Asked anew for every put: it may change while the server runs. */
  readonly quota: () => number | undefined
}

/** What one client, or several that share it, keep on a server: the objects of a repository, and backups by hash. */
export class Domain {
  readonly #name: string
  readonly #driver: StreamingDriver
  readonly #quota: () => number | undefined
  readonly #aliases: Aliases
  readonly #backups: Backups
  /** Of all objects that are there, and of those on their way. */
  #usedBytes = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor({ name, driver, registry, quota }: DomainParts) {
    this.#name = name
    this.#driver = driver
    this.#quota = quota
    this.#aliases = new Aliases(registry, name)
    this.#backups = new Backups(registry, name)
  }

  /** Learns how much is there; has to come before anything else. */
  async measure(): Promise<void> {
    let bytes = 0
    for (const kind of OBJECT_KINDS) for await (const info of this.#driver.list(kind)) bytes += info.bytes
    this.#usedBytes = bytes
  }

  /**
   * Stores `body` under the name that `nameOf` makes of its hashes; what that throws refuses it.
   *
   * @throws {StorageError} EXISTS; STORE_FULL: the quota, or the disk.
   */
  async put(body: HashedBody, nameOf: (digests: Digests) => ObjectName): Promise<ObjectName> {
    const quota = this.#quota()
    if (quota !== undefined && this.#usedBytes + body.bytes > quota) throw overQuota(this.#name, quota)
    this.#usedBytes += body.bytes
    let stored: { readonly name: ObjectName; readonly sha256: Sha256 } | undefined
    try {
      await this.#driver.putStream(body, () => {
        const digests = body.digests()
        stored = { name: nameOf(digests), sha256: digests.sha256 }
        return stored.name
      })
    } catch (error) {
      this.#usedBytes -= body.bytes
      // An earlier put may have been cut off between the object and its alias.
      const isThere = error instanceof StorageError && error.code === 'EXISTS'
      if (isThere && stored !== undefined) this.#aliases.add(stored.sha256, stored.name)
      throw error
    }
    if (stored === undefined) throw new StorageError('STORE_FAILED', 'the store asked for no name')
    this.#aliases.add(stored.sha256, stored.name)
    return stored.name
  }

  async stat(name: ObjectName): Promise<ObjectInfo> {
    return this.#driver.stat(name)
  }

  async holds(name: ObjectName): Promise<boolean> {
    return (await this.#bytesOf(name)) !== undefined
  }

  /** Yields the bytes of `range` in pieces, each read once the one before was taken. */
  async *read(name: ObjectName, { offset, length }: ByteRange): AsyncGenerator<Uint8Array, undefined> {
    for (let done = 0; done < length; done += PIECE_BYTES) {
      yield await this.#driver.get(name, { offset: offset + done, length: Math.min(PIECE_BYTES, length - done) })
    }
    return undefined
  }

  /**
   * Returns the first `count` objects of `kinds` that come after `after`, and whether there are more: by kind, then by id.
   * One kind is looked at once the one before was.
   */
  async page(
    kinds: readonly ObjectKind[],
    { after, count }: { readonly after: ObjectName | undefined; readonly count: number },
  ): Promise<{ readonly objects: readonly ObjectInfo[]; readonly more: boolean }> {
    const found: ObjectInfo[] = []
    for (const kind of [...new Set(kinds)].sort()) {
      if (found.length > count) break
      if (after !== undefined && kind < after.kind) continue
      const ofKind: ObjectInfo[] = []
      for await (const info of this.#driver.list(kind)) {
        if (after === undefined || kind > after.kind || info.name.id > after.id) ofKind.push(info)
      }
      found.push(...ofKind.sort((a, b) => (a.name.id < b.name.id ? -1 : 1)).slice(0, count + 1 - found.length))
    }
    return { objects: found.slice(0, count), more: found.length > count }
  }

  /** Removes an object, unless a stored backup needs it. */
  async remove(name: ObjectName): Promise<void> {
    await this.#alone(async () => {
      if (this.#aliases.isNeeded(name)) {
        throw new Refusal(403, 'STORE_DENIED', 'a stored backup needs this object', {
          hint: 'Remove the metadata of that backup first.',
        })
      }
      const bytes = await this.#bytesOf(name)
      await this.#driver.remove(name)
      this.#aliases.remove(name)
      this.#usedBytes -= bytes ?? 0
    })
  }

  /** Returns the object whose bytes have this hash. */
  async findBlob(sha256: Sha256): Promise<ObjectInfo | undefined> {
    for (const name of this.#aliases.find(sha256)) {
      const bytes = await this.#bytesOf(name)
      if (bytes !== undefined) return { name, bytes }
      this.#aliases.remove(name)
    }
    return undefined
  }

  /**
   * Stores what a client says of a backup, once all of it is there. Returns false when it was stored before.
   *
   * @throws {Refusal} 409: objects or the parent are missing, or another backup has this hash.
   */
  async storeBackup(backup: Backup): Promise<boolean> {
    return this.#alone(async () => {
      const stored = this.#backups.find(backup.instance, backup.hash)
      if (stored !== undefined) {
        if (JSON.stringify(stored) === JSON.stringify(backup)) return false
        throw new Refusal(409, 'EXISTS', 'other metadata is stored for this backup')
      }
      const missing = await this.#missing(neededBy(backup))
      if (missing.length > 0) {
        throw new Refusal(409, 'BLOB_MISSING', 'objects that the backup needs are not stored', {
          hint: 'Store the blobs named in `missing`, then the metadata again.',
          members: { missing },
        })
      }
      const { parent, instance } = backup
      if (parent !== null && this.#backups.find(instance, parent) === undefined) {
        throw new Refusal(409, 'RECORD_MISSING', 'the parent of the backup is not stored', {
          members: { missing: [], parent },
        })
      }
      this.#backups.add(backup)
      return true
    })
  }

  get backups(): Pick<Backups, 'first' | 'find' | 'last' | 'next'> {
    return this.#backups
  }

  async removeBackup(instance: string, hash: Sha256): Promise<boolean> {
    return this.#alone(async () => this.#backups.remove(instance, hash))
  }

  /** Returns what is left of quota and disk. */
  async space(): Promise<StoreSpace | undefined> {
    const disk = await this.#driver.space?.()
    const quota = this.#quota()
    if (quota === undefined) return disk
    const free = Math.max(0, quota - this.#usedBytes)
    return { total: quota, free: disk === undefined ? free : Math.min(free, disk.free) }
  }

  async close(): Promise<void> {
    await this.#driver[Symbol.asyncDispose]()
  }

  async #missing(needed: readonly Sha256[]): Promise<Sha256[]> {
    const missing: Sha256[] = []
    for (let start = 0; start < needed.length; start += LOOKS_AT_ONCE) {
      const looks = needed.slice(start, start + LOOKS_AT_ONCE).map(async (hash) => {
        if ((await this.findBlob(hash)) === undefined) missing.push(hash)
      })
      await Promise.all(looks)
    }
    return missing.sort()
  }

  async #bytesOf(name: ObjectName): Promise<number | undefined> {
    try {
      return (await this.#driver.stat(name)).bytes
    } catch (error) {
      if (error instanceof StorageError && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }

  /** One after the other: what a backup needs must not go between the look at it and the storing of its metadata. */
  async #alone<T>(act: () => Promise<T>): Promise<T> {
    const before = this.#last
    const done = (async () => {
      await before.catch(() => undefined)
      return act()
    })()
    this.#last = done.catch(() => undefined)
    return done
  }
}

function overQuota(domain: string, quota: number): Refusal {
  return new Refusal(507, 'STORE_FULL', `the quota of ${domain} is used up`, {
    hint: 'Ask the owner of the server for more, or run `tidemark forget` and `tidemark prune`.',
    members: { quota },
  })
}
