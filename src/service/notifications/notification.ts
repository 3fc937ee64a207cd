import type { InstanceId } from '../../base/ids.ts'
import type { NotifyCause } from '../plans/plan.ts'

/** Numbers notifications in the order in which they were first raised, from 1; never given twice. */
export type NotificationId = number & { readonly __brand: 'NotificationId' }

/** `low` says that all is well again or goes well, `high` that backups do not happen, or that somebody may be tampering. */
export const PRIORITIES = ['low', 'normal', 'high'] as const
export type Priority = (typeof PRIORITIES)[number]

/**
 * `active`: it still holds, and nobody has said that he knows; `acknowledged`: somebody has; `resolved`: it no longer
 * holds, or never was more than a message.
 */
export const NOTIFICATION_STATES = ['active', 'acknowledged', 'resolved'] as const
export type NotificationState = (typeof NOTIFICATION_STATES)[number]

/** What a notification is about: a plan's matter, or one of the daemon itself. */
export const CATEGORIES = [
  'success',
  'failure',
  'recovery',
  'no-success',
  'store-full',
  'tripwire',
  'coverage',
  'promise',
  'daemon',
] as const satisfies readonly (NotifyCause | 'daemon')[]
export type Category = (typeof CATEGORIES)[number]

/** Something that holds from now on, until it is said to be over. */
export interface Condition {
  /** Of equal key is what collapses into one notification for as long as it holds, such as `failure nightly copy`. */
  readonly key: string
  readonly category: Category
  readonly priority: Priority
  readonly plan: string | undefined
  /** One line. */
  readonly title: string
  /** What happened, to what, and what to do next; as text. */
  readonly message: string
}

/** A notification as a store keeps it. Times are milliseconds since 1970. */
export interface Notification extends Condition {
  readonly id: NotificationId
  readonly instance: InstanceId
  readonly state: NotificationState
  readonly raisedMs: number
  /** When it was said last, and how often: it is kept once. */
  readonly lastMs: number
  readonly count: number
  readonly resolvedMs: number | undefined
}

/** A notification on its way through one channel. */
export interface Delivery {
  readonly notification: Notification
  /** Name of the channel. */
  readonly channel: string
  /** How often it was tried in vain. */
  readonly failures: number
}
