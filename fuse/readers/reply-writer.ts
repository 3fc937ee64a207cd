import { writeSync, writevSync } from 'node:fs'
import { errnoOf } from '../../src/base/errors.ts'
import type { ReplyParts } from '../content/reply-parts.ts'
import { OUT_HEADER_BYTES } from '../protocol/constants.ts'
import { MAX_READ_BYTES } from '../protocol/init.ts'
import { MessageBuffer } from '../protocol/message-buffer.ts'
import { encodeFailure, encodeReply } from '../protocol/replies.ts'
import type { Request } from '../protocol/request.ts'

/** Sends replies to the kernel, each in one call. One per thread: its memory holds one reply at a time. */
export class ReplyWriter {
  readonly message = new MessageBuffer(new Uint8Array(OUT_HEADER_BYTES + MAX_READ_BYTES))
  readonly #header: Uint8Array
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
    this.#header = this.message.bytes.subarray(0, OUT_HEADER_BYTES)
  }

  /** Sends the reply whose body of `bodyBytes` is in `message`. */
  send(request: Request, bodyBytes: number): void {
    const length = encodeReply(this.message, request, bodyBytes)
    this.#write(() => writeSync(this.#fd, this.message.bytes, 0, length))
  }

  /** Sends a reply whose body lies elsewhere. */
  sendParts(request: Request, reply: ReplyParts): void {
    encodeReply(this.message, request, reply.bytes)
    this.#write(() => writevSync(this.#fd, [this.#header, ...reply.parts]))
  }

  /** Says no; `errno` is positive. */
  fail(request: Request, errno: number): void {
    const length = encodeFailure(this.message, request, errno)
    this.#write(() => writeSync(this.#fd, this.message.bytes, 0, length))
  }

  #write(write: () => unknown): void {
    try {
      write()
    } catch (error) {
      const code = errnoOf(error)
      // Nobody waits for it any longer, or the file system is no longer mounted: the next read of the device says so.
      if (code !== 'ENOENT' && code !== 'ENODEV') throw error
    }
  }
}
