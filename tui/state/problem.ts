import type { ErrorCode, TidemarkError } from '../../src/base/errors.ts'

/** What went wrong, as it is shown. */
export interface Problem {
  readonly code: ErrorCode
  readonly message: string
  /** What to do next. */
  readonly hint: string | undefined
  /** The field of a form that it is about, where the service tells. */
  readonly field?: string
}

export function problemOf(error: TidemarkError): Problem {
  const { code, message, hint, context } = error
  const { field } = context
  return { code, message, hint, ...(typeof field === 'string' ? { field } : {}) }
}
