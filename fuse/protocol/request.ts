import type { MessageBuffer } from './message-buffer.ts'
import { ProtocolError } from './protocol-error.ts'
import { IN_HEADER_BYTES } from './constants.ts'

// struct fuse_in_header
const LEN = 0
const OPCODE = 4
const UNIQUE = 8
const NODE_ID = 16
const UID = 24
const GID = 28
const PID = 32
/** Low half: length of extensions in units of 8 bytes. */
const EXTENSIONS = 36
const EXTENSION_UNIT_BYTES = 8

/**
 * The request that lies in a receive buffer, decoded in place: nothing is allocated for one.
 *
 * Reused for one request after the other; what it says holds until the next `accept`.
 */
export class Request {
  readonly message: MessageBuffer
  opcode = 0
  /** Which request this is, two words: goes back in the reply as it came. */
  uniqueLow = 0
  uniqueHigh = 0
  nodeId = 0
  /** Who asks. */
  uid = 0
  gid = 0
  pid = 0
  /** Where its body ends, bytes from the start of the message; it begins at IN_HEADER_BYTES. */
  bodyEnd = 0

  constructor(message: MessageBuffer) {
    this.message = message
  }

  /**
   * Decodes the header of the message whose `length` bytes were just received.
   *
   * @throws {ProtocolError} its length is not what it says. If it had a header, `uniqueLow` and `uniqueHigh` are set;
   *   otherwise both are 0, which is no request.
   */
  accept(length: number): void {
    const { message } = this
    this.uniqueLow = 0
    this.uniqueHigh = 0
    if (length < IN_HEADER_BYTES || length > message.bytes.byteLength) {
      throw new ProtocolError(`a message of ${length} bytes`)
    }
    this.opcode = message.u32(OPCODE)
    this.uniqueLow = message.u32(UNIQUE)
    this.uniqueHigh = message.u32(UNIQUE + 4)
    this.nodeId = message.u64(NODE_ID)
    this.uid = message.u32(UID)
    this.gid = message.u32(GID)
    this.pid = message.u32(PID)
    this.bodyEnd = length - (message.u32(EXTENSIONS) & 0xffff) * EXTENSION_UNIT_BYTES
    if (message.u32(LEN) !== length || this.bodyEnd < IN_HEADER_BYTES) {
      throw new ProtocolError(`a message of ${length} bytes that says ${message.u32(LEN)}`)
    }
  }
}
