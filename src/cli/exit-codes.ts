import { unreachable } from '../base/assert.ts'
import { type ErrorCode, TidemarkError } from '../base/errors.ts'

export const EXIT_DONE = 0
export const EXIT_FAILED = 1
export const EXIT_USAGE = 2
/** Point made or files restored, but some could not be read or written. */
export const EXIT_PARTIAL = 3
/** Damage was found: what was looked at is not all, or not as it was written. */
export const EXIT_DAMAGE = 4
const EXIT_NO_REPOSITORY = 10
/** What the point relied on was pruned: to be run again. */
const EXIT_PRUNED = 11
const EXIT_WRONG_KEY = 12
export const EXIT_INTERRUPTED = 130

/** Returns the exit code of a command that ended with `error`. */
export function exitCodeOf(error: unknown): number {
  return error instanceof TidemarkError ? exitCodeOfCode(error.code) : EXIT_FAILED
}

function exitCodeOfCode(code: ErrorCode): number {
  switch (code) {
    case 'NOT_FOUND':
    case 'EXISTS':
    case 'OUT_OF_RANGE':
    case 'STORE_FULL':
    case 'STORE_READ_ONLY':
    case 'STORE_DENIED':
    case 'STORE_UNAVAILABLE':
    case 'STORE_FAILED':
    case 'REPOSITORY_EXISTS':
    case 'AUTH_FAILED':
    case 'ID_MISMATCH':
    case 'MALFORMED':
    case 'BAD_SIGNATURE':
    case 'UNSUPPORTED_VERSION':
    case 'UNSUPPORTED_FEATURE':
    case 'CONFIG_CONFLICT':
    case 'ROLLED_BACK':
    case 'RECORD_MISSING':
    case 'BLOB_MISSING':
    case 'SLOT_DAMAGED':
    case 'LAST_FULL_SLOT':
    case 'KEY_LIMIT':
    case 'KDF_BOUNDS':
    case 'SOURCE_UNREADABLE':
    case 'SOURCE_CHANGED':
    case 'COMMAND_FAILED':
    case 'TARGET_FULL':
    case 'TARGET_DENIED':
    case 'TARGET_FAILED':
    case 'MOUNT_UNAVAILABLE':
    case 'MOUNT_BUSY':
    case 'UNDO_FAILED':
    case 'NO_DAEMON':
    case 'DAEMON_FAILED':
      return EXIT_FAILED
    case 'TARGET_UNSAFE':
    case 'BAD_ARGUMENT':
    case 'BAD_PATTERN':
    case 'BAD_CONFIGURATION':
    case 'UNKNOWN_POINT':
    case 'AMBIGUOUS_POINT':
    case 'UNKNOWN_PATH':
    case 'SOURCE_NOT_FOUND':
    case 'NOT_MOUNTED':
    case 'CONFIRMATION_NEEDED':
      return EXIT_USAGE
    case 'NO_REPOSITORY':
      return EXIT_NO_REPOSITORY
    case 'PRUNED_UNDER_RUN':
      return EXIT_PRUNED
    case 'WRONG_PASSWORD':
    case 'WRONG_KEY':
    case 'BAD_RECOVERY_CODE':
    case 'KEY_NOT_FULL':
    case 'UNKNOWN_SLOT':
      return EXIT_WRONG_KEY
    case 'INTERRUPTED':
      return EXIT_INTERRUPTED
    default:
      return unreachable(code)
  }
}
