import { constants } from 'node:os'
import { FUSE_NAME_MAX, IN_HEADER_BYTES } from './constants.ts'
import type { MessageBuffer } from './message-buffer.ts'
import { ProtocolError } from './protocol-error.ts'
import type { Request } from './request.ts'

// Each class is the body of some requests. An object is made once and decodes one request after the other; what it
// holds stays until then. `decode` throws a ProtocolError for a body that is shorter than its structure.

const BODY = IN_HEADER_BYTES
const SLASH = 0x2f
// struct fuse_batch_forget_in and struct fuse_forget_one
const BATCH_HEADER_BYTES = 8
const FORGET_ONE_BYTES = 16

/** READ, READDIR and READDIRPLUS: `fuse_read_in`. */
export class ReadBody {
  handle = 0
  /** Of a file in bytes; of a directory what `off` of the last entry said. */
  offset = 0
  /** Bytes that the reply may have at most. */
  size = 0

  decode(request: Request): void {
    expectBody(request, 40)
    this.handle = request.message.u64(BODY)
    this.offset = request.message.u64(BODY + 8)
    this.size = request.message.u32(BODY + 16)
  }
}

/** LOOKUP and every other request whose body is one name. */
export class NameBody {
  /** Where the name is in the message, bytes [start, end), without its NUL; at least one byte, no slash, no NUL. */
  start = 0
  end = 0

  decode(request: Request): void {
    decodeName(request, BODY, this)
  }
}

/** GETXATTR: `fuse_getxattr_in` and the attribute's name. LISTXATTR has no name. */
export class XattrBody {
  /** Bytes that the reply may have; 0 asks for the length only. */
  size = 0
  /** As of NameBody; a slash is allowed. Both 0 in LISTXATTR. */
  start = 0
  end = 0

  decodeGet(request: Request): void {
    expectBody(request, 8)
    this.size = request.message.u32(BODY)
    decodeString(request, BODY + 8, this)
  }

  decodeList(request: Request): void {
    expectBody(request, 8)
    this.size = request.message.u32(BODY)
    this.start = 0
    this.end = 0
  }
}

/** OPEN and OPENDIR: `fuse_open_in`. */
export class OpenBody {
  /** As of open(2). */
  flags = 0

  decode(request: Request): void {
    expectBody(request, 8)
    this.flags = request.message.u32(BODY)
  }
}

/** RELEASE, RELEASEDIR and FLUSH begin with it. */
export class HandleBody {
  handle = 0

  decode(request: Request): void {
    expectBody(request, 24)
    this.handle = request.message.u64(BODY)
  }
}

/** ACCESS: `fuse_access_in`. */
export class AccessBody {
  /** R_OK, W_OK and X_OK of access(2). */
  mask = 0

  decode(request: Request): void {
    expectBody(request, 8)
    this.mask = request.message.u32(BODY)
  }
}

/** LSEEK: `fuse_lseek_in`. */
export class SeekBody {
  handle = 0
  offset = 0
  /** SEEK_DATA or SEEK_HOLE; the kernel does the others itself. */
  whence = 0

  decode(request: Request): void {
    expectBody(request, 24)
    this.handle = request.message.u64(BODY)
    this.offset = request.message.u64(BODY + 8)
    this.whence = request.message.u32(BODY + 16)
  }
}

/** INTERRUPT: which request nobody waits for any longer. */
export class InterruptBody {
  uniqueLow = 0
  uniqueHigh = 0

  decode(request: Request): void {
    expectBody(request, 8)
    this.uniqueLow = request.message.u32(BODY)
    this.uniqueHigh = request.message.u32(BODY + 4)
  }
}

/** FORGET, which has no reply: `lookups` references to the header's node are gone. */
export class ForgetBody {
  lookups = 0

  decode(request: Request): void {
    expectBody(request, 8)
    this.lookups = request.message.u64(BODY)
  }
}

/** BATCH_FORGET, which has no reply: `count` times `lookups(i)` references to the node `nodeId(i)` are gone. */
export class BatchForgetBody {
  count = 0
  readonly #message: MessageBuffer

  /** Always decodes requests of the one buffer `message`. */
  constructor(message: MessageBuffer) {
    this.#message = message
  }

  decode(request: Request): void {
    expectBody(request, BATCH_HEADER_BYTES)
    const count = request.message.u32(BODY)
    if (count > (request.bodyEnd - BODY - BATCH_HEADER_BYTES) / FORGET_ONE_BYTES) {
      throw new ProtocolError(`${count} forgotten nodes in too few bytes`)
    }
    this.count = count
  }

  nodeId(i: number): number {
    return this.#message.u64(BODY + BATCH_HEADER_BYTES + i * FORGET_ONE_BYTES)
  }

  lookups(i: number): number {
    return this.#message.u64(BODY + BATCH_HEADER_BYTES + i * FORGET_ONE_BYTES + 8)
  }
}

/** @throws {ProtocolError} the request's body has less than `bytes`. */
function expectBody(request: Request, bytes: number): void {
  if (request.bodyEnd - BODY < bytes) {
    throw new ProtocolError(`a body of ${request.bodyEnd - BODY} bytes for operation ${request.opcode}`)
  }
}

interface NamePlace {
  start: number
  end: number
}

/** @throws {ProtocolError} as `decodeString`; there is a slash in it. */
function decodeName(request: Request, start: number, into: NamePlace): void {
  decodeString(request, start, into)
  const { bytes } = request.message
  for (let at = start; at < into.end; at++) {
    if (bytes[at] === SLASH) throw new ProtocolError('a name with a slash', constants.errno.EINVAL)
  }
}

/** @throws {ProtocolError} what reaches from `start` to the body's end is not 1 to FUSE_NAME_MAX bytes and one NUL. */
function decodeString(request: Request, start: number, into: NamePlace): void {
  const end = request.bodyEnd - 1
  // The buffer goes on behind the message: the first NUL is the last byte, or there is none where it should be.
  if (end <= start || request.message.bytes.indexOf(0, start) !== end) throw new ProtocolError('a name without its NUL')
  if (end - start > FUSE_NAME_MAX) throw new ProtocolError('a name too long', constants.errno.ENAMETOOLONG)
  into.start = start
  into.end = end
}
