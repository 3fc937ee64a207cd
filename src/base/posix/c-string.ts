import { constants } from 'node:os'
import type { ByteString } from '../byte-string.ts'
import { posixError } from './errno.ts'

/**
 * Returns the bytes of `name` with a NUL behind, freshly allocated: how names reach system calls.
 *
 * @throws {PosixError} EINVAL: it has a NUL inside, and a system call would see only what stands before it.
 */
export function cString(name: ByteString): Buffer {
  if (name.includes('\0')) throw posixError({ errno: constants.errno.EINVAL, syscall: 'name', path: name })
  return Buffer.from(`${name}\0`, 'latin1')
}
