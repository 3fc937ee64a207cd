import type { ErrorCode, TidemarkError } from '../../src/base/errors.ts'

/** What went wrong, as it is shown. */
export interface Problem {
  readonly code: ErrorCode
  readonly message: string
  /** What to do next. */
  readonly hint: string | undefined
}

export function problemOf(error: TidemarkError): Problem {
  return { code: error.code, message: error.message, hint: error.hint }
}
