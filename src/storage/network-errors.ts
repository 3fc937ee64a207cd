import { errnoOf } from '../base/errors.ts'
import type { FailureReading } from './failure-meaning.ts'

const UNREACHED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
const BROKEN: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'])

const CERTIFICATE_HINT =
  "Check the server's certificate. One that you made yourself is trusted once NODE_EXTRA_CA_CERTS names its file."

/** A server that is not there now, and may be the next time. */
export function away(says: string): FailureReading {
  return {
    code: 'STORE_UNAVAILABLE',
    retry: 'transient',
    says,
    hint: 'Check the network and the server; the next run goes on from what is stored.',
  }
}

/** Reads a failure of the network, or of the encryption on it; `undefined` for any other. */
export function readNetworkFailure(error: Error): FailureReading | undefined {
  const errno = errnoOf(error) ?? ''
  if (BROKEN.has(errno)) return away(`the connection to the server broke (${errno})`)
  if (errno === 'ETIMEDOUT') return away('the server did not answer in time')
  if (UNREACHED.has(errno)) return away(`the server was not reached (${errno})`)
  if (/CERT|^ERR_TLS|SELF_SIGNED|UNABLE_TO_VERIFY/.test(errno)) {
    const says = `the server's certificate is not trusted (${errno})`
    return { code: 'STORE_DENIED', says, hint: CERTIFICATE_HINT }
  }
  if (/^HPE_|^EPROTO|^ERR_SSL/.test(errno)) {
    const says = `what answers there does not speak the protocol of the URL (${errno})`
    return { code: 'STORE_FAILED', says, hint: 'Check whether the URL means http or https, and its port.' }
  }
  return undefined
}

/**
 * Returns how long a server wants to be left alone, where it says so; the form with a date is not used by stores.
 *
 * @see RFC 9110, 10.2.3
 */
export function parseRetryAfter(header: string | undefined): number | undefined {
  return /^\d{1,9}$/.test(header ?? '') ? Number(header) : undefined
}
