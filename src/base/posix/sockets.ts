import { AF_UNIX, MSG_DONTWAIT, SOCK_CLOEXEC } from './constants.ts'
import { check } from './errno.ts'
import { addressOf, libc } from './libc.ts'

// Linux, the same on every architecture that Node runs on.
const SOCK_STREAM = 1
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const SO_PEERCRED = 17
/** struct ucred: three 32-bit words. */
const UCRED_BYTES = 12
const MSG_CMSG_CLOEXEC = 0x40000000

/** Bytes of struct msghdr on 64-bit machines, and where its pointers and lengths are. */
const MSGHDR_BYTES = 56
const MSG_IOV = 16
const MSG_IOVLEN = 24
const MSG_CONTROL = 32
const MSG_CONTROLLEN = 40
/** struct cmsghdr with one descriptor behind it, padded to 8 bytes. */
const CONTROL_BYTES = 24
const CMSG_BYTES = 20
const CMSG_LEVEL = 8
const CMSG_TYPE = 12
const CMSG_DATA = 16

/** Returns two sockets that are connected with each other; the caller closes both. @throws {PosixError} EMFILE. */
export function socketPair(): [number, number] {
  const pair = Buffer.alloc(8)
  check(libc().socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 'socketpair')
  return [pair.readInt32LE(0), pair.readInt32LE(4)]
}

/**
 * Returns the descriptor that was sent through `socket`, which the caller closes, or `undefined` when the other side
 * closed without sending one.
 *
 * Does not wait: it must have been sent already.
 * @throws {PosixError} EAGAIN: nothing was sent yet.
 * @see unix(7), SCM_RIGHTS
 */
export function receiveDescriptor(socket: number): number | undefined {
  const data = Buffer.alloc(1)
  const control = Buffer.alloc(CONTROL_BYTES)
  const vector = Buffer.alloc(16)
  vector.writeBigUInt64LE(BigInt(addressOf(data)), 0)
  vector.writeBigUInt64LE(BigInt(data.byteLength), 8)
  const message = Buffer.alloc(MSGHDR_BYTES)
  message.writeBigUInt64LE(BigInt(addressOf(vector)), MSG_IOV)
  message.writeBigUInt64LE(1n, MSG_IOVLEN)
  message.writeBigUInt64LE(BigInt(addressOf(control)), MSG_CONTROL)
  message.writeBigUInt64LE(BigInt(CONTROL_BYTES), MSG_CONTROLLEN)
  check(libc().recvmsg(socket, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), 'recvmsg')
  if (message.readBigUInt64LE(MSG_CONTROLLEN) < CMSG_BYTES) return undefined
  if (control.readInt32LE(CMSG_LEVEL) !== SOL_SOCKET || control.readInt32LE(CMSG_TYPE) !== SCM_RIGHTS) return undefined
  return control.readInt32LE(CMSG_DATA)
}

/** Who is on the other side of a Unix socket: as it was when that side connected or listened. */
export interface PeerCredentials {
  readonly pid: number
  readonly uid: number
}

/** Returns who is on the other side of a connected Unix socket. @see unix(7), SO_PEERCRED. @throws {PosixError} ENOTSOCK */
export function peerCredentials(socket: number): PeerCredentials {
  const value = Buffer.alloc(UCRED_BYTES)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(UCRED_BYTES)
  check(libc().getsockopt(socket, SOL_SOCKET, SO_PEERCRED, value, length), 'getsockopt')
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4) }
}
