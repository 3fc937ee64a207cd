import { errnoOf, type ErrorCode, StorageError, TidemarkError } from '../../src/base/errors.ts'

interface Reading {
  readonly code: ErrorCode
  readonly retry: 'never' | 'transient'
  readonly says: string
  readonly hint: string
}

const full: Reading = {
  code: 'STORE_FULL',
  retry: 'never',
  says: 'no space is left',
  hint: 'Free space or raise the quota there, or run `tidemark forget` and `tidemark prune`; what is stored stays whole.',
}
const denied: Reading = {
  code: 'STORE_DENIED',
  retry: 'never',
  says: 'permission was denied',
  hint: 'Give this user access to the folder, or run as the user who owns it.',
}
const readOnly: Reading = {
  code: 'STORE_READ_ONLY',
  retry: 'never',
  says: 'the file system is read-only',
  hint: 'Mount it for writing; a file system that became read-only by itself has usually found damage: see the kernel log.',
}
const away: Reading = {
  code: 'STORE_UNAVAILABLE',
  retry: 'transient',
  says: 'the volume does not answer',
  hint: 'Attach or mount the volume again.',
}
const busy: Reading = {
  code: 'STORE_FAILED',
  retry: 'transient',
  says: 'the system was too busy',
  hint: 'Run again when less is open.',
}
const notFollowed: Reading = {
  code: 'STORE_FAILED',
  retry: 'never',
  says: 'a symbolic link or a file lies where a folder or an object should be',
  hint: 'Nothing inside a repository may be a link: put the real file or folder in its place.',
}
const failed: Reading = {
  code: 'STORE_FAILED',
  retry: 'transient',
  says: 'the file system reported an error',
  hint: 'Look at the kernel log and check the disk.',
}

function readingOf(errno: string | undefined): Reading {
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return full
    case 'EACCES':
    case 'EPERM':
      return denied
    case 'EROFS':
      return readOnly
    case 'ENODEV':
    case 'ENXIO':
    case 'ENOTCONN':
    case 'EHOSTDOWN':
    case 'EHOSTUNREACH':
    case 'ENETDOWN':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
    case 'ESTALE':
      return away
    case 'EAGAIN':
    case 'EBUSY':
    case 'EINTR':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
      return busy
    case 'ELOOP':
    case 'ENOTDIR':
    case 'EISDIR':
      return notFollowed
    default:
      return failed
  }
}

/**
 * Returns what the file system's `error` means for a store; `doing` and `path` complete "while …".
 *
 * What is already an expected failure is returned as it is, and so is what is no system error: a bug.
 */
export function storeError(error: unknown, where: { readonly doing: string; readonly path: string }): unknown {
  const errno = errnoOf(error)
  if (error instanceof TidemarkError || errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) return error
  const { code, retry, says, hint } = readingOf(errno)
  return new StorageError(code, `${says} (${errno}) while ${where.doing} ${where.path}`, {
    retry,
    hint,
    cause: error,
    context: { errno, path: where.path },
  })
}
