import { isDeepStrictEqual } from 'node:util'

import type { Clock } from '../../base/clock.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { JobStore } from '../jobs/job-store.ts'
import type { Json } from '../jobs/job.ts'
import type { EventTrigger, Plan } from '../plans/plan.ts'

export interface HappeningsOptions {
  readonly jobs: Pick<JobStore, 'raise' | 'raised'>
  readonly instance: InstanceId
  readonly clock: Clock
}

/** Keeps what happened that plans wait for. */
export class Happenings {
  readonly #options: HappeningsOptions

  constructor(options: HappeningsOptions) {
    this.#options = options
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
