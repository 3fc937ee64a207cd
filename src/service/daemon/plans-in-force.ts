import { type TidemarkError, UsageError } from '../../base/errors.ts'
import type { ChannelSettings } from '../notifications/channel.ts'
import { type PlansFile, pausePlan } from '../plans/edit-plans.ts'
import type { Plan } from '../plans/plan.ts'
import { EventWatch, type EventWatchEvents, type EventWatchOptions } from './event-watch.ts'
import type { KeptConfiguration } from './kept-configuration.ts'
import type { Settings } from './settings.ts'
import { type SettingsEvents, type SettingsInForce, watchSettings } from './watch-settings.ts'

export interface PlansInForceEvents extends Omit<SettingsEvents, 'changed'>, EventWatchEvents {
  /** Others are in force now. */
  changed(): void
}

export interface PlansInForceOptions extends PlansFile, EventWatchOptions {
  readonly kept: Pick<KeptConfiguration, 'load' | 'save'>
}

/** The plans of the configuration file that are in force, and what they wait for at paths and volumes. */
export class PlansInForce implements AsyncDisposable {
  readonly #file: PlansFile
  readonly #kept: PlansInForceOptions['kept']
  readonly #events: PlansInForceEvents
  readonly #watch: EventWatch
  #inForce: SettingsInForce | undefined
  #following: Promise<void> = Promise.resolve()

  constructor(options: PlansInForceOptions, events: PlansInForceEvents) {
    this.#file = { file: options.file, home: options.home }
    this.#kept = options.kept
    this.#events = events
    this.#watch = new EventWatch(options, events)
  }

  /** Reads the file, and follows it from now on. */
  async begin(): Promise<void> {
    this.#inForce = await watchSettings(
      { ...this.#file, kept: this.#kept },
      {
        changed: ({ plans }) => {
          this.#following = this.#following.then(() => this.#watch.follow(plans))
          this.#events.changed()
        },
        mistaken: (error, isOtherInForce) => this.#events.mistaken(error, isOtherInForce),
        corrected: () => this.#events.corrected(),
      },
    )
    await this.#following
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#inForce?.[Symbol.dispose]()
    await this.#following
    this.#watch[Symbol.dispose]()
  }

  /** `undefined`: the file was never right so far. */
  get settings(): Settings | undefined {
    return this.#inForce?.settings
  }

  /** What is wrong with the file as it is now. */
  get mistake(): TidemarkError | undefined {
    return this.#inForce?.mistake
  }

  /** None, as long as the file was never right. */
  get plans(): readonly Plan[] {
    return this.settings?.plans ?? []
  }

  get channels(): ReadonlyMap<string, ChannelSettings> {
    return this.settings?.channels ?? new Map<string, ChannelSettings>()
  }

  /** Returns the plans for somebody who wants something of them. @throws {TidemarkError} what is wrong with a file that was never right. */
  known(): readonly Plan[] {
    if (this.settings === undefined && this.mistake !== undefined) throw this.mistake
    return this.plans
  }

  /** @throws {UsageError} BAD_ARGUMENT: there is no such plan. @throws {TidemarkError} as `known`. */
  named(name: string): Plan {
    this.known()
    const plan = this.plans.find((each) => each.name === name)
    if (plan !== undefined) return plan
    const known = this.plans.map((each) => each.name)
    throw new UsageError('BAD_ARGUMENT', `no plan is called "${name}"`, {
      hint: known.length === 0 ? 'There is no plan at all.' : `There are ${known.join(', ')}.`,
    })
  }

  /** Reads the file again; resolves once what it says is followed. */
  async reload(): Promise<void> {
    await this.#inForce?.reload()
    await this.#following
  }

  /** Pauses a plan in the file, or has it go on. @throws {UsageError} as `pausePlan` does. */
  async pause(name: string, paused: boolean): Promise<void> {
    await pausePlan(this.#file, name, paused)
    await this.reload()
  }
}
