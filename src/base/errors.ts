/** Every way Tidemark can fail, as one closed list. Codes never change; messages may. */
export type ErrorCode =
  // storage
  | 'NOT_FOUND'
  | 'EXISTS'
  | 'OUT_OF_RANGE'
  | 'STORE_FULL'
  | 'STORE_READ_ONLY'
  | 'STORE_DENIED'
  | 'STORE_UNAVAILABLE'
  | 'STORE_FAILED'
  | 'NO_REPOSITORY'
  | 'REPOSITORY_EXISTS'
  // integrity
  | 'AUTH_FAILED'
  | 'ID_MISMATCH'
  | 'MALFORMED'
  | 'BAD_SIGNATURE'
  | 'UNSUPPORTED_VERSION'
  | 'UNSUPPORTED_FEATURE'
  | 'CONFIG_CONFLICT'
  | 'ROLLED_BACK'
  | 'RECORD_MISSING'
  | 'BLOB_MISSING'
  // keys
  | 'WRONG_PASSWORD'
  | 'WRONG_KEY'
  | 'SLOT_DAMAGED'
  | 'LAST_FULL_SLOT'
  | 'KEY_NOT_FULL'
  | 'KDF_BOUNDS'
  | 'BAD_RECOVERY_CODE'
  | 'UNKNOWN_SLOT'
  | 'KEY_LIMIT'
  // sources and targets
  | 'SOURCE_NOT_FOUND'
  | 'SOURCE_UNREADABLE'
  | 'SOURCE_CHANGED'
  | 'COMMAND_FAILED'
  | 'TARGET_UNSAFE'
  | 'TARGET_FULL'
  | 'TARGET_DENIED'
  | 'TARGET_FAILED'
  // mounts
  | 'MOUNT_UNAVAILABLE'
  | 'MOUNT_BUSY'
  | 'NOT_MOUNTED'
  // usage
  | 'BAD_ARGUMENT'
  | 'BAD_PATTERN'
  | 'BAD_CONFIGURATION'
  | 'UNKNOWN_POINT'
  | 'AMBIGUOUS_POINT'
  | 'UNKNOWN_PATH'
  | 'CONFIRMATION_NEEDED'
  // the daemon
  | 'NO_DAEMON'
  | 'DAEMON_FAILED'
  // runs
  | 'PRUNED_UNDER_RUN'
  | 'INTERRUPTED'
  | 'UNDO_FAILED'

export interface ErrorDetails {
  /** `transient`: the same call may succeed later. */
  readonly retry?: 'never' | 'transient'
  /** What it happened to: paths, object names, sizes. Never a secret. */
  readonly context?: Readonly<Record<string, string | number | boolean>>
  readonly cause?: unknown
  /** What the user can do next: one sentence. */
  readonly hint?: string
}

/**
 * The base of every expected failure. The message says what happened, and to what.
 *
 * Bugs are `AssertionError`s, never `TidemarkError`s, and are never caught.
 */
export abstract class TidemarkError extends Error {
  readonly code: ErrorCode
  readonly retry: 'never' | 'transient'
  readonly context: Readonly<Record<string, string | number | boolean>>
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.code = code
    this.retry = details.retry ?? 'never'
    this.context = details.context ?? {}
    this.hint = details.hint
  }
}

/** A store did not do what it was asked. */
export class StorageError extends TidemarkError {}
/** Stored bytes are not what was written, or not by whom they should have been. */
export class IntegrityError extends TidemarkError {}
/** A password, key or slot does not open what it should. */
export class KeyError extends TidemarkError {}
/** What is to be backed up cannot be read. */
export class SourceError extends TidemarkError {}
/** What is to be restored cannot be written. */
export class TargetError extends TidemarkError {}
/** A mount cannot be made, or not be ended. */
export class MountError extends TidemarkError {}
/** The user asked for something that cannot be done as asked. */
export class UsageError extends TidemarkError {}
/** No daemon takes requests, or not as it should. */
export class DaemonError extends TidemarkError {}
/** A run of a writer ended without a commit. */
export class RunError extends TidemarkError {}

/** Narrows an unknown thrown value to a system error with an `errno` code such as `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return undefined
}

/** Tells whether a store said that an object is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof StorageError && error.code === 'NOT_FOUND'
}
