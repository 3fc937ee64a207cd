import { statSync } from 'node:fs'

import type { Clock } from '../base/clock.ts'
import { errnoOf, TidemarkError } from '../base/errors.ts'
import { type ConfiguredRepository, readConfiguration } from '../service/configuration.ts'
import type { RateLimits } from '../storage/throttle.ts'

/** How often the configuration is looked at while something goes to a store or comes from it. */
const LOOK_MS = 2000

export interface ConfiguredLimitsOptions {
  /** Of the command line: they stay. */
  readonly given: RateLimits
  readonly configFile: string
  /** As it was read from there. */
  readonly repository: Pick<ConfiguredRepository, 'name' | 'limits'>
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly warn: (text: string) => void
}

/** Limits of a repository in the configuration, which may be changed there while it is used. */
export class ConfiguredLimits {
  readonly #options: ConfiguredLimitsOptions
  #configured: RateLimits
  #file: string | undefined
  #lookedMs: number

  constructor(options: ConfiguredLimitsOptions) {
    const { clock, configFile, repository } = options
    this.#options = options
    this.#configured = repository.limits
    this.#file = versionOf(configFile)
    this.#lookedMs = clock.monotonicMs()
  }

  /** Returns them as they are known; what was changed is known a moment after it was asked for. */
  current(): RateLimits {
    const { clock, given } = this.#options
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#lookedMs >= LOOK_MS) {
      this.#lookedMs = nowMs
      void this.#look()
    }
    return { upload: given.upload ?? this.#configured.upload, download: given.download ?? this.#configured.download }
  }

  async #look(): Promise<void> {
    const { configFile, repository, warn } = this.#options
    const version = versionOf(configFile)
    if (version === this.#file) return
    this.#file = version
    try {
      const { repositories } = await readConfiguration(configFile)
      if (this.#file !== version) return
      // One that is not there any more goes on as it began.
      this.#configured = repositories.get(repository.name)?.limits ?? this.#configured
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      warn(`limits stay as they were: ${error.message}`)
    }
  }
}

/** What changes with a file's content; `undefined` where there is none, or it cannot be looked at: whoever reads it tells why. */
function versionOf(file: string): string | undefined {
  try {
    const info = statSync(file, { throwIfNoEntry: false })
    return info === undefined ? undefined : `${info.ino} ${info.size} ${info.mtimeMs}`
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}
