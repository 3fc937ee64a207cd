import { type ByteString, display } from '../../base/byte-string.ts'
import { IntegrityError, StorageError, TargetError, TidemarkError, errnoOf } from '../../base/errors.ts'
import { reasonFor } from '../../base/posix/posix-error.ts'
import type { FileProblem } from './restore-job.ts'

/** Returns the error of an entry that could not be restored to `path`, out of whatever a system call threw. */
export function targetError(path: ByteString, cause: unknown): TidemarkError {
  if (cause instanceof TidemarkError) return cause
  return fromErrno(path, { code: errnoOf(cause) ?? '', message: reasonFor(cause), cause })
}

/** Returns the error of a file that is not tried, because one that is no larger did not fit. */
export function noRoomFor(path: ByteString): TidemarkError {
  return fromErrno(path, { code: 'ENOSPC', message: 'there is no room for it' })
}

const DAMAGE_HINT =
  '`tidemark check --read-data` tells all that is damaged, and `check --repair --heal-from …` brings back what is still elsewhere; ' +
  '`tidemark history PATH` shows other versions of a file.'

/** Returns the error of a file that a thread could not restore. */
export function problemError(path: ByteString, { code, message }: FileProblem): TidemarkError {
  const context = { path: display(path) }
  const what = `${display(path)}: ${message}`
  switch (code) {
    case 'AUTH_FAILED':
    case 'ID_MISMATCH':
    case 'MALFORMED':
      return new IntegrityError(code, what, {
        context,
        hint: DAMAGE_HINT,
      })
    case 'NOT_FOUND':
    case 'STORE_FAILED':
    case 'STORE_UNAVAILABLE':
    case 'STORE_DENIED':
    case 'OUT_OF_RANGE':
      return new StorageError(code, what, { context, hint: DAMAGE_HINT })
    default:
      return fromErrno(path, { code, message })
  }
}

/** Returns the error of a file that was written, and is not found as it was when it is read back. */
export function unlikeWritten(path: ByteString, problem: string): TidemarkError {
  return new IntegrityError('ID_MISMATCH', `${display(path)} is not as it was written: ${problem}`, {
    context: { path: display(path) },
    hint: 'The target may be failing: restore elsewhere.',
  })
}

/** Returns the error of a file that looks as the point has it by size and time, and is not when it is read. */
export function unlikePoint(path: ByteString, problem: string): TidemarkError {
  const what = `${display(path)} is not as the point has it: ${problem} (--overwrite always restores it)`
  return new IntegrityError('ID_MISMATCH', what, { context: { path: display(path) } })
}

function fromErrno(
  path: ByteString,
  { code, message, cause }: { readonly code: string; readonly message: string; readonly cause?: unknown },
): TidemarkError {
  const details = { context: { path: display(path) }, ...(cause === undefined ? {} : { cause }) }
  const what = `${display(path)} could not be restored: ${message}`
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new TargetError('TARGET_FULL', what, { ...details, hint: 'Make room on the target and restore again.' })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new TargetError('TARGET_DENIED', what, {
        ...details,
        hint: 'Restore as root, or into a directory that you may write.',
      })
    default:
      return new TargetError('TARGET_FAILED', what, {
        ...details,
        hint: 'Restore again: what is whole is not repeated.',
      })
  }
}
