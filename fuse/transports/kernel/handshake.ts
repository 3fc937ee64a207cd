import { read, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { errnoOf } from '../../../src/base/errors.ts'
import { FUSE_INIT, FUSE_MIN_READ_BUFFER } from '../../protocol/constants.ts'
import { type Session, decodeInit, encodeInit, negotiate } from '../../protocol/init.ts'
import { MessageBuffer } from '../../protocol/message-buffer.ts'
import { ProtocolError } from '../../protocol/protocol-error.ts'
import { encodeFailure, encodeReply } from '../../protocol/replies.ts'
import { Request } from '../../protocol/request.ts'

const readDevice = promisify(read)

/**
 * Answers the first request of a device, which is INIT, and returns what was agreed on.
 *
 * @throws {ProtocolError} the kernel is too old.
 */
export async function shakeHands(fd: number, options: { readonly posixAcl: boolean }): Promise<Session> {
  const message = new MessageBuffer(new Uint8Array(FUSE_MIN_READ_BUFFER))
  const request = new Request(message)
  for (;;) {
    request.accept(await receive(fd, message.bytes))
    if (request.opcode !== FUSE_INIT) throw new ProtocolError(`operation ${request.opcode} before INIT`)
    const session = agree(fd, request, options)
    writeSync(fd, message.bytes, 0, encodeReply(message, request, encodeInit(message, session)))
    if (session !== undefined) return session
  }
}

/** As `negotiate`; a kernel that is too old is told so. */
function agree(fd: number, request: Request, options: { readonly posixAcl: boolean }): Session | undefined {
  try {
    return negotiate(decodeInit(request), options)
  } catch (error) {
    if (error instanceof ProtocolError) {
      writeSync(fd, request.message.bytes, 0, encodeFailure(request.message, request, error.errno))
    }
    throw error
  }
}

async function receive(fd: number, bytes: Uint8Array): Promise<number> {
  for (;;) {
    try {
      return (await readDevice(fd, bytes, 0, bytes.byteLength, null)).bytesRead
    } catch (error) {
      if (errnoOf(error) !== 'EINTR' && errnoOf(error) !== 'EAGAIN') throw error
    }
  }
}
