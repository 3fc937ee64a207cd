import { join } from 'node:path'
import type { SQLInputValue } from 'node:sqlite'

import { z } from 'zod'

import { assert, present } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import type { InstanceId } from '../../base/ids.ts'
import { type Row, StateDatabase } from '../state-database.ts'
import {
  CATEGORIES,
  type Condition,
  type Delivery,
  type Notification,
  type NotificationId,
  NOTIFICATION_STATES,
  PRIORITIES,
} from './notification.ts'
import { recoveryKeySql } from './conditions.ts'
import { NOTIFICATION_MIGRATIONS } from './notification-schema.ts'
import {
  type NotificationFilter,
  type NotificationStore,
  NOTIFICATIONS_PER_PAGE_MAX,
  type Raised,
} from './notification-store.ts'

/** What titles and messages are cut to. */
const TITLE_CHARACTERS_MAX = 200
const MESSAGE_CHARACTERS_MAX = 8192
/** Deliveries that are looked at in one go. */
const DELIVERIES_MAX = 100

export interface SqliteNotificationStoreOptions {
  readonly stateDirectory: string
  readonly clock: Clock
  /** Told that what was kept was damaged, and where it lies now; a new, empty store took its place. */
  readonly onDamaged: (movedTo: string, why: string) => void
}

/** Keeps notifications in `notifications.sqlite` of the state folder. */
export class SqliteNotificationStore implements NotificationStore {
  readonly #database: StateDatabase

  private constructor(database: StateDatabase) {
    this.#database = database
  }

  /**
   * Opens or makes the store.
   *
   * @throws {StorageError} STORE_FULL, STORE_FAILED, STORE_READ_ONLY; UNSUPPORTED_VERSION: a later version wrote it.
   */
  static open({ stateDirectory, clock, onDamaged }: SqliteNotificationStoreOptions): SqliteNotificationStore {
    const path = join(stateDirectory, 'notifications.sqlite')
    return new SqliteNotificationStore(
      StateDatabase.open({ path, migrations: NOTIFICATION_MIGRATIONS, onDamaged, clock }),
    )
  }

  async raise(condition: Condition, { instance, nowMs, channels, isMoment }: Raised): Promise<Notification> {
    const title = condition.title.slice(0, TITLE_CHARACTERS_MAX)
    const message = condition.message.slice(0, MESSAGE_CHARACTERS_MAX)
    return this.#database.transaction(() => {
      const again = this.#database.first(SAY_AGAIN, title, message, nowMs, instance, condition.key)
      if (again !== undefined) return notificationOf(again)
      const said = isMoment === true ? this.#database.first(SAID, instance, condition.key) : undefined
      if (said !== undefined) return notificationOf(said)
      const [state, resolvedMs] = isMoment === true ? ['resolved', nowMs] : ['active', null]
      const { key, category, priority, plan } = condition
      const notification = notificationOf(
        present(
          this.#database.first(
            INSERT,
            ...[instance, key, category, priority, plan ?? null, title, message, state, nowMs, nowMs, resolvedMs],
          ),
          'what was inserted',
        ),
      )
      const add = 'INSERT INTO delivery (notification, channel, instance, due_ms) VALUES (?, ?, ?, ?)'
      for (const channel of new Set(channels)) this.#database.change(add, notification.id, channel, instance, nowMs)
      return notification
    })
  }

  async resolve(instance: InstanceId, key: string, nowMs: number): Promise<Notification | undefined> {
    const row = this.#database.first(RESOLVE, nowMs, instance, key)
    return row === undefined ? undefined : notificationOf(row)
  }

  async acknowledge(id: NotificationId): Promise<Notification | undefined> {
    const sql = `UPDATE notification SET state = 'acknowledged' WHERE id = ? AND state = 'active' RETURNING *`
    const row = this.#database.first(sql, id)
    return row === undefined ? this.get(id) : notificationOf(row)
  }

  async get(id: NotificationId): Promise<Notification | undefined> {
    const row = this.#database.first('SELECT * FROM notification WHERE id = ?', id)
    return row === undefined ? undefined : notificationOf(row)
  }

  async list({ instance, states, plan, before, limit }: NotificationFilter): Promise<readonly Notification[]> {
    assert(limit >= 1 && limit <= NOTIFICATIONS_PER_PAGE_MAX, 'a page has 1 to NOTIFICATIONS_PER_PAGE_MAX')
    const conditions = ['instance = ?']
    const values: SQLInputValue[] = [instance]
    const narrow = (sql: string, value: SQLInputValue | undefined): void => {
      if (value === undefined) return
      conditions.push(sql)
      values.push(value)
    }
    narrow('state IN (SELECT value FROM json_each(?))', states === undefined ? undefined : JSON.stringify(states))
    narrow('plan = ?', plan)
    narrow('id < ?', before)
    const sql = `SELECT * FROM notification WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ?`
    return this.#database.all(sql, ...values, limit).map(notificationOf)
  }

  async dueDeliveries(instance: InstanceId, nowMs: number): Promise<readonly Delivery[]> {
    return this.#database.all(DUE, instance, nowMs, DELIVERIES_MAX).map((row) => {
      const { channel, failures } = deliveryColumns.parse(row)
      return { notification: notificationOf(row), channel, failures }
    })
  }

  async nextDeliveryMs(instance: InstanceId): Promise<number | undefined> {
    const row = this.#database.first(NEXT, instance)
    return z.number().nullish().parse(row?.['due_ms']) ?? undefined
  }

  async endDelivery(id: NotificationId, channel: string): Promise<void> {
    this.#database.change('DELETE FROM delivery WHERE notification = ? AND channel = ?', id, channel)
  }

  async postponeDelivery(id: NotificationId, channel: string, dueMs: number): Promise<void> {
    const sql = 'UPDATE delivery SET failures = failures + 1, due_ms = ? WHERE notification = ? AND channel = ?'
    this.#database.change(sql, dueMs, id, channel)
  }

  async hurryDeliveries(instance: InstanceId, channel: string, nowMs: number): Promise<void> {
    const sql = 'UPDATE delivery SET due_ms = ? WHERE instance = ? AND channel = ? AND due_ms > ?'
    this.#database.change(sql, nowMs, instance, channel, nowMs)
  }

  async prune(instance: InstanceId, resolvedBeforeMs: number): Promise<number> {
    const sql = `DELETE FROM notification WHERE instance = ? AND state = 'resolved' AND resolved_ms < ?`
    return this.#database.change(sql, instance, resolvedBeforeMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database[Symbol.dispose]()
  }
}

const columns = z.object({
  id: z.int().transform((id) => id as NotificationId),
  instance: z.string().transform((id) => id as InstanceId),
  key: z.string(),
  category: z.enum(CATEGORIES),
  priority: z.enum(PRIORITIES),
  plan: z.string().nullable(),
  title: z.string(),
  message: z.string(),
  state: z.enum(NOTIFICATION_STATES),
  raised_ms: z.int(),
  last_ms: z.int(),
  count: z.int(),
  resolved_ms: z.int().nullable(),
})

const deliveryColumns = z.object({ channel: z.string(), failures: z.int() })

/** Returns the notification of a row, which keeps to the constraints of its table. */
function notificationOf(row: Row): Notification {
  const { raised_ms: raisedMs, last_ms: lastMs, resolved_ms: resolvedMs, plan, ...rest } = columns.parse(row)
  return { ...rest, plan: plan ?? undefined, raisedMs, lastMs, resolvedMs: resolvedMs ?? undefined }
}

const SAY_AGAIN = `
  UPDATE notification SET title = ?, message = ?, last_ms = ?, count = count + 1
  WHERE instance = ? AND key = ? AND state != 'resolved'
  RETURNING *`

const SAID = 'SELECT * FROM notification WHERE instance = ? AND key = ?'

const INSERT = `
  INSERT INTO notification
    (instance, key, category, priority, plan, title, message, state, raised_ms, last_ms, resolved_ms, count)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
  RETURNING *`

const RESOLVE = `
  UPDATE notification SET state = 'resolved', resolved_ms = ?
  WHERE instance = ? AND key = ? AND state != 'resolved'
  RETURNING *`

/** What is to be delivered, but for the end of something whose beginning is still on its way through the same channel. */
const DELIVERABLE = `
  FROM delivery JOIN notification ON notification.id = delivery.notification
  WHERE delivery.instance = ? AND NOT EXISTS (
    SELECT 1 FROM delivery AS other
    WHERE other.channel = delivery.channel AND notification.key = ${recoveryKeySql('other.notification')}
  )`

const NEXT = `SELECT min(delivery.due_ms) AS due_ms ${DELIVERABLE}`

const DUE = `
  SELECT notification.*, delivery.channel, delivery.failures ${DELIVERABLE} AND delivery.due_ms <= ?
  ORDER BY delivery.due_ms, notification.id LIMIT ?`
