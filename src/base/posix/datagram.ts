import { constants } from 'node:os'

import { byteStringOf } from '../byte-string.ts'
import { cString } from './c-string.ts'
import { AF_UNIX, MSG_DONTWAIT, SOCK_CLOEXEC } from './constants.ts'
import { check, posixError } from './errno.ts'
import { libc } from './libc.ts'

// Linux, the same on every architecture that Node runs on.
const SOCK_DGRAM = 2
const MSG_NOSIGNAL = 0x4000
/** struct sockaddr_un: the family, and a path of up to 108 bytes with its end. */
const PATH_AT = 2
const PATH_BYTES_MAX = 107

/**
 * Sends one datagram to the Unix socket at a path, or of the abstract name behind an `@`; does not wait.
 *
 * @throws {PosixError} ENOENT, ECONNREFUSED: nobody listens there; EAGAIN: its queue is full; ENAMETOOLONG.
 * @see unix(7)
 */
export function sendDatagram(path: string, bytes: Uint8Array): void {
  const isAbstract = path.startsWith('@')
  const name = isAbstract ? Buffer.from(`\0${path.slice(1)}`) : cString(byteStringOf(path))
  if (name.byteLength > PATH_BYTES_MAX) throw posixError({ errno: constants.errno.ENAMETOOLONG, syscall: 'sendto' })
  const address = Buffer.alloc(PATH_AT + name.byteLength)
  address.writeUInt16LE(AF_UNIX, 0)
  address.set(name, PATH_AT)
  const socket = libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  check(socket, 'socket')
  try {
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL
    check(libc().sendto(socket, bytes, bytes.byteLength, flags, address, address.byteLength), 'sendto')
  } finally {
    libc().close(socket)
  }
}
