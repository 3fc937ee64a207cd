import { isDeepStrictEqual } from 'node:util'

import { TidemarkError, UsageError } from '../../base/errors.ts'
import { readConfigurationText } from '../configuration.ts'
import type { PlansFile } from '../plans/edit-plans.ts'
import { watchPath } from '../schedule/watch-path.ts'
import type { KeptConfiguration } from './kept-configuration.ts'
import { decodeSettings, type Settings } from './settings.ts'

export interface SettingsEvents {
  /** Other settings are in force now. */
  changed(settings: Settings): void
  /**
   * The file says something that cannot be: BAD_CONFIGURATION with line and key. What was in force stays so, if anything was.
   * Told once.
   */
  mistaken(error: TidemarkError, isOtherInForce: boolean): void
  /** The file is right again. */
  corrected(): void
}

/** The settings in force: those of the file when it was right last, be it for an earlier daemon. */
export interface SettingsInForce extends Disposable {
  /** `undefined`: the file was never right so far. */
  readonly settings: Settings | undefined
  /** What is wrong with the file as it is now. */
  readonly mistake: TidemarkError | undefined
  /** Reads the file again now, though nobody said that it changed. Never rejects over what the file says. */
  reload(): Promise<void>
}

export interface SettingsWatchOptions extends PlansFile {
  /** In force until the file says otherwise, which it does not as long as it is wrong. */
  readonly kept: Pick<KeptConfiguration, 'load' | 'save'>
  /** A file is read once it was left alone for so long: 300 ms by default. */
  readonly quietMs?: number
}

const QUIET_MS = 300

/** Reads the configuration file, and again whenever it changes. One that is not there says nothing. */
export async function watchSettings(options: SettingsWatchOptions, events: SettingsEvents): Promise<SettingsInForce> {
  const inForce = new WatchedSettings(options, events)
  await inForce.begin()
  return inForce
}

class WatchedSettings implements SettingsInForce {
  readonly #options: SettingsWatchOptions
  readonly #events: SettingsEvents
  #settings: Settings | undefined
  #mistake: TidemarkError | undefined
  /** What the file said when it was right last. */
  #text: string | undefined
  #watch: Disposable | undefined
  #reading: Promise<void> = Promise.resolve()

  constructor(options: SettingsWatchOptions, events: SettingsEvents) {
    this.#options = options
    this.#events = events
  }

  get settings(): Settings | undefined {
    return this.#settings
  }

  get mistake(): TidemarkError | undefined {
    return this.#mistake
  }

  async begin(): Promise<void> {
    const { file, quietMs = QUIET_MS } = this.#options
    const kept = this.#decodeKept()
    this.#settings = kept
    // Watched before it is read. Where it cannot be, whoever runs it reloads from time to time.
    this.#watch = await watchPath(
      { path: file, quietMs, longestMs: 10 * quietMs },
      { changed: () => void this.reload(), incomplete: () => {} },
    )
    await this.reload()
    if (kept !== undefined && kept === this.#settings) this.#events.changed(kept)
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]()
  }

  reload(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#read())
    return this.#reading
  }

  async #read(): Promise<void> {
    const before = this.#mistake
    try {
      const settings = await this.#decode()
      this.#mistake = undefined
      if (before !== undefined) this.#events.corrected()
      if (isDeepStrictEqual(settings, this.#settings)) return
      this.#settings = settings
      this.#events.changed(settings)
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      this.#mistake = error
      if (error.message !== before?.message) this.#events.mistaken(error, this.#settings !== undefined)
    }
  }

  async #decode(): Promise<Settings> {
    const { file, home } = this.#options
    const text = await readConfigurationText(file)
    const inForce = this.#settings
    if (inForce !== undefined && text === this.#text) return inForce
    if (text !== undefined || inForce === undefined || inForce.plans.length === 0) {
      const settings = decodeSettings({ file, text: text ?? '', home })
      if (text !== undefined && text !== this.#text) this.#options.kept.save(text)
      this.#text = text
      return settings
    }
    // A disk that is not mounted, more likely than somebody who wants nothing to be backed up any more.
    throw new UsageError('BAD_CONFIGURATION', `the configuration ${file} is gone; its plans go on`, {
      context: { file },
      hint: 'Put it back, or write one without plans.',
    })
  }

  #decodeKept(): Settings | undefined {
    const { file, home, kept } = this.#options
    const text = kept.load()
    if (text === undefined) return undefined
    try {
      const settings = decodeSettings({ file, text, home })
      this.#text = text
      return settings
    } catch (error) {
      // An earlier version took it.
      if (!(error instanceof TidemarkError)) throw error
      return undefined
    }
  }
}
