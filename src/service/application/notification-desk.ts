import { UsageError } from '../../base/errors.ts'
import type { InstanceId } from '../../base/ids.ts'
import { pointHoldingLess } from '../notifications/conditions.ts'
import type { NotificationStore } from '../notifications/notification-store.ts'
import type { NotificationId } from '../notifications/notification.ts'
import type { NotificationDesk } from './desks.ts'
import { shownText } from './shown-text.ts'

/** Notifications that a face is shown. */
const NOTIFICATIONS_SHOWN = 200

/** Returns what faces ask of notifications that are kept in a store, which it owns. */
export function notificationDesk(store: NotificationStore, instance: InstanceId): NotificationDesk {
  return {
    notifications: async () => {
      const kept = await store.list({ instance, states: ['active', 'acknowledged'], limit: NOTIFICATIONS_SHOWN })
      return kept.map(({ id, lastMs, category, priority, title, message, state }) => ({
        id: String(id),
        atMs: lastMs,
        category,
        priority,
        title: shownText(title),
        message: shownText(message),
        isAcknowledged: state === 'acknowledged',
      }))
    },
    acknowledge: async (handle) => {
      const id = Number(handle)
      const found = Number.isSafeInteger(id) && id > 0 ? await store.acknowledge(id as NotificationId) : undefined
      if (found !== undefined) return
      throw new UsageError('BAD_ARGUMENT', `there is no notification ${shownText(handle).slice(0, 20)}`, {
        hint: 'It is over by now: look at the list again.',
      })
    },
    knownLess: async () => {
      const known = await store.list({ instance, states: ['acknowledged'], limit: NOTIFICATIONS_SHOWN })
      return new Set(known.flatMap(({ key }) => pointHoldingLess(key) ?? []))
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}
