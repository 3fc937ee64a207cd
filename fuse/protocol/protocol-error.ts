import { constants } from 'node:os'

/**
 * A message of the kernel is not as the protocol says.
 *
 * Whoever reads the device answers the request with `errno`; one whose header cannot be read has no answer.
 */
export class ProtocolError extends Error {
  /** A positive error number. */
  readonly errno: number

  constructor(message: string, errno: number = constants.errno.EIO) {
    super(message)
    this.name = 'ProtocolError'
    this.errno = errno
  }
}
