import { watchPath } from './watch-path.ts'

/** Whether a labelled volume can be used: `attached` ones are not mounted yet. */
export type VolumeState = 'absent' | 'attached' | 'mounted'

export interface VolumeWatchOptions {
  readonly labels: readonly string[]
  /** Looks for a volume; a failure counts as `absent`. */
  stateOf(label: string): Promise<VolumeState>
  /** Where the system keeps its names of disks: /dev/disk. What changes in it is reason to look at once. */
  readonly folder: string
  /** How often it is looked anyway: a minute by default. */
  readonly lookMs?: number
  /** How often while a volume is attached and not mounted, which no folder tells: 3 s by default. */
  readonly mountingMs?: number
  /** How long names of disks are to be at rest, half a second by default. */
  readonly quietMs?: number
}

export interface VolumeWatchEvents {
  /** A volume that was not there before is mounted. Those mounted when the watch begins are not told. */
  appeared(label: string): void
}

const LOOK_MS = 60_000
const MOUNTING_MS = 3000
const QUIET_MS = 500

/** Watches for volumes until it is disposed of. Resolves once it is known which are there. */
export async function watchVolumes(options: VolumeWatchOptions, events: VolumeWatchEvents): Promise<Disposable> {
  const watch = new VolumeWatch(options, events)
  await watch.look()
  await watch.follow()
  return watch
}

class VolumeWatch implements Disposable {
  readonly #options: VolumeWatchOptions
  readonly #events: VolumeWatchEvents
  readonly #states = new Map<string, VolumeState>()
  #names: Disposable | undefined
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isClosed = false

  constructor(options: VolumeWatchOptions, events: VolumeWatchEvents) {
    this.#options = options
    this.#events = events
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#names?.[Symbol.dispose]()
  }

  async follow(): Promise<void> {
    const { folder, quietMs = QUIET_MS } = this.#options
    const changed = (): void => void this.look()
    // Where names of disks cannot be watched, they are looked at from time to time all the same.
    this.#names = await watchPath({ path: folder, quietMs, longestMs: 2 * quietMs }, { changed, incomplete: () => {} })
  }

  /** Looks at all volumes; never rejects. One look at a time. */
  look(): Promise<void> {
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #lookNow(): Promise<void> {
    for (const label of this.#options.labels) {
      const state = await this.#options.stateOf(label).catch(() => 'absent' as const)
      if (this.#isClosed) return
      const before = this.#states.get(label)
      this.#states.set(label, state)
      if (state === 'mounted' && before !== undefined && before !== 'mounted') this.#events.appeared(label)
    }
    const { lookMs = LOOK_MS, mountingMs = MOUNTING_MS } = this.#options
    const isMounting = [...this.#states.values()].includes('attached')
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.look(), isMounting ? mountingMs : lookMs).unref()
  }
}
