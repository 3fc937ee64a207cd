import { constants } from 'node:os'
import { bytesOf } from '../../src/base/byte-string.ts'
import { encodeBytes, encodeXattrSize } from '../protocol/replies.ts'
import { XattrBody } from '../protocol/request-bodies.ts'
import type { Request } from '../protocol/request.ts'
import { HAS_XATTRS } from '../tree/directory-block.ts'
import { OWN_XATTRS_PREFIX } from '../tree/own-xattrs.ts'
import { xattrsAt } from '../tree/xattrs.ts'
import type { HandlerContext } from './handler-context.ts'
import type { Outcome } from './missing.ts'

const OWN_PREFIX_BYTES = bytesOf(OWN_XATTRS_PREFIX)
const NUL = new Uint8Array(1)

/** Answers what is asked about extended attributes inside of points. */
export class XattrAnswers {
  readonly #context: HandlerContext
  readonly #body = new XattrBody()

  constructor(context: HandlerContext) {
    this.#context = context
  }

  get(request: Request): Outcome {
    const { rows } = this.#context
    const { bytes } = request.message
    this.#body.decodeGet(request)
    const failure = rows.moveTo(request.nodeId)
    if (failure !== undefined) return failure
    const name = bytes.subarray(this.#body.start, this.#body.end)
    if (Buffer.compare(name.subarray(0, OWN_PREFIX_BYTES.length), OWN_PREFIX_BYTES) === 0) return { kind: 'answer' }
    if (rows.block.has(HAS_XATTRS)) {
      for (const { nameStart, valueStart, valueEnd } of xattrsAt(rows.block.bytes, rows.block.xattrsStart)) {
        if (Buffer.compare(rows.block.bytes.subarray(nameStart, valueStart), name) !== 0) continue
        return this.#send(request, rows.block.bytes.subarray(valueStart, valueEnd))
      }
    }
    return constants.errno.ENODATA
  }

  list(request: Request): Outcome {
    const { rows } = this.#context
    this.#body.decodeList(request)
    const failure = rows.moveTo(request.nodeId)
    if (failure !== undefined) return failure
    const names: Uint8Array[] = []
    if (rows.block.has(HAS_XATTRS)) {
      for (const { nameStart, valueStart } of xattrsAt(rows.block.bytes, rows.block.xattrsStart)) {
        names.push(rows.block.bytes.subarray(nameStart, valueStart), NUL)
      }
    }
    return this.#send(request, Buffer.concat(names))
  }

  #send(request: Request, value: Uint8Array): Outcome {
    return sendXattr(this.#context, { request, sizeMax: this.#body.size, value })
  }
}

/** Sends the value of an attribute, or its length where that is what was asked for. */
export function sendXattr(
  { writer }: Pick<HandlerContext, 'writer'>,
  { request, sizeMax, value }: { request: Request; sizeMax: number; value: Uint8Array },
): Outcome {
  if (sizeMax === 0) {
    writer.send(request, encodeXattrSize(writer.message, value.byteLength))
    return 'replied'
  }
  if (value.byteLength > sizeMax) return constants.errno.ERANGE
  writer.send(request, encodeBytes(writer.message, value))
  return 'replied'
}
