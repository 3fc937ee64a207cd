import { StorageError } from '../../base/errors.ts'
import { type Channel, jsonNotification } from './channel.ts'
import type { Notification } from './notification.ts'

const ANSWER_MS_MAX = 60_000
/** Answers of 4xx that may be others later: a timeout, a conflict of the moment, too early, too many. */
const PASSING = new Set([408, 409, 425, 429])

/** Posts notifications as JSON to a URL. */
export class WebhookChannel implements Channel {
  readonly #url: () => Promise<string>

  /** @param url may hold a secret: it is asked for each time, and not kept. */
  constructor(url: () => Promise<string>) {
    this.#url = url
  }

  async send(notification: Notification, signal: AbortSignal): Promise<void> {
    const url = await this.#url()
    // The path or query of a webhook is often its secret: messages name the host alone.
    const host = URL.parse(url)?.host
    if (host === undefined) throw refused({ host: '?', why: 'its URL is none', isLasting: true })
    let status: number
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(jsonNotification(notification)),
        // Where it would be led to is not what was configured.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
      })
      await response.body?.cancel()
      status = response.status
    } catch (error) {
      signal.throwIfAborted()
      throw refused({ host, why: reasonOf(error), isLasting: false })
    }
    if (status >= 200 && status < 300) return
    throw refused({ host, why: `it answered ${status}`, isLasting: status < 500 && !PASSING.has(status) })
  }
}

/** `fetch` says why in the cause of its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}

interface Refusal {
  readonly host: string
  readonly why: string
  readonly isLasting: boolean
}

function refused({ host, why, isLasting }: Refusal): StorageError {
  const code = isLasting ? 'STORE_DENIED' : 'STORE_UNAVAILABLE'
  return new StorageError(code, `the webhook at ${host} did not take the notification: ${why}`, {
    retry: isLasting ? 'never' : 'transient',
    context: { host },
    hint: isLasting ? 'Correct the channel in the configuration.' : 'It is tried again.',
  })
}
