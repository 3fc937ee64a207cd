import { realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

import { errnoOf } from '../../base/errors.ts'
import { MountAnswers } from '../../base/posix/mount-answers.ts'
import { FolderWatcher } from './folder-watcher.ts'

export interface PathWatchOptions {
  /** Absolute: a folder with all that lies in it, or a file. It may be missing, and come, and go. */
  readonly path: string
  /** Changes are told once nothing changed for so long, 2 s by default, … */
  readonly quietMs?: number
  /** … or so long after the first of them, a minute by default: what never rests is told as well. */
  readonly longestMs?: number
  /** How often it is looked whether it is still the same file or folder, half a minute by default. */
  readonly lookMs?: number
}

export interface PathWatchEvents {
  /** Something at the path changed since the last time, or since the watch began. */
  changed(): void
  /**
   * Not all changes will be seen: an errno, such as ENOSPC for a limit of the system, `too-many` folders, or a
   * `silent-mount`. Told once.
   */
  incomplete(why: string): void
}

const QUIET_MS = 2000
const LONGEST_MS = 60_000
const LOOK_MS = 30_000
const MISSING = 'missing'

/** Watches a path until it is disposed of. Resolves once changes are seen. */
export async function watchPath(options: PathWatchOptions, events: PathWatchEvents): Promise<Disposable> {
  const watching = new PathWatch(options, events)
  await watching.look()
  return watching
}

class PathWatch implements Disposable {
  readonly #options: PathWatchOptions
  readonly #events: PathWatchEvents
  readonly #timer: NodeJS.Timeout
  #watcher: FolderWatcher | undefined
  /** Which file or folder is watched. */
  #identity: string | undefined
  #isLooking = false
  #wasIncomplete = false
  #isClosed = false
  #firstMs: number | undefined
  #telling: NodeJS.Timeout | undefined

  constructor(options: PathWatchOptions, events: PathWatchEvents) {
    this.#options = options
    this.#events = events
    this.#timer = setInterval(() => this.#lookAgain(), options.lookMs ?? LOOK_MS).unref()
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    clearTimeout(this.#telling)
    this.#watcher?.[Symbol.dispose]()
  }

  /** Watches what is at the path now, unless it is watched already; says whether it is another file or folder. */
  async look(): Promise<boolean> {
    if (this.#isLooking) return false
    this.#isLooking = true
    try {
      // It may be as it was, once what it lies in answers again.
      if (!(await new MountAnswers().reaches(this.#options.path))) return false
      const found = await lookAt(this.#options.path)
      const before = this.#identity
      if (found.identity === before || this.#isClosed) return false
      this.#identity = found.identity
      await this.#rearm(found)
      return before !== undefined
    } finally {
      this.#isLooking = false
    }
  }

  async #rearm({ isFolder, real }: Found): Promise<void> {
    const { path } = this.#options
    this.#watcher?.[Symbol.dispose]()
    const changed = (changedPath: string): void => {
      if (isFolder || changedPath === path || changedPath === real) this.#changed()
    }
    this.#watcher = new FolderWatcher({ changed, incomplete: (why) => this.#incomplete(why) }, { deep: isFolder })
    // A file is seen in the folder that it lies in, so is what is not there yet; and a link may change as its target may.
    for (const folder of isFolder ? [path] : new Set([dirname(path), dirname(real)])) await this.#watcher.add(folder)
  }

  #lookAgain(): void {
    this.look().then(
      (isOther) => {
        if (isOther) this.#changed()
      },
      (error: unknown) => this.#incomplete(errnoOf(error) ?? String(error)),
    )
  }

  #incomplete(why: string): void {
    if (this.#wasIncomplete) return
    this.#wasIncomplete = true
    this.#events.incomplete(why)
  }

  #changed(): void {
    const now = performance.now()
    this.#firstMs ??= now
    const leftMs = this.#firstMs + (this.#options.longestMs ?? LONGEST_MS) - now
    clearTimeout(this.#telling)
    const tell = (): void => {
      this.#firstMs = undefined
      // Perhaps it is the path itself that went, or was replaced: what lies there now is watched before anybody reads it.
      this.look()
        .catch((error: unknown) => this.#incomplete(errnoOf(error) ?? String(error)))
        .finally(() => {
          if (!this.#isClosed) this.#events.changed()
        })
    }
    this.#telling = setTimeout(tell, Math.max(0, Math.min(leftMs, this.#options.quietMs ?? QUIET_MS))).unref()
  }
}

interface Found {
  /** Tells a file or folder from another one at the same path. */
  readonly identity: string
  readonly isFolder: boolean
  /** Where it is, behind all links. */
  readonly real: string
}

async function lookAt(path: string): Promise<Found> {
  try {
    const [info, real] = await Promise.all([stat(path, { bigint: true }), realpath(path)])
    return { identity: `${info.dev} ${info.ino}`, isFolder: info.isDirectory(), real }
  } catch (error) {
    // Not there, or not to be seen: later perhaps.
    if (errnoOf(error) === undefined) throw error
    return { identity: MISSING, isFolder: false, real: path }
  }
}
