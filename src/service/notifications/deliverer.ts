import type { Clock } from '../../base/clock.ts'
import { TidemarkError } from '../../base/errors.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { Randomness } from '../../base/random.ts'
import { retryDelayMs } from '../jobs/retry.ts'
import type { Channel } from './channel.ts'
import type { Delivery } from './notification.ts'
import type { NotificationStore } from './notification-store.ts'

/** With delays of up to an hour: a mail server may be away for a day. */
const FAILURES_MAX = 30

export interface DelivererOptions {
  readonly store: NotificationStore
  readonly instance: InstanceId
  readonly clock: Clock
  readonly randomness: Randomness
  /** Returns the channel of a name, `undefined` when the configuration knows it no more. */
  readonly channel: (name: string) => Channel | undefined
  /** Told that a channel does not work, also when tried again; `isGivenUp`: this notification will not go through it. */
  readonly onFailure: (channel: string, error: TidemarkError, isGivenUp: boolean) => void
  /** Told that a channel works. */
  readonly onSuccess: (channel: string) => void
}

/** Brings notifications to where they are configured to go: tried again while that may help. */
export class Deliverer {
  readonly #options: DelivererOptions

  constructor(options: DelivererOptions) {
    this.#options = options
  }

  /**
   * Delivers all that is due, and resolves with when something is due next. One channel that takes long does not keep
   * others waiting.
   *
   * @throws the signal's reason.
   */
  async deliverDue(signal: AbortSignal): Promise<number | undefined> {
    const { store, instance, clock } = this.#options
    const due = await store.dueDeliveries(instance, clock.nowMs())
    const ofChannels = Map.groupBy(due, ({ channel }) => channel)
    await Promise.all([...ofChannels].map(([name, deliveries]) => this.#through(name, deliveries, signal)))
    return store.nextDeliveryMs(instance)
  }

  async #through(name: string, deliveries: readonly Delivery[], signal: AbortSignal): Promise<void> {
    const { store, instance, clock, onSuccess } = this.#options
    for (const delivery of deliveries) {
      const channel = this.#options.channel(name)
      if (channel === undefined) {
        await store.endDelivery(delivery.notification.id, name)
        continue
      }
      try {
        await channel.send(delivery.notification, signal)
      } catch (error) {
        if (signal.aborted || !(error instanceof TidemarkError)) throw error
        await this.#failed(delivery, error)
        continue
      }
      await store.endDelivery(delivery.notification.id, name)
      await store.hurryDeliveries(instance, name, clock.nowMs())
      onSuccess(name)
    }
  }

  async #failed({ notification, channel, failures }: Delivery, error: TidemarkError): Promise<void> {
    const { store, clock, randomness, onFailure } = this.#options
    const isGivenUp = error.retry === 'never' || failures + 1 >= FAILURES_MAX
    if (isGivenUp) await store.endDelivery(notification.id, channel)
    else {
      const dueMs = clock.nowMs() + retryDelayMs(failures, randomness)
      await store.postponeDelivery(notification.id, channel, dueMs)
    }
    if (isGivenUp || failures > 0) onFailure(channel, error, isGivenUp)
  }
}
