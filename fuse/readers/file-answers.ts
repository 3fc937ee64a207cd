import { constants } from 'node:os'
import { SEEK_DATA, SEEK_HOLE, S_IFLNK, S_IFREG } from '../../src/base/posix/constants.ts'
import type { FileLayout } from '../../src/engine/point-view-layout.ts'
import type { SizedLayout } from '../content/layout-block.ts'
import { encodeBytes, encodeSeek } from '../protocol/replies.ts'
import { ReadBody, SeekBody } from '../protocol/request-bodies.ts'
import type { Request } from '../protocol/request.ts'
import { IS_SIMPLE } from '../tree/directory-block.ts'
import type { HandlerContext } from './handler-context.ts'
import type { Missing, Outcome } from './missing.ts'

/** Where to read a file: one blob whose id its row has, or a layout. */
type Place = { readonly size: number; readonly layout: SizedLayout | undefined }

/** Answers what is asked about the contents of files and links inside of points. */
export class FileAnswers {
  readonly #context: HandlerContext
  readonly #read = new ReadBody()
  readonly #seek = new SeekBody()

  constructor(context: HandlerContext) {
    this.#context = context
  }

  read(request: Request): Outcome {
    const { nodes, reply, content, rows, writer, onSmallRead } = this.#context
    const { nodeId: node } = request
    this.#read.decode(request)
    const place = this.#placeOf(node)
    if (typeof place === 'number' || 'kind' in place) return place
    const { size, layout } = place
    const { offset } = this.#read
    const end = Math.min(size, offset + Math.min(this.#read.size, reply.bytesMax))
    reply.clear()
    try {
      if (offset < end) {
        const range = { node, offset, end, isSequential: nodes.isSequential(node, offset, end) }
        const failure =
          layout === undefined
            ? content.readBlob(range, { ids: rows.block.bytes, idStart: rows.block.payloadStart, size }, reply)
            : content.readLayout(range, layout, reply)
        if (failure !== undefined) return failure
      }
      writer.sendParts(request, reply)
      if (layout === undefined && end === size) onSmallRead(node, request.pid)
      return 'replied'
    } finally {
      reply.clear()
    }
  }

  /** LSEEK to the next data or hole. */
  seek(request: Request): Outcome {
    const { writer } = this.#context
    this.#seek.decode(request)
    const { offset, whence } = this.#seek
    const place = this.#placeOf(request.nodeId)
    if (typeof place === 'number' || 'kind' in place) return place
    if (offset >= place.size) return constants.errno.ENXIO
    const ranges = place.layout?.ranges ?? [{ offset: 0, length: place.size, start: 0 }]
    const found = whence === SEEK_DATA ? dataAt(ranges, offset) : holeAt(ranges, offset)
    if (whence !== SEEK_DATA && whence !== SEEK_HOLE) return constants.errno.EINVAL
    if (found === undefined) return constants.errno.ENXIO
    writer.send(request, encodeSeek(writer.message, found))
    return 'replied'
  }

  readLink(request: Request): Outcome {
    const { rows, writer } = this.#context
    const failure = rows.moveTo(request.nodeId)
    if (failure !== undefined) return failure
    if (rows.block.format !== S_IFLNK) return constants.errno.EINVAL
    writer.send(request, encodeBytes(writer.message, rows.block.payload))
    return 'replied'
  }

  #placeOf(node: number): Place | Missing | number {
    const { nodes, rows, layouts } = this.#context
    if (nodes.isLive(node) && nodes.row(node) >= 0) {
      const failure = rows.moveTo(node)
      if (failure !== undefined) return failure
      if (rows.block.format !== S_IFREG) return constants.errno.EINVAL
      if (rows.block.has(IS_SIMPLE)) return { size: rows.block.size, layout: undefined }
    }
    if (!nodes.isLive(node)) return constants.errno.ESTALE
    const layout = layouts.get(nodes.block(node))
    return layout === undefined ? { kind: 'layout', node } : { size: layout.size, layout }
  }
}

/** Returns where data begins at or after `offset`. */
function dataAt(ranges: FileLayout['ranges'], offset: number): number | undefined {
  const range = ranges.find((each) => each.offset + each.length > offset)
  return range === undefined ? undefined : Math.max(offset, range.offset)
}

/** Returns where a hole begins at or after `offset`; the end of the file is one. */
function holeAt(ranges: FileLayout['ranges'], offset: number): number {
  let end = offset
  for (const range of ranges) {
    if (range.offset > end) break
    end = Math.max(end, range.offset + range.length)
  }
  return end
}
