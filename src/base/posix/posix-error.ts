export interface PosixFailure {
  /** The name of the error, such as `ENOENT`. */
  readonly code: string
  /** Its positive number. */
  readonly errno: number
  readonly syscall: string
  /** What it happened to, as readable text. */
  readonly path?: string | undefined
  /** What went wrong, in words. */
  readonly reason: string
}

/** A system call failed. Shaped like the errors of `node:fs`: `errnoOf` tells its code. */
export class PosixError extends Error {
  readonly code: string
  readonly errno: number
  readonly syscall: string
  readonly path: string | undefined
  /** What went wrong, in words. */
  readonly reason: string

  constructor({ code, errno, syscall, path, reason }: PosixFailure) {
    super(`${code}: ${reason}, ${syscall}${path === undefined ? '' : ` '${path}'`}`)
    this.name = 'PosixError'
    this.code = code
    this.errno = errno
    this.syscall = syscall
    this.path = path
    this.reason = reason
  }
}

/** Returns what went wrong, without the name that it happened to, for messages that begin with the whole path. */
export function reasonFor(error: unknown): string {
  if (error instanceof PosixError) return `${error.reason} (${error.code})`
  return error instanceof Error ? error.message : String(error)
}
