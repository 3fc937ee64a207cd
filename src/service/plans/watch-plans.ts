import { isDeepStrictEqual } from 'node:util'

import { TidemarkError, UsageError } from '../../base/errors.ts'
import { readConfigurationText } from '../configuration.ts'
import { watchPath } from '../schedule/watch-path.ts'
import { decodePlans } from './decode-plans.ts'
import type { PlansFile } from './edit-plans.ts'
import type { Plan } from './plan.ts'

export interface PlansEvents {
  /** The plans in force are others now. */
  changed(plans: readonly Plan[]): void
  /** The file says something that cannot be: BAD_CONFIGURATION with line and key. What was in force stays so. Told once. */
  mistaken(error: TidemarkError): void
}

/** The plans in force: those of the file when it was right last. */
export interface PlansInForce extends Disposable {
  readonly plans: readonly Plan[]
  /** Reads the file again now, though nobody said that it changed. Never rejects over what the file says. */
  reload(): Promise<void>
}

export interface PlansWatchOptions extends PlansFile {
  /** A file is read once it was left alone for so long: 300 ms by default. */
  readonly quietMs?: number
}

const QUIET_MS = 300

/** Reads the plans of the configuration file, and again whenever it changes. Without a file, there are none. */
export async function watchPlans(options: PlansWatchOptions, events: PlansEvents): Promise<PlansInForce> {
  const inForce = new WatchedPlans(options, events)
  await inForce.begin()
  return inForce
}

class WatchedPlans implements PlansInForce {
  readonly #options: PlansWatchOptions
  readonly #events: PlansEvents
  #plans: readonly Plan[] = []
  /** What was told last of a file that is still wrong. */
  #mistake: string | undefined
  #watch: Disposable | undefined
  #reading: Promise<void> = Promise.resolve()

  constructor(options: PlansWatchOptions, events: PlansEvents) {
    this.#options = options
    this.#events = events
  }

  get plans(): readonly Plan[] {
    return this.#plans
  }

  async begin(): Promise<void> {
    const { file, quietMs = QUIET_MS } = this.#options
    // Watched before it is read. Where it cannot be, whoever runs it reloads from time to time.
    this.#watch = await watchPath(
      { path: file, quietMs, longestMs: 10 * quietMs },
      { changed: () => void this.reload(), incomplete: () => {} },
    )
    await this.reload()
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]()
  }

  reload(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#read())
    return this.#reading
  }

  async #read(): Promise<void> {
    try {
      const plans = await this.#decode()
      this.#mistake = undefined
      if (isDeepStrictEqual(plans, this.#plans)) return
      this.#plans = plans
      this.#events.changed(plans)
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      if (error.message !== this.#mistake) this.#events.mistaken(error)
      this.#mistake = error.message
    }
  }

  async #decode(): Promise<readonly Plan[]> {
    const { file, home } = this.#options
    const text = await readConfigurationText(file)
    if (text !== undefined) return decodePlans({ file, text, home })
    if (this.#plans.length === 0) return []
    // A disk that is not mounted, more likely than somebody who wants nothing to be backed up any more.
    throw new UsageError('BAD_CONFIGURATION', `the configuration ${file} is gone; its plans go on`, {
      context: { file },
      hint: 'Put it back, or write one without plans.',
    })
  }
}
