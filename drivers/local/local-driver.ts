import { lstat, realpath, stat, statfs, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { errnoOf, StorageError } from '../../src/base/errors.ts'
import { takesDirectIo } from '../../src/base/posix/direct-io.ts'
import { fileSystemType } from '../../src/base/posix/filesystem.ts'
import {
  type ByteRange,
  type DriverCapabilities,
  type Leftover,
  type ObjectInfo,
  type ObjectKind,
  type ObjectName,
  objectPath,
  type StoreSpace,
  type StreamingDriver,
} from '../../src/storage/driver.ts'
import { nameTaken, notAFile, objectExists, objectNotFound } from '../../src/storage/object-errors.ts'
import { listObjects } from './list-objects.ts'
import { storeError } from './local-errors.ts'
import { type LinkFile, Publisher, systemLink } from './publish.ts'
import { readObject } from './read-object.ts'
import { StoreFolders } from './store-folders.ts'
import { syncFolder } from './sync-folder.ts'
import {
  removeTemporaryFile,
  sweepTemporaryFiles,
  type TemporaryFile,
  TEMPORARY_FOLDER,
  temporaryFiles,
  writeTemporaryFile,
} from './temporary-file.ts'

/** File systems without hard links that disks are commonly formatted with. */
const FILE_SYSTEMS_WITHOUT_LINKS: readonly string[] = ['vfat', 'exfat']

export interface LocalDriverOptions {
  /** The store's folder; it may be, or lie behind, a symbolic link. */
  readonly root: string
  /** The location as a user would write it; the root by default. */
  readonly location?: string
  /** What is known of the file system's hard links; where absent, what its type tells. */
  readonly hardLinks?: boolean
  /** How an object gets its name; tests replace it. */
  readonly link?: LinkFile
}

/**
 * Opens the store in the folder `root`. Nothing is written before the first put.
 *
 * @throws {StorageError} NO_REPOSITORY: there is no such folder; STORE_DENIED, STORE_UNAVAILABLE, STORE_FAILED
 */
export async function openLocalDriver(options: LocalDriverOptions): Promise<LocalDriver> {
  try {
    const root = await realpath(options.root)
    const info = await stat(root)
    if (!info.isDirectory()) throw noStore(options.root, 'a file, not a folder', 'never')
    const { type } = await statfs(root)
    const hardLinks = options.hardLinks ?? !FILE_SYSTEMS_WITHOUT_LINKS.includes(fileSystemType(type))
    return new LocalDriver({
      root,
      location: options.location ?? options.root,
      folders: new StoreFolders(root, info.dev),
      publisher: new Publisher({ link: options.link ?? systemLink, hardLinks }),
      direct: takesDirectIo(type),
    })
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') throw noStore(options.root, 'not there', 'transient')
    throw storeError(error, { doing: 'opening', path: options.root })
  }
}

interface LocalDriverParts {
  readonly root: string
  readonly location: string
  readonly folders: StoreFolders
  readonly publisher: Publisher
  /** Whether large objects go past the page cache. */
  readonly direct: boolean
}

/**
 * Keeps objects as files below a folder, at `objectPath(name)`: made by `openLocalDriver`.
 *
 * Links inside the store are not followed. A removal is atomic but not synced: after a loss of power the object may
 * be there again.
 */
export class LocalDriver implements StreamingDriver {
  readonly location: string
  readonly #root: string
  readonly #folders: StoreFolders
  readonly #publisher: Publisher
  readonly #direct: boolean
  #swept = false

  constructor(parts: LocalDriverParts) {
    this.location = parts.location
    this.#root = parts.root
    this.#folders = parts.folders
    this.#publisher = parts.publisher
    this.#direct = parts.direct
  }

  /** `exclusivePut` turns false when the file system proves to have no hard links, at the latest by the first put. */
  get capabilities(): DriverCapabilities {
    return { exclusivePut: this.#publisher.exclusive, persistent: true, concurrency: 8 }
  }

  async put(name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await this.#meaning('writing', name, async () => {
      await this.#folders.make(TEMPORARY_FOLDER)
      await this.#folders.make(dirname(objectPath(name)))
      signal?.throwIfAborted()
      const temporary = await writeTemporaryFile(this.#root, parts, { direct: this.#direct, signal })
      await this.#publishDurably(name, temporary, signal)
    })
  }

  async putStream(body: AsyncIterable<Uint8Array>, nameOf: () => ObjectName, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const { name, temporary } = await this.#receive(body, nameOf, signal)
    await this.#meaning('writing', name, async () => {
      try {
        await this.#folders.make(dirname(objectPath(name)))
      } catch (error) {
        await removeTemporaryFile(temporary.path)
        throw error
      }
      await this.#publishDurably(name, temporary, signal)
    })
  }

  async get(name: ObjectName, range?: ByteRange, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted()
    return this.#meaning('reading', name, async () => {
      await this.#assertFolder(name)
      return readObject(this.localFile(name), { name, range, signal })
    })
  }

  async stat(name: ObjectName, signal?: AbortSignal): Promise<ObjectInfo> {
    signal?.throwIfAborted()
    return this.#meaning('looking at', name, async () => {
      await this.#assertFolder(name)
      const info = await lstat(this.localFile(name))
      if (!info.isFile()) throw notAFile(name, this.localFile(name))
      return { name, bytes: info.size }
    })
  }

  async *list(kind: ObjectKind, signal?: AbortSignal): AsyncGenerator<ObjectInfo> {
    signal?.throwIfAborted()
    try {
      yield* listObjects({ root: this.#root, folders: this.#folders }, kind, signal)
    } catch (error) {
      throw storeError(error, { doing: 'listing', path: join(this.#root, kind) })
    }
  }

  async remove(name: ObjectName, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    try {
      await this.#meaning('removing', name, async () => {
        await this.#assertFolder(name)
        await unlink(this.localFile(name))
      })
    } catch (error) {
      if (!(error instanceof StorageError && error.code === 'NOT_FOUND')) throw error
    }
  }

  localFile(name: ObjectName): string {
    return join(this.#root, objectPath(name))
  }

  async *leftovers(signal?: AbortSignal): AsyncGenerator<Leftover> {
    signal?.throwIfAborted()
    yield* temporaryFiles(this.#root)
  }

  async space(signal?: AbortSignal): Promise<StoreSpace> {
    signal?.throwIfAborted()
    try {
      const { bavail, blocks, bsize } = await statfs(this.#root)
      return { free: bavail * bsize, total: blocks * bsize }
    } catch (error) {
      throw storeError(error, { doing: 'looking at', path: this.#root })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing stays open between calls.
  }

  /** Writes a body to a temporary file, and learns its name at the end. */
  async #receive(body: AsyncIterable<Uint8Array>, nameOf: () => ObjectName, signal: AbortSignal | undefined) {
    try {
      await this.#folders.make(TEMPORARY_FOLDER)
      const temporary = await writeTemporaryFile(this.#root, body, { direct: false, signal })
      try {
        return { name: nameOf(), temporary }
      } catch (error) {
        await removeTemporaryFile(temporary.path)
        throw error
      }
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') {
        await this.#folders.assertAttached()
        this.#folders.forget()
      }
      throw storeError(error, { doing: 'writing', path: join(this.#root, TEMPORARY_FOLDER) })
    }
  }

  /** Gives the temporary file its name and makes that durable; EXISTS when it is taken. */
  async #publishDurably(name: ObjectName, temporary: TemporaryFile, signal: AbortSignal | undefined): Promise<void> {
    const published = await this.#publish(name, temporary.path, signal)
    // Also when the name was taken: its writer may not have come to this yet, and callers take EXISTS for stored.
    await syncFolder(join(this.#root, dirname(objectPath(name))))
    if (!this.#swept) {
      this.#swept = true
      await sweepTemporaryFiles(this.#root, temporary.writtenMs)
    }
    if (published) return
    throw (await this.#isAnotherThing(name)) ? nameTaken(name, this.localFile(name)) : objectExists(name, this.location)
  }

  /** Gives the temporary file its name or removes it. Returns whether the name was free. */
  async #publish(name: ObjectName, temporary: string, signal: AbortSignal | undefined): Promise<boolean> {
    let published = false
    try {
      signal?.throwIfAborted()
      published = await this.#publisher.publish(temporary, this.localFile(name))
    } finally {
      if (!published) await removeTemporaryFile(temporary)
    }
    return published
  }

  async #assertFolder(name: ObjectName): Promise<void> {
    if (!(await this.#folders.isThere(dirname(objectPath(name))))) throw objectNotFound(name, this.location)
  }

  /** Runs `act` on the object `name`; what the file system throws becomes what it means for the store. */
  async #meaning<T>(doing: 'writing' | 'reading' | 'looking at' | 'removing', name: ObjectName, act: () => Promise<T>) {
    const path = this.localFile(name)
    try {
      return await act()
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') {
        await this.#folders.assertAttached()
        if (doing !== 'writing') throw objectNotFound(name, this.location)
        // Someone removed a folder or the temporary file under our hands: all of it is made again when tried again.
        this.#folders.forget()
      }
      // Opening a link, a socket or a device fails in ways that tell nothing of the disk.
      else if (doing === 'reading' && errnoOf(error) !== undefined && (await this.#isAnotherThing(name))) {
        throw notAFile(name, path)
      }
      throw storeError(error, { doing, path })
    }
  }

  /** Tells whether something lies in the place of an object that is no regular file. */
  async #isAnotherThing(name: ObjectName): Promise<boolean> {
    const info = await lstat(this.localFile(name)).catch(() => undefined)
    return info?.isFile() === false
  }
}

/** @param retry `transient` for what the disk may bring back that is attached again. */
function noStore(root: string, what: string, retry: 'never' | 'transient'): StorageError {
  return new StorageError('NO_REPOSITORY', `there is no repository at ${root}: it is ${what}`, {
    retry,
    context: { path: root },
    hint: 'Check the path, attach the volume, or make a repository with `tidemark init`.',
  })
}
