import { type FSWatcher, watch } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join, sep } from 'node:path'

import { errnoOf } from '../../base/errors.ts'
import { MountAnswers } from '../../base/posix/mount-answers.ts'

/** Beyond that, memory of the kernel and the time to begin are no longer small. */
const FOLDERS_MAX = 50_000

export interface FolderEvents {
  /** Something in a folder, or the folder itself, is not as it was. `path` is that of the entry, where the system says it. */
  changed(path: string): void
  /** Not all is watched: `errno` of the system, `too-many` folders, or a `silent-mount`, which does not answer. */
  incomplete(why: string): void
}

/**
 * Watches folders one by one: Node's own recursive watch loses files that are replaced by a rename, which is how editors
 * save. Symbolic links are not followed.
 */
export class FolderWatcher implements Disposable {
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #events: FolderEvents
  readonly #isDeep: boolean
  #isClosed = false

  constructor(events: FolderEvents, options: { readonly deep: boolean }) {
    this.#events = events
    this.#isDeep = options.deep
  }

  /** Watches a folder, and those in it when the watcher is deep; what is not there is passed over. */
  async add(folder: string): Promise<void> {
    const left = [folder]
    const answers = new MountAnswers()
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (!(await answers.answersAt(next))) {
        if (!this.#isClosed) this.#events.incomplete('silent-mount')
        continue
      }
      // Watched before it is read: what is made in between is seen by one of the two.
      if (this.#isClosed || !this.#watch(next) || !this.#isDeep) continue
      for (const entry of await entriesOf(next)) if (entry.isDirectory()) left.push(join(next, entry.name))
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  /** Returns whether the folder is watched from now on, and was not before. */
  #watch(folder: string): boolean {
    if (this.#watchers.has(folder)) return false
    if (this.#watchers.size >= FOLDERS_MAX) {
      this.#events.incomplete('too-many')
      return false
    }
    try {
      const watcher = watch(folder, { persistent: false })
      watcher.on('change', (kind, name) => this.#changed(folder, { kind, name: name?.toString() }))
      watcher.on('error', (error) => this.#failed(folder, error))
      this.#watchers.set(folder, watcher)
      return true
    } catch (error) {
      this.#failed(folder, error)
      return false
    }
  }

  #changed(folder: string, { kind, name }: { readonly kind: string; readonly name: string | undefined }): void {
    if (this.#isClosed) return
    const path = name === undefined ? folder : join(folder, name)
    this.#events.changed(path)
    if (kind !== 'rename' || !this.#isDeep || name === undefined) return
    this.#renamed(path).catch((error: unknown) => this.#failed(path, error))
  }

  /** Follows an entry that was made, went, or is another one of the same name. */
  async #renamed(path: string): Promise<void> {
    this.#forget(path)
    if (!(await lstat(path)).isDirectory()) return
    await this.add(path)
    // Whatever was changed in there before it was watched.
    if (!this.#isClosed) this.#events.changed(path)
  }

  #failed(folder: string, error: unknown): void {
    this.#forget(folder)
    const errno = errnoOf(error)
    if (errno === undefined) throw error
    // Gone meanwhile, or no folder at all.
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR' && !this.#isClosed) this.#events.incomplete(errno)
  }

  #forget(folder: string): void {
    for (const [path, watcher] of this.#watchers) {
      if (path !== folder && !path.startsWith(`${folder}${sep}`)) continue
      watcher.close()
      this.#watchers.delete(path)
    }
  }
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return []
  }
}
