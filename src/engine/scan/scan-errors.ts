import { constants } from 'node:os'
import { type ByteString, display } from '../../base/byte-string.ts'
import { errnoOf, SourceError } from '../../base/errors.ts'
import { posixError } from '../../base/posix/errno.ts'
import type { PosixError } from '../../base/posix/posix-error.ts'
import type { TroubleReason } from '../backup-types.ts'

const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE'])

/** Tells whether the name of an error number says that an entry is no more. */
export function isMissing(code: string): boolean {
  return MISSING.has(code)
}

/** Returns what the name of an error number, or `changed`, means for whoever reads the coverage of a point. */
export function reasonOf(code: string): TroubleReason {
  if (isMissing(code)) return 'vanished'
  if (code === 'changed') return 'changed'
  if (code === 'EACCES' || code === 'EPERM') return 'denied'
  return code === 'ENAMETOOLONG' ? 'name-too-long' : 'io-error'
}

/** Returns the error of a directory that lies deeper than a point may hold. */
export function tooDeep(path: ByteString): PosixError {
  return posixError({ errno: constants.errno.ENAMETOOLONG, syscall: 'scan', path: path.slice(0, 256) as ByteString })
}

/** Returns the error of a root that cannot be read at all. */
export function unreadableRoot(path: ByteString, cause: unknown): SourceError {
  const missing = isMissing(errnoOf(cause) ?? '')
  return missing
    ? new SourceError('SOURCE_NOT_FOUND', `there is nothing at ${display(path)} to back up`, {
        cause,
        hint: 'Check the path, and that what holds it is mounted.',
      })
    : new SourceError('SOURCE_UNREADABLE', `${display(path)} cannot be read: ${errnoOf(cause) ?? String(cause)}`, {
        cause,
        hint: 'Run the backup as a user who may read it.',
      })
}
