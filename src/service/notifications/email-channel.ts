import { StorageError } from '../../base/errors.ts'
import type { Channel, EmailSettings } from './channel.ts'
import type { Notification } from './notification.ts'

/** How long a mail server may take for each of its answers. */
const ANSWER_MS_MAX = 60_000

/** Codes of nodemailer that the same settings will meet again: https://nodemailer.com/errors */
const LASTING = new Set(['EAUTH', 'EENVELOPE', 'EMESSAGE', 'ENOAUTH', 'EOAUTH2', 'ETLS'])
/** SMTP replies from here on say that the same message will be refused again (RFC 5321, 4.2.1). */
const PERMANENT_REPLY = 500

/** Sends notifications through an SMTP server. */
export class EmailChannel implements Channel {
  readonly #settings: EmailSettings
  readonly #password: () => Promise<string | undefined>

  /** @param password of the user at the server; asked for each message and not kept. */
  constructor(settings: EmailSettings, password: () => Promise<string | undefined>) {
    this.#settings = settings
    this.#password = password
  }

  async send(notification: Notification, signal: AbortSignal): Promise<void> {
    const { host, port, security, user, from, to } = this.#settings
    const { createTransport } = await import('nodemailer')
    const pass = user === undefined ? undefined : await this.#password()
    const transport = createTransport({
      host,
      port,
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      connectionTimeout: ANSWER_MS_MAX,
      greetingTimeout: ANSWER_MS_MAX,
      socketTimeout: ANSWER_MS_MAX,
      // Whatever a notification says, no file and no URL is read for it.
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(user === undefined ? {} : { auth: { user, pass: pass ?? '' } }),
    })
    const close = (): void => {
      transport.close()
    }
    signal.addEventListener('abort', close, { once: true })
    try {
      await transport.sendMail({
        from,
        to: [...to],
        subject: `[Tidemark] ${notification.title}`,
        text: bodyOf(notification),
        priority: notification.priority,
      })
    } catch (error) {
      signal.throwIfAborted()
      throw refused(`${host}:${port}`, error)
    } finally {
      signal.removeEventListener('abort', close)
      transport.close()
    }
  }
}

function bodyOf({ message, plan, raisedMs }: Notification): string {
  const about = plan === undefined ? '' : `Plan: ${plan}\n`
  return `${message}\n\n${about}Since: ${new Date(raisedMs).toISOString()}\n`
}

function refused(server: string, cause: unknown): StorageError {
  const { code, responseCode } = cause as { readonly code?: unknown; readonly responseCode?: unknown }
  const lasting =
    (typeof code === 'string' && LASTING.has(code)) ||
    (typeof responseCode === 'number' && responseCode >= PERMANENT_REPLY)
  const why = cause instanceof Error ? cause.message : String(cause)
  return new StorageError(lasting ? 'STORE_DENIED' : 'STORE_UNAVAILABLE', `${server} did not take the e-mail: ${why}`, {
    retry: lasting ? 'never' : 'transient',
    context: { server },
    cause,
    hint: lasting ? 'Correct the channel in the configuration.' : 'It is tried again.',
  })
}
