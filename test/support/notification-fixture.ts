import { onTestFinished } from 'vitest'

import type { Clock } from '../../src/base/clock.ts'
import type { InstanceId } from '../../src/base/ids.ts'
import type { Condition } from '../../src/service/notifications/notification.ts'
import { SqliteNotificationStore } from '../../src/service/notifications/sqlite-notification-store.ts'
import { temporaryMemoryFolder } from './temporary-folder.ts'

export const INSTANCE = 'ab'.repeat(16) as InstanceId

/** A clock that a test sets. */
export class SetClock implements Clock {
  ms = Date.UTC(2026, 0, 1)
  nowMs(): number {
    return this.ms
  }
  monotonicMs(): number {
    return this.ms
  }
}

/** Opens a store of notifications that is gone when the running test has finished. */
export function notificationStore(clock: Clock, stateDirectory = temporaryMemoryFolder()): SqliteNotificationStore {
  const onDamaged = (movedTo: string): never => {
    throw new Error(`damaged: ${movedTo}`)
  }
  const store = SqliteNotificationStore.open({ stateDirectory, clock, onDamaged })
  onTestFinished(async () => store[Symbol.asyncDispose]())
  return store
}

/** Returns a condition that is told apart by `key`. */
export function condition(key: string, changes: Partial<Condition> = {}): Condition {
  return {
    key,
    category: 'failure',
    priority: 'high',
    plan: 'nightly',
    title: `${key} title`,
    message: 'why',
    ...changes,
  }
}
