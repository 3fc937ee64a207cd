import { type ByteString, bytesOf } from '../../src/base/byte-string.ts'
import { FUSE_NOTIFY_INVAL_ENTRY, FUSE_NOTIFY_INVAL_INODE, FUSE_NOTIFY_STORE, OUT_HEADER_BYTES } from './constants.ts'
import { MessageBuffer } from './message-buffer.ts'

// What the file system tells the kernel unasked. Messages that are rare are freshly allocated.

const BODY = OUT_HEADER_BYTES
/** What comes before the bytes of a file in the message that has the kernel keep them. */
export const STORE_HEADER_BYTES = BODY + 24

/** Returns the message that makes the kernel forget what it knows of `node`: attributes, and listing or contents. */
export function encodeInvalidNode(node: number): Uint8Array {
  const message = notification(FUSE_NOTIFY_INVAL_INODE, 24)
  message.setU64(BODY, node)
  // From byte 0 to the end, which a length of 0 stands for.
  return sealed(message, 24)
}

/** Returns the message that makes the kernel ask again about `name` in the directory `parent`. */
export function encodeInvalidEntry(parent: number, name: ByteString): Uint8Array {
  const bodyBytes = 16 + name.length + 1
  const message = notification(FUSE_NOTIFY_INVAL_ENTRY, bodyBytes)
  message.setU64(BODY, parent)
  message.setU32(BODY + 8, name.length)
  message.bytes.set(bytesOf(name), BODY + 16)
  return sealed(message, bodyBytes)
}

/** Bytes of a file that the kernel is to keep. */
export interface StoredBytes {
  readonly node: number
  readonly offset: number
  readonly bytes: number
}

/**
 * Completes the message that has the kernel keep bytes of a file as if it had read them. They lie in `message` already, behind
 * STORE_HEADER_BYTES. Returns its length.
 */
export function encodeStore(message: MessageBuffer, { node, offset, bytes }: StoredBytes): number {
  const length = STORE_HEADER_BYTES + bytes
  begin(message, FUSE_NOTIFY_STORE, length)
  message.setU64(BODY, node)
  message.setU64(BODY + 8, offset)
  message.setU32(BODY + 16, bytes)
  message.setU32(BODY + 20, 0)
  return length
}

/** A message without a request: its `unique` is 0, and where a reply has its error it has what it is about. */
function notification(code: number, bodyBytes: number): MessageBuffer {
  const message = new MessageBuffer(new Uint8Array((BODY + bodyBytes + 7) & ~7))
  begin(message, code, BODY + bodyBytes)
  return message
}

function begin(message: MessageBuffer, code: number, length: number): void {
  message.setU32(0, length)
  message.setU32(4, code)
  message.setU64(8, 0)
}

function sealed(message: MessageBuffer, bodyBytes: number): Uint8Array {
  return message.bytes.subarray(0, BODY + bodyBytes)
}
