import type { SecretSource } from '../secret-source.ts'
import type { Notification } from './notification.ts'

/** A way by which notifications reach people or programs. */
export interface Channel {
  /**
   * Resolves once whoever is on the other side has taken it.
   *
   * @throws {StorageError} STORE_UNAVAILABLE: it may work later; STORE_DENIED, STORE_FAILED: not as it is configured.
   */
  send(notification: Notification, signal: AbortSignal): Promise<void>
}

/** Where e-mail is handed over. */
export interface EmailSettings {
  readonly kind: 'email'
  readonly host: string
  readonly port: number
  /** `tls` from the first byte; `starttls` required; `none` only for a server of this machine. */
  readonly security: 'tls' | 'starttls' | 'none'
  readonly user: string | undefined
  /** Of the user at the server. */
  readonly password: SecretSource | undefined
  readonly from: string
  /** At least one. */
  readonly to: readonly string[]
}

/** Where JSON is posted to. */
export interface WebhookSettings {
  readonly kind: 'webhook'
  /** Where it holds a secret, the configuration says where that comes from. */
  readonly url: string | SecretSource
}

/** What is run, with the notification as JSON on its standard input. */
export interface CommandSettings {
  readonly kind: 'command'
  /** Program and arguments; at least the program. */
  readonly command: readonly string[]
  readonly limitMs: number
}

export type ChannelSettings = EmailSettings | WebhookSettings | CommandSettings

/** A notification as programs get it: docs/json.md. */
export function jsonNotification(notification: Notification): Record<string, string | number | null> {
  const { id, category, priority, plan, title, message, state, count, raisedMs, lastMs, resolvedMs } = notification
  const time = (ms: number): string => new Date(ms).toISOString()
  return {
    id,
    category,
    priority,
    plan: plan ?? null,
    title,
    message,
    state,
    count,
    raised: time(raisedMs),
    last: time(lastMs),
    resolved: resolvedMs === undefined ? null : time(resolvedMs),
  }
}
