import { constants } from 'node:os'
import {
  FUSE_ASYNC_READ,
  FUSE_AUTO_INVAL_DATA,
  FUSE_CACHE_SYMLINKS,
  FUSE_DO_READDIRPLUS,
  FUSE_KERNEL_MINOR_VERSION,
  FUSE_KERNEL_VERSION,
  FUSE_MAX_PAGES,
  FUSE_MINOR_VERSION_MIN,
  FUSE_NO_OPENDIR_SUPPORT,
  FUSE_NO_OPEN_SUPPORT,
  FUSE_PARALLEL_DIROPS,
  FUSE_POSIX_ACL,
  IN_HEADER_BYTES,
  OUT_HEADER_BYTES,
} from './constants.ts'
import type { MessageBuffer } from './message-buffer.ts'
import { ProtocolError } from './protocol-error.ts'
import type { Request } from './request.ts'

const IN_BODY = IN_HEADER_BYTES
const OUT_BODY = OUT_HEADER_BYTES
/** `fuse_init_in` as kernels before 5.17 send it; what newer ones add is not used. */
const INIT_IN_BYTES_MIN = 16
const INIT_OUT_BYTES = 64

/** Bytes of one READ, and so of its reply. */
export const MAX_READ_BYTES = 1 << 20
const PAGE_BYTES = 4096
/** Nothing is written: the least that the kernel takes. */
const MAX_WRITE_BYTES = 4096
/** Requests that nobody waits for, read-ahead most of all, that the kernel keeps under way. */
const MAX_BACKGROUND = 64
const CONGESTION_THRESHOLD = 48
const TIME_GRANULARITY_NS = 1

// Where a link leads is kept for as long as its node: a link that leads elsewhere, as `latest` does in time, is another node.
// A listing is kept for as long as its folder says that it did not change: the kernel is to ask that (FUSE_AUTO_INVAL_DATA)
// also for whoever keeps a folder open and lists it again.
const WANTED =
  FUSE_ASYNC_READ |
  FUSE_AUTO_INVAL_DATA |
  FUSE_DO_READDIRPLUS |
  FUSE_NO_OPEN_SUPPORT |
  FUSE_PARALLEL_DIROPS |
  FUSE_MAX_PAGES |
  FUSE_CACHE_SYMLINKS |
  FUSE_NO_OPENDIR_SUPPORT

/** What a kernel offers. */
export interface InitIn {
  readonly major: number
  readonly minor: number
  readonly maxReadaheadBytes: number
  /** FUSE_ bits of the first 32. */
  readonly flags: number
}

/** What kernel and file system have agreed on. */
export interface Session {
  readonly minor: number
  /** FUSE_ bits of the first 32 that both know. */
  readonly flags: number
  readonly maxReadaheadBytes: number
}

/** Decodes the body of INIT. @throws {ProtocolError} it is too short. */
export function decodeInit({ message, bodyEnd }: Request): InitIn {
  if (bodyEnd - IN_BODY < INIT_IN_BYTES_MIN) throw new ProtocolError('an INIT that is too short')
  return {
    major: message.u32(IN_BODY),
    minor: message.u32(IN_BODY + 4),
    maxReadaheadBytes: message.u32(IN_BODY + 8),
    flags: message.u32(IN_BODY + 12),
  }
}

/**
 * Returns what to agree on with a kernel that offers `init`, or `undefined` where it speaks a later major version and
 * will come again with ours.
 *
 * @throws {ProtocolError} EPROTO: it is too old.
 */
export function negotiate(init: InitIn, { posixAcl }: { readonly posixAcl: boolean }): Session | undefined {
  if (init.major > FUSE_KERNEL_VERSION) return undefined
  if (init.major < FUSE_KERNEL_VERSION || init.minor < FUSE_MINOR_VERSION_MIN) {
    throw new ProtocolError(`FUSE protocol ${init.major}.${init.minor}`, constants.errno.EPROTO)
  }
  return {
    minor: Math.min(init.minor, FUSE_KERNEL_MINOR_VERSION),
    flags: init.flags & (posixAcl ? WANTED | FUSE_POSIX_ACL : WANTED),
    maxReadaheadBytes: init.maxReadaheadBytes,
  }
}

/** Writes the body of the reply to INIT; without a session, one that only tells our version. Returns its length. */
export function encodeInit(message: MessageBuffer, session: Session | undefined): number {
  message.words.fill(0, OUT_BODY >>> 2, (OUT_BODY + INIT_OUT_BYTES) >>> 2)
  message.setU32(OUT_BODY, FUSE_KERNEL_VERSION)
  message.setU32(OUT_BODY + 4, session?.minor ?? FUSE_KERNEL_MINOR_VERSION)
  if (session === undefined) return INIT_OUT_BYTES
  message.setU32(OUT_BODY + 8, session.maxReadaheadBytes)
  message.setU32(OUT_BODY + 12, session.flags)
  message.setU32(OUT_BODY + 16, MAX_BACKGROUND | (CONGESTION_THRESHOLD << 16))
  message.setU32(OUT_BODY + 20, MAX_WRITE_BYTES)
  message.setU32(OUT_BODY + 24, TIME_GRANULARITY_NS)
  message.setU32(OUT_BODY + 28, MAX_READ_BYTES / PAGE_BYTES)
  return INIT_OUT_BYTES
}
