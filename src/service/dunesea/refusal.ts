import { type ErrorCode, type ErrorDetails, IntegrityError, StorageError, TidemarkError } from '../../base/errors.ts'

/** An answer that says no: what a client asked for cannot be done, and why. Its message goes to the client. */
export class Refusal extends TidemarkError {
  /** Status of HTTP. */
  readonly status: number
  /** Further members of the answer. */
  readonly members: Readonly<Record<string, unknown>>

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    details: ErrorDetails & { readonly members?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(code, message, details)
    this.status = status
    this.members = details.members ?? {}
  }
}

/** The form in which a request is refused. @see RFC 9457 */
export interface Problem {
  readonly status: number
  readonly code: ErrorCode
  readonly title: string
  readonly hint?: string
  readonly [member: string]: unknown
}

const PROBLEMS: Partial<Readonly<Record<ErrorCode, { readonly status: number; readonly title: string }>>> = {
  NOT_FOUND: { status: 404, title: 'there is no such object' },
  EXISTS: { status: 409, title: 'an object has this name already' },
  OUT_OF_RANGE: { status: 416, title: 'the range does not lie inside the object' },
  STORE_FULL: { status: 507, title: 'no space is left on the server' },
  STORE_READ_ONLY: { status: 503, title: 'the store of the server is read-only' },
  STORE_UNAVAILABLE: { status: 503, title: 'the store of the server does not answer' },
}

/** Returns what a client is told of `error`: of failures of the server itself, nothing that only its owner should know. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) {
    const { status, code, message: title, hint, members } = error
    return { ...members, status, code, title, ...(hint === undefined ? {} : { hint }) }
  }
  if (error instanceof StorageError || error instanceof IntegrityError) {
    const known = PROBLEMS[error.code]
    if (known !== undefined) return { ...known, code: error.code }
  }
  // What the HTTP framework refuses by itself: a body of the wrong kind, bad JSON, a header that is none.
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  if (status >= 400 && status < 500) {
    return { status, code: 'BAD_ARGUMENT', title: error instanceof Error ? error.message : 'bad request' }
  }
  return { status: 500, code: 'STORE_FAILED', title: 'the server failed' }
}

/** Whether `error` is the server's own failure, which its owner should see. */
export function isServerFault(error: unknown): boolean {
  return problemOf(error).status >= 500 && !(error instanceof Refusal)
}
