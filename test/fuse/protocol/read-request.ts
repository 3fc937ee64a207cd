import { toHex } from '../../../src/base/bytes.ts'
import * as fuse from '../../../fuse/protocol/constants.ts'
import { decodeInit } from '../../../fuse/protocol/init.ts'
import { MessageBuffer } from '../../../fuse/protocol/message-buffer.ts'
import * as bodies from '../../../fuse/protocol/request-bodies.ts'
import { Request } from '../../../fuse/protocol/request.ts'
import { u64Hex } from './u64-hex.ts'

const message = new MessageBuffer(new Uint8Array(fuse.FUSE_MIN_READ_BUFFER))

/** One request after the other lies in one buffer, as in a thread that reads the device. */
const request = new Request(message)
const body = {
  name: new bodies.NameBody(),
  read: new bodies.ReadBody(),
  xattr: new bodies.XattrBody(),
  open: new bodies.OpenBody(),
  handle: new bodies.HandleBody(),
  access: new bodies.AccessBody(),
  seek: new bodies.SeekBody(),
  interrupt: new bodies.InterruptBody(),
  forget: new bodies.ForgetBody(),
  batch: new bodies.BatchForgetBody(message),
}

/** Decodes a message and returns all it says. @throws {ProtocolError} */
export function readRequest(bytes: Uint8Array): { readonly request: object; readonly body: object } {
  message.bytes.set(bytes.subarray(0, message.bytes.byteLength))
  request.accept(bytes.byteLength)
  const { opcode, nodeId, uid, gid, pid } = request
  const unique = u64Hex(request.uniqueLow, request.uniqueHigh)
  return { request: { opcode, unique, nodeId, uid, gid, pid }, body: readBody(opcode) }
}

function nameIn({ start, end }: { readonly start: number; readonly end: number }): string {
  return toHex(message.bytes.subarray(start, end))
}

function readBody(opcode: number): object {
  switch (opcode) {
    case fuse.FUSE_LOOKUP:
      body.name.decode(request)
      return { name: nameIn(body.name) }
    case fuse.FUSE_FORGET:
      body.forget.decode(request)
      return { lookups: body.forget.lookups }
    case fuse.FUSE_OPEN:
    case fuse.FUSE_OPENDIR:
      body.open.decode(request)
      return { flags: body.open.flags }
    case fuse.FUSE_READ:
    case fuse.FUSE_READDIR:
    case fuse.FUSE_READDIRPLUS:
      body.read.decode(request)
      return { handle: body.read.handle, offset: body.read.offset, size: body.read.size }
    case fuse.FUSE_RELEASE:
    case fuse.FUSE_RELEASEDIR:
    case fuse.FUSE_FLUSH:
      body.handle.decode(request)
      return { handle: body.handle.handle }
    case fuse.FUSE_GETXATTR:
      body.xattr.decodeGet(request)
      return { size: body.xattr.size, name: nameIn(body.xattr) }
    case fuse.FUSE_LISTXATTR:
      body.xattr.decodeList(request)
      return { size: body.xattr.size }
    case fuse.FUSE_INIT:
      return decodeInit(request)
    case fuse.FUSE_ACCESS:
      body.access.decode(request)
      return { mask: body.access.mask }
    case fuse.FUSE_INTERRUPT:
      body.interrupt.decode(request)
      return { unique: u64Hex(body.interrupt.uniqueLow, body.interrupt.uniqueHigh) }
    case fuse.FUSE_BATCH_FORGET: {
      body.batch.decode(request)
      const { batch } = body
      return {
        forgotten: Array.from({ length: batch.count }, (_, i) => {
          return { nodeId: batch.nodeId(i), lookups: batch.lookups(i) }
        }),
      }
    }
    case fuse.FUSE_LSEEK:
      body.seek.decode(request)
      return { handle: body.seek.handle, offset: body.seek.offset, whence: body.seek.whence }
    default:
      return {}
  }
}
