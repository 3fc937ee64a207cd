import type { InstanceId } from '../../base/ids.ts'
import type { Condition, Delivery, Notification, NotificationId, NotificationState } from './notification.ts'

/** The most that a page may have. */
export const NOTIFICATIONS_PER_PAGE_MAX = 1000

/**
 * Keeps notifications and what of them is still to be delivered.
 *
 * Each call happens as a whole or not at all and is durable once it has resolved. Time is given by the caller. Every call
 * may fail with StorageError STORE_FULL, STORE_FAILED.
 */
export interface NotificationStore extends AsyncDisposable {
  /**
   * Says that a condition holds. One that was said already and still holds is counted, and its message brought up to date;
   * a new one is kept with a delivery through each of `channels`.
   */
  raise(condition: Condition, about: Raised): Promise<Notification>

  /** Says that the condition of a key is over. Returns what was resolved, `undefined` when nothing held. */
  resolve(instance: InstanceId, key: string, nowMs: number): Promise<Notification | undefined>

  /** Somebody has seen it. Returns it as it is then, `undefined` when there is none. */
  acknowledge(id: NotificationId): Promise<Notification | undefined>

  get(id: NotificationId): Promise<Notification | undefined>

  /** Lists notifications, the last raised first. */
  list(filter: NotificationFilter): Promise<readonly Notification[]>

  /**
   * Returns what is to be delivered by now, the oldest first. That something is over is not among it as long as what says that it
   * began is still to be delivered through the same channel.
   */
  dueDeliveries(instance: InstanceId, nowMs: number): Promise<readonly Delivery[]>

  /** Returns when a delivery is due next, `undefined` when nothing waits but for another. */
  nextDeliveryMs(instance: InstanceId): Promise<number | undefined>

  /** It arrived, or nobody will try again. */
  endDelivery(id: NotificationId, channel: string): Promise<void>

  /** It failed, and is tried again at `dueMs`. */
  postponeDelivery(id: NotificationId, channel: string, dueMs: number): Promise<void>

  /** A channel works again: what was put off there is due at `nowMs`. */
  hurryDeliveries(instance: InstanceId, channel: string, nowMs: number): Promise<void>

  /** Forgets what was resolved before a time; returns how many. */
  prune(instance: InstanceId, resolvedBeforeMs: number): Promise<number>
}

export interface Raised {
  readonly instance: InstanceId
  readonly nowMs: number
  /** Names of the channels that tell of it. */
  readonly channels: readonly string[]
  /** It is a message about a moment, and holds no longer: said twice under one key, it is kept once. */
  readonly isMoment?: boolean
}

export interface NotificationFilter {
  readonly instance: InstanceId
  readonly states?: readonly NotificationState[]
  readonly plan?: string
  /** Only those raised before this one: where the last page ended. */
  readonly before?: NotificationId
  /** From 1 to NOTIFICATIONS_PER_PAGE_MAX. */
  readonly limit: number
}
