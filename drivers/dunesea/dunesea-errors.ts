import type { FailureReader, FailureReading } from '../../src/storage/failure-meaning.ts'
import { away, readNetworkFailure } from '../../src/storage/network-errors.ts'

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

const TOKEN_HINT =
  'Check TIDEMARK_DUNESEA_TOKEN, or have a new token made: `tidemark serve dunesea token add` on the server.'

/** Reads answers that say no, and what the network throws. */
export const DUNESEA_FAILURES: FailureReader = {
  ofObject: (error) => {
    const code = error instanceof RefusedRequest ? error.code : undefined
    return code === 'NOT_FOUND' || code === 'EXISTS' || code === 'OUT_OF_RANGE' ? code : undefined
  },
  ofStore: (error) => {
    if (!(error instanceof RefusedRequest)) return readNetworkFailure(error)
    return { ...refusal(error), retryAfterSeconds: error.retryAfterSeconds }
  },
}

function refusal({ status, code, message, hint }: RefusedRequest): FailureReading {
  if (status === 401) return { code: 'STORE_DENIED', says: 'the server does not accept the token', hint: TOKEN_HINT }
  if (code === 'STORE_FULL') {
    const otherwise =
      'Raise the quota there, or run `tidemark forget` and `tidemark prune`; what is stored stays whole.'
    return { code, says: message, hint: hint ?? otherwise }
  }
  if (status === 403) return { code: 'STORE_DENIED', says: message, hint: hint ?? TOKEN_HINT }
  // What came is not what was sent: sent once more, it may arrive whole.
  if (code === 'ID_MISMATCH') return { ...away(message), ...(hint === undefined ? {} : { hint }) }
  if (status === 429 || status >= 500) {
    return away(code === undefined ? `the server answered with status ${status}` : message)
  }
  if (code === undefined) {
    const says = `no DuneSea server answered, but something else with status ${status}`
    return { code: 'STORE_FAILED', says, hint: 'Check the host and port of the URL.' }
  }
  return { code: 'STORE_FAILED', says: message, hint: hint ?? 'See whether server and client have the same version.' }
}
