import { lstat, mkdir, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { errnoOf, StorageError } from '../../src/base/errors.ts'
import { syncFolder } from './sync-folder.ts'

/** Only the owner enters: names, sizes and times of objects are nobody else's business. */
export const FOLDER_MODE = 0o700

/** Knows the folders below a store's root: which are real folders, and which will survive a loss of power. */
export class StoreFolders {
  readonly #root: string
  readonly #device: number
  readonly #real = new Set<string>()
  readonly #durable = new Set<string>()
  readonly #making = new Map<string, Promise<void>>()

  /** `root` is a real path; `device` is the number of the file system it lay on when the store was opened. */
  constructor(root: string, device: number) {
    this.#root = root
    this.#device = device
  }

  /**
   * Checks that `folder`, a path relative to the root, is made of folders and not of links out of the store.
   * Returns whether it is there. An answer of yes is remembered.
   *
   * @throws {StorageError} STORE_FAILED for a link or a file in its place; STORE_UNAVAILABLE.
   */
  async isThere(folder: string): Promise<boolean> {
    if (folder === '.' || this.#real.has(folder)) return true
    if (!(await this.isThere(dirname(folder)))) return false
    try {
      const path = join(this.#root, folder)
      if (!(await lstat(path)).isDirectory()) throw notAFolder(path)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
      await this.assertAttached()
      return false
    }
    this.#real.add(folder)
    return true
  }

  /** Makes `folder`, a path relative to the root, where it is missing. Once resolved it is durable. */
  async make(folder: string): Promise<void> {
    if (folder === '.' || this.#durable.has(folder)) return
    const making = this.#making.get(folder) ?? this.#makeOnce(folder).finally(() => this.#making.delete(folder))
    this.#making.set(folder, making)
    await making
  }

  /** Forgets what is known, after someone else removed a folder. */
  forget(): void {
    this.#real.clear()
    this.#durable.clear()
  }

  /**
   * Checks that the root is still on the file system on which the store was opened. When a volume is detached, its
   * mount point stays behind as an empty folder, which must pass neither for an empty store nor for a place to write.
   *
   * @throws {StorageError} STORE_UNAVAILABLE
   */
  async assertAttached(): Promise<void> {
    const device = await stat(this.#root).then(
      (found) => found.dev,
      (error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return undefined
        throw error
      },
    )
    if (device === this.#device) return
    throw new StorageError('STORE_UNAVAILABLE', `${this.#root} is no longer there: its volume was detached or moved`, {
      retry: 'transient',
      context: { path: this.#root },
      hint: 'Attach or mount the volume again.',
    })
  }

  async #makeOnce(folder: string): Promise<void> {
    const parent = dirname(folder)
    await this.make(parent)
    await this.#learn(parent)
    if (this.#durable.has(folder)) return
    if (await this.isThere(folder)) {
      await syncFolder(join(this.#root, parent))
    } else {
      await mkdir(join(this.#root, folder), { mode: FOLDER_MODE }).catch((error: unknown) => {
        // Another writer was faster. Whether what it made is durable yet, only a sync of our own tells.
        if (errnoOf(error) !== 'EEXIST') throw error
      })
      if (!(await this.isThere(folder))) throw notAFolder(join(this.#root, folder))
      await syncFolder(join(this.#root, parent))
    }
    this.#durable.add(folder)
  }

  /** Learns, with one sync, that all folders now in `parent` are durable, whoever made them. */
  async #learn(parent: string): Promise<void> {
    const mark = `${parent}/*`
    if (this.#durable.has(mark)) return
    const entries = await readdir(join(this.#root, parent), { withFileTypes: true })
    await syncFolder(join(this.#root, parent))
    for (const entry of entries) if (entry.isDirectory()) this.#durable.add(join(parent, entry.name))
    this.#durable.add(mark)
  }
}

function notAFolder(path: string): StorageError {
  return new StorageError('STORE_FAILED', `${path} is not a folder`, {
    context: { path },
    hint: 'Nothing inside a repository may be a link: put the real folder in its place.',
  })
}
