import type { Clock } from '../../base/clock.ts'
import type { TidemarkError } from '../../base/errors.ts'
import type { InstanceId } from '../../base/ids.ts'
import type { NotifyCause, NotifySettings } from '../plans/plan.ts'
import { channelBroken, channelKey, recovery } from './conditions.ts'
import type { Category, Condition, Notification } from './notification.ts'
import type { NotificationStore } from './notification-store.ts'

export interface NotifierOptions {
  readonly store: NotificationStore
  readonly instance: InstanceId
  readonly clock: Clock
  /** Names of all configured channels, as they are now. */
  readonly channels: () => readonly string[]
  /** Told whenever something is there to be delivered. */
  readonly onRaised: () => void
  /** Told of each notification that is said, said again or over. */
  readonly onChanged?: (notification: Notification) => void
}

/**
 * Says what is worth telling, to whoever a plan wants told.
 *
 * What nobody wants to be told by a channel is kept all the same: the dashboard and `notification list` show it.
 */
export class Notifier {
  readonly #options: NotifierOptions

  constructor(options: NotifierOptions) {
    this.#options = options
  }

  /** Says that a condition holds, to the channels of `notify`; without it, to all. */
  async raise(condition: Condition, notify?: NotifySettings): Promise<Notification> {
    return this.#say(condition, { notify, isMoment: false })
  }

  /** Says something about this moment, which is over with it. */
  async tell(message: Condition, notify?: NotifySettings): Promise<Notification> {
    return this.#say(message, { notify, isMoment: true })
  }

  /** Says that a condition is over; where it was told, and the plan wants that, its end is told, too. */
  async resolve(key: string, notify?: NotifySettings): Promise<Notification | undefined> {
    const { store, instance, clock } = this.#options
    const resolved = await store.resolve(instance, key, clock.nowMs())
    if (resolved === undefined) return undefined
    this.#options.onChanged?.(resolved)
    await this.tell(recovery(resolved), notify)
    return resolved
  }

  /** A channel does not work: said through the others. */
  async channelFailed(channel: string, error: TidemarkError): Promise<void> {
    const others = this.#options.channels().filter((name) => name !== channel)
    await this.raise(channelBroken(channel, error), { on: ['failure'], to: others })
  }

  /** A channel works. */
  async channelWorked(channel: string): Promise<void> {
    // No message through it: whoever gets the others knows.
    await this.settle(channelKey(channel))
  }

  /** Says that a condition is over, of which nobody needs to hear. */
  async settle(key: string): Promise<void> {
    const { store, instance, clock, onChanged } = this.#options
    const resolved = await store.resolve(instance, key, clock.nowMs())
    if (resolved !== undefined) onChanged?.(resolved)
  }

  async #say(
    condition: Condition,
    { notify, isMoment }: { readonly notify: NotifySettings | undefined; readonly isMoment: boolean },
  ): Promise<Notification> {
    const { store, instance, clock, onRaised, onChanged } = this.#options
    const channels = this.#channelsFor(condition.category, notify)
    const notification = await store.raise(condition, { instance, nowMs: clock.nowMs(), channels, isMoment })
    if (channels.length > 0 && notification.count === 1) onRaised()
    onChanged?.(notification)
    return notification
  }

  #channelsFor(category: Category, notify: NotifySettings | undefined): readonly string[] {
    const all = this.#options.channels()
    if (notify === undefined) return all
    if (category !== 'daemon' && !notify.on.includes(category satisfies NotifyCause)) return []
    return notify.to === undefined ? all : all.filter((name) => notify.to?.includes(name))
  }
}
