import { errnoOf, type ErrorCode, StorageError } from '../../src/base/errors.ts'
import { isNetworkError } from '../../src/storage/network-errors.ts'

/** A server's answer that says no. */
export class RefusedRequest extends Error {
  readonly status: number
  /** What the server says that it is; `undefined` when no DuneSea server answered. */
  readonly code: string | undefined
  readonly hint: string | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(says: string, parts: Pick<RefusedRequest, 'status' | 'code' | 'hint' | 'retryAfterSeconds'>) {
    super(says)
    this.status = parts.status
    this.code = parts.code
    this.hint = parts.hint
    this.retryAfterSeconds = parts.retryAfterSeconds
  }
}

interface Reading {
  readonly code: ErrorCode
  readonly retry?: 'transient'
  readonly says: string
  readonly hint: string
}

const TOKEN_HINT =
  'Check TIDEMARK_DUNESEA_TOKEN, or have a new token made: `tidemark serve dunesea token add` on the server.'
const AWAY_HINT = 'Check the network and the server; the next run goes on from what is stored.'
const CERTIFICATE_HINT =
  "Check the server's certificate. One that you made yourself is trusted once NODE_EXTRA_CA_CERTS names its file."

/**
 * Returns what an error of a request means for a store; `doing` and `what` complete "while …". What is neither an answer
 * nor of the network is returned as it is.
 */
export function duneSeaError(error: unknown, where: { readonly doing: string; readonly what: string }): unknown {
  if (!(error instanceof Error) || error instanceof StorageError) return error
  const reading = error instanceof RefusedRequest ? refusal(error) : networkFailure(error)
  if (reading === undefined) return error
  const seconds = error instanceof RefusedRequest ? error.retryAfterSeconds : undefined
  return new StorageError(reading.code, `${reading.says} while ${where.doing} ${where.what}`, {
    retry: reading.retry ?? 'never',
    hint: reading.hint,
    cause: error,
    context: { object: where.what, ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }) },
  })
}

function refusal({ status, code, message, hint }: RefusedRequest): Reading {
  if (status === 401) return { code: 'STORE_DENIED', says: 'the server does not accept the token', hint: TOKEN_HINT }
  if (code === 'STORE_FULL') {
    const otherwise =
      'Raise the quota there, or run `tidemark forget` and `tidemark prune`; what is stored stays whole.'
    return { code, says: message, hint: hint ?? otherwise }
  }
  if (status === 403) return { code: 'STORE_DENIED', says: message, hint: hint ?? TOKEN_HINT }
  // What came is not what was sent: sent once more, it may arrive whole.
  if (code === 'ID_MISMATCH') {
    return { code: 'STORE_UNAVAILABLE', retry: 'transient', says: message, hint: hint ?? AWAY_HINT }
  }
  if (status === 429 || status >= 500) {
    const says = code === undefined ? `the server answered with status ${status}` : message
    return { code: 'STORE_UNAVAILABLE', retry: 'transient', says, hint: AWAY_HINT }
  }
  if (code === undefined) {
    const says = `no DuneSea server answered, but something else with status ${status}`
    return { code: 'STORE_FAILED', says, hint: 'Check the host and port of the URL.' }
  }
  return { code: 'STORE_FAILED', says: message, hint: hint ?? 'See whether server and client have the same version.' }
}

function networkFailure(error: Error): Reading | undefined {
  const errno = errnoOf(error) ?? ''
  if (isNetworkError(error)) {
    const says = `the server was not reached (${errno})`
    return { code: 'STORE_UNAVAILABLE', retry: 'transient', says, hint: AWAY_HINT }
  }
  if (/CERT|^ERR_TLS|SELF_SIGNED|UNABLE_TO_VERIFY/.test(errno)) {
    return { code: 'STORE_DENIED', says: `the server's certificate is not trusted (${errno})`, hint: CERTIFICATE_HINT }
  }
  if (/^HPE_|^EPROTO|^ERR_SSL/.test(errno)) {
    const hint = 'Check whether the URL begins with dunesea+https, and its port.'
    return { code: 'STORE_FAILED', says: `no DuneSea server answers there (${errno})`, hint }
  }
  return undefined
}
