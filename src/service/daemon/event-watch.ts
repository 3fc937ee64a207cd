import type { EventTrigger, Plan } from '../plans/plan.ts'
import { watchPath } from '../schedule/watch-path.ts'
import { type VolumeState, watchVolumes } from '../schedule/watch-volumes.ts'

export interface EventWatchOptions {
  /** Looks for a labelled volume. */
  readonly volumeState: (label: string) => Promise<VolumeState>
  /** Where the system keeps its names of disks. */
  readonly disksFolder: string
}

export interface EventWatchEvents {
  happened(event: EventTrigger): void
  /** Not all changes at a path will be seen: an errno, or `too-many` folders. */
  incomplete(path: string, why: string): void
}

/** Watches the paths and volumes that plans wait for. */
export class EventWatch implements Disposable {
  readonly #options: EventWatchOptions
  readonly #events: EventWatchEvents
  readonly #paths = new Map<string, Disposable>()
  #labels: readonly string[] = []
  #volumes: Disposable | undefined

  constructor(options: EventWatchOptions, events: EventWatchEvents) {
    this.#options = options
    this.#events = events
  }

  /** Watches what these plans wait for, and nothing else any more. Resolves once changes are seen; one call at a time. */
  async follow(plans: readonly Plan[]): Promise<void> {
    const triggers = plans.flatMap((plan) => plan.triggers)
    await this.#followPaths(new Set(triggers.flatMap((trigger) => (trigger.kind === 'path' ? [trigger.path] : []))))
    await this.#followVolumes(
      new Set(triggers.flatMap((trigger) => (trigger.kind === 'volume' ? [trigger.label] : []))),
    )
  }

  [Symbol.dispose](): void {
    for (const watch of this.#paths.values()) watch[Symbol.dispose]()
    this.#paths.clear()
    this.#volumes?.[Symbol.dispose]()
    this.#volumes = undefined
  }

  async #followPaths(wanted: ReadonlySet<string>): Promise<void> {
    for (const [path, watch] of this.#paths) {
      if (wanted.has(path)) continue
      watch[Symbol.dispose]()
      this.#paths.delete(path)
    }
    for (const path of wanted) {
      if (this.#paths.has(path)) continue
      const events = {
        changed: () => this.#events.happened({ kind: 'path', path }),
        incomplete: (why: string) => this.#events.incomplete(path, why),
      }
      this.#paths.set(path, await watchPath({ path }, events))
    }
  }

  async #followVolumes(wanted: ReadonlySet<string>): Promise<void> {
    const labels = [...wanted].sort()
    if (labels.join('\n') === this.#labels.join('\n')) return
    this.#volumes?.[Symbol.dispose]()
    this.#volumes = undefined
    this.#labels = labels
    if (labels.length === 0) return
    const { volumeState, disksFolder } = this.#options
    this.#volumes = await watchVolumes(
      { labels, stateOf: volumeState, folder: disksFolder },
      { appeared: (label) => this.#events.happened({ kind: 'volume', label }) },
    )
  }
}
