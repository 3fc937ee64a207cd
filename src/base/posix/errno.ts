import { getSystemErrorMap } from 'node:util'
import { type ByteString, display } from '../byte-string.ts'
import { koffi } from './libc.ts'
import { PosixError } from './posix-error.ts'

/** Returns why the last function of `libc` failed on this thread; only meaningful at once after it returned -1. */
export function errno(): number {
  return koffi().errno()
}

let names: Map<number, string> | undefined

/** Returns the name of an error number, such as `ENOENT` for 2; of several names the one Node uses. */
export function errnoName(number: number): string {
  if (names === undefined) {
    names = new Map()
    // EAGAIN stands before EWOULDBLOCK, and ENOTSUP before EOPNOTSUPP.
    for (const [name, value] of Object.entries(koffi().os.errno)) if (!names.has(value)) names.set(value, name)
  }
  return names.get(number) ?? `E${number}`
}

export interface FailedCall {
  readonly errno: number
  readonly syscall: string
  readonly path?: ByteString | undefined
}

/** Returns the error of a call that failed with `errno`, to be thrown. */
export function posixError({ errno, syscall, path }: FailedCall): PosixError {
  const code = errnoName(errno)
  const reason = getSystemErrorMap().get(-errno)?.[1] ?? `error ${errno}`
  return new PosixError({ code, errno, syscall, reason, path: path === undefined ? undefined : display(path) })
}

/** Returns the error of the function of `libc` that just returned -1, to be thrown. */
export function lastError(syscall: string, path?: ByteString): PosixError {
  return posixError({ errno: errno(), syscall, path })
}

/**
 * Returns `result` of a function of `libc`.
 *
 * @throws {PosixError} when it is negative.
 */
export function check(result: number, syscall: string, path?: ByteString): number {
  if (result < 0) throw lastError(syscall, path)
  return result
}
