import type { z } from 'zod'

import { DaemonError, type ErrorCode, StorageError, TidemarkError, UsageError } from '../../base/errors.ts'
import { problemDocument } from './documents.ts'

/** An answer that says no, as docs/json.md says of commands that fail. */
export type Problem = z.infer<typeof problemDocument>

/** What a daemon may refuse with, and the status of HTTP; all else is its own failure. */
const STATUSES = {
  BAD_ARGUMENT: 400,
  BAD_CONFIGURATION: 409,
  WRONG_KEY: 400,
  /** It is about to end. */
  NO_DAEMON: 503,
  STORE_FULL: 507,
  STORE_UNAVAILABLE: 503,
  STORE_READ_ONLY: 503,
  STORE_FAILED: 500,
  MALFORMED: 500,
} as const satisfies Partial<Record<ErrorCode, number>>

type ToldCode = keyof typeof STATUSES

function isTold(code: string): code is ToldCode {
  return Object.hasOwn(STATUSES, code)
}

/** Returns what a client is told of `error`, and the status; `isFault`: it is the daemon's own, for its log. */
export function problemOf(error: unknown): { problem: Problem; status: number; isFault: boolean } {
  if (error instanceof TidemarkError && isTold(error.code)) {
    const { code, message, hint, retry } = error
    const problem = { type: 'error', code, message, hint: hint ?? null, transient: retry === 'transient' } as const
    return { problem, status: STATUSES[error.code], isFault: STATUSES[error.code] === 500 }
  }
  // What the HTTP framework refuses by itself: a body that is too large, of the wrong kind, or no JSON.
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  if (status >= 400 && status < 500) {
    const message = error instanceof Error ? error.message : 'bad request'
    return { problem: problemWith('BAD_ARGUMENT', message), status, isFault: false }
  }
  return { problem: problemWith('DAEMON_FAILED', 'the daemon failed: see its log'), status: 500, isFault: true }
}

function problemWith(code: ErrorCode, message: string): Problem {
  return { type: 'error', code, message, hint: null, transient: false }
}

/** Returns the error that a problem tells of, on the other side of the socket. */
export function errorOf(body: unknown, status: number): TidemarkError {
  const told = problemDocument.safeParse(body).data
  if (told === undefined) return notUnderstood(`it answered with status ${status} and no reason`)
  const { code, message, hint, transient } = told
  const details = { ...(hint === null ? {} : { hint }), retry: transient ? 'transient' : 'never' } as const
  if (!isTold(code)) return new DaemonError('DAEMON_FAILED', message, details)
  if (code === 'NO_DAEMON') return new DaemonError(code, message, details)
  return STATUSES[code] < 500 ? new UsageError(code, message, details) : new StorageError(code, message, details)
}

/** Returns the error of an answer that is none of ours. */
export function notUnderstood(why: string, cause?: unknown): DaemonError {
  return new DaemonError('DAEMON_FAILED', `the daemon does not answer as it should: ${why}`, {
    cause,
    hint: 'Daemon and command may be of different versions: restart the daemon.',
  })
}
