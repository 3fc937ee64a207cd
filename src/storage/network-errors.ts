import { errnoOf } from '../base/errors.ts'

const NETWORK_ERRORS: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ECONNABORTED',
])

/** Whether `error` says that a server was not reached, or no longer: it may be there the next time. */
export function isNetworkError(error: unknown): boolean {
  return NETWORK_ERRORS.has(errnoOf(error) ?? '')
}
