import { isDeepStrictEqual } from 'node:util'

import type { Clock } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { JobStore } from '../jobs/job-store.ts'
import type { Json } from '../jobs/job.ts'
import type { EventTrigger, Plan } from '../plans/plan.ts'
import { parseTrigger } from '../plans/trigger-text.ts'

/** What may be said of an event. */
const ABOUT_CHARACTERS_MAX = 64 << 10

export interface HappeningsOptions {
  readonly jobs: Pick<JobStore, 'raise' | 'raised'>
  readonly instance: InstanceId
  readonly clock: Clock
  /** What `~` stands for. */
  readonly home: string
}

/** Keeps what happened that plans wait for. */
export class Happenings {
  readonly #options: HappeningsOptions

  constructor(options: HappeningsOptions) {
    this.#options = options
  }

  /**
   * Keeps that somebody told of an event of this name, if any of these plans waits for it; returns their names.
   *
   * @throws {UsageError} BAD_ARGUMENT: that cannot be a name, or more is said of it than can be kept.
   */
  async raiseNamed(name: string, plans: readonly Plan[], about?: Json): Promise<readonly string[]> {
    const event = parseTrigger(`@event ${name}`, this.#options.home)
    if (event.kind !== 'event' || JSON.stringify(about ?? null).length > ABOUT_CHARACTERS_MAX) {
      throw new UsageError('BAD_ARGUMENT', `too much is said of the event "${name.slice(0, 64)}"`, {
        hint: `At most ${ABOUT_CHARACTERS_MAX} characters of JSON are kept.`,
      })
    }
    return this.raise(event, plans, about)
  }

  /** Keeps that something happened, if any of these plans waits for it; returns their names. */
  async raise(event: EventTrigger, plans: readonly Plan[], about?: Json): Promise<readonly string[]> {
    const { clock, instance, jobs } = this.#options
    const waiting = plans.filter(({ triggers }) => triggers.some((trigger) => isDeepStrictEqual(trigger, event)))
    if (waiting.length > 0) await jobs.raise(instance, { event, atMs: clock.nowMs(), about })
    return waiting.map(({ name }) => name)
  }

  /** Raises `@boot` unless that was done since the machine started; before plans are seen, so that none runs when it is new. */
  async noticeBoot(bootId: string): Promise<void> {
    const { clock, instance, jobs } = this.#options
    const last = (await jobs.raised(instance)).find(({ event }) => event.kind === 'boot')
    if (last?.about === bootId) return
    await jobs.raise(instance, { event: { kind: 'boot' }, atMs: clock.nowMs(), about: bootId })
  }
}
