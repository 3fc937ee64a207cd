import { readSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { encodeAttributes } from '../../fuse/protocol/attributes.ts'
import * as fuse from '../../fuse/protocol/constants.ts'
import { MessageBuffer } from '../../fuse/protocol/message-buffer.ts'
import { encodeAttr, encodeFailure, encodeReply } from '../../fuse/protocol/replies.ts'
import { Request } from '../../fuse/protocol/request.ts'
import { errnoOf } from '../../src/base/errors.ts'

const BUFFER_BYTES = 64 << 10
const epoch = { seconds: 0, nanoseconds: 0 }

/** Shows an empty directory of mode `mode` until it is unmounted; the thread is busy with nothing else. */
export function serveEmptyFolder(fd: number, { mode = 0o755 }: { readonly mode?: number } = {}): void {
  const message = new MessageBuffer(new Uint8Array(BUFFER_BYTES))
  const request = new Request(message)
  const attributes = new MessageBuffer(new Uint8Array(fuse.ATTR_BYTES))
  encodeAttributes(attributes, 0, {
    ...{ ino: 1, size: 0, blocks: 0, atime: epoch, mtime: epoch, ctime: epoch },
    ...{ mode: 0o40000 | mode, nlink: 2, uid: 0, gid: 0, rdev: 0, blksize: 4096 },
  })
  const root = {
    nodeId: 1,
    ino: 1,
    entryValidSeconds: 0,
    attrValidSeconds: 0,
    attributes: { words: attributes.words, at: 0 },
  }
  for (;;) {
    const length = receive(fd, message.bytes)
    if (length === undefined) return
    request.accept(length)
    const reply = answer(message, request, root)
    if (reply > 0) writeSync(fd, message.bytes, 0, reply)
  }
}

function receive(fd: number, bytes: Uint8Array): number | undefined {
  for (;;) {
    try {
      return readSync(fd, bytes)
    } catch (error) {
      if (errnoOf(error) === 'ENODEV') return undefined
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'EINTR') throw error
    }
  }
}

/** Returns the length of the reply, 0 where there is none. */
function answer(message: MessageBuffer, request: Request, root: Parameters<typeof encodeAttr>[1]): number {
  switch (request.opcode) {
    case fuse.FUSE_GETATTR:
      return encodeReply(message, request, encodeAttr(message, root))
    case fuse.FUSE_READDIR:
    case fuse.FUSE_READDIRPLUS:
      return encodeReply(message, request, 0)
    case fuse.FUSE_LOOKUP:
      return encodeFailure(message, request, constants.errno.ENOENT)
    case fuse.FUSE_FORGET:
    case fuse.FUSE_BATCH_FORGET:
      return 0
    default:
      return encodeFailure(message, request, constants.errno.ENOSYS)
  }
}
