import { StorageError } from '../../src/base/errors.ts'

/** Status codes of the protocol (draft-ietf-secsh-filexfer-02, 7). */
const STATUS = { endOfFile: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, unsupported: 8 } as const
export type SftpStatus = keyof typeof STATUS

/** A call that the server refused, or did not answer. */
export class SftpFailure extends Error {
  /** What the server answered with; `undefined` when it did not answer. */
  readonly status: SftpStatus | undefined

  constructor(cause: Error, status: SftpStatus | undefined = statusIn(cause)) {
    super(cause.message, { cause })
    this.status = status
  }
}

export function statusOf(error: unknown): SftpStatus | undefined {
  return error instanceof SftpFailure ? error.status : undefined
}

function statusIn(error: Error): SftpStatus | undefined {
  if (!('code' in error) || typeof error.code !== 'number') return undefined
  const names = Object.keys(STATUS) as SftpStatus[]
  // A code of later versions of the protocol is a failure like any other.
  return names.find((name) => STATUS[name] === error.code) ?? 'failure'
}

/**
 * Returns what the server's answer, or its silence, means for a store; `doing` and `path` complete "while …". What is
 * no answer of the server is returned as it is.
 */
export function sftpError(error: unknown, where: { readonly doing: string; readonly path: string }): unknown {
  if (!(error instanceof SftpFailure)) return error
  const at = `while ${where.doing} ${where.path}`
  const details = { cause: error, context: { path: where.path } }
  switch (error.status) {
    case 'permissionDenied':
      return new StorageError('STORE_DENIED', `the server denied permission ${at}`, {
        ...details,
        hint: 'Give the user on the server access to the folder, or log in as the user who owns it.',
      })
    case 'unsupported':
      return new StorageError('STORE_FAILED', `the server lacks an operation ${at}`, {
        ...details,
        hint: 'Tidemark needs version 3 of the SFTP protocol, as OpenSSH serves it.',
      })
    case 'noSuchFile':
    case 'endOfFile':
    case 'failure':
      return new StorageError('STORE_FAILED', `the server failed ${at}: ${error.message}`, {
        ...details,
        retry: 'transient',
        hint: 'Look at the log, the disk and the quota of the server.',
      })
    case undefined:
      return new StorageError('STORE_UNAVAILABLE', `the connection to the server broke ${at}: ${error.message}`, {
        ...details,
        retry: 'transient',
        hint: 'Check the network and the server; the next run goes on from what is stored.',
      })
  }
}

export function storeFull(path: string, cause: unknown): StorageError {
  return new StorageError('STORE_FULL', `no space is left on the server while writing ${path}`, {
    cause,
    context: { path },
    hint: 'Free space or raise the quota there, or run `tidemark forget` and `tidemark prune`; what is stored stays whole.',
  })
}
