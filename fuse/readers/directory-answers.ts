import { bytesOf, type ByteString } from '../../src/base/byte-string.ts'
import { S_IFDIR } from '../../src/base/posix/constants.ts'
import { ENTRY_OUT_BYTES, OUT_HEADER_BYTES } from '../protocol/constants.ts'
import {
  type DirentOut,
  direntBytes,
  direntType,
  encodeAttr,
  encodeDirent,
  encodeEntry,
  encodeNegativeEntry,
  type EntryOut,
} from '../protocol/replies.ts'
import { NameBody, ReadBody } from '../protocol/request-bodies.ts'
import type { Request } from '../protocol/request.ts'
import type { HandlerContext } from './handler-context.ts'
import type { Outcome } from './missing.ts'

/** `.` and `..` come before all rows. */
const DOTS = 2
const DOT_NAMES = bytesOf('..' as ByteString)

/** Answers what is asked about names and attributes inside of points. */
export class DirectoryAnswers {
  readonly #context: HandlerContext
  readonly #name = new NameBody()
  readonly #read = new ReadBody()
  readonly #entry: EntryOut
  readonly #dirent: DirentOut

  constructor(context: HandlerContext) {
    this.#context = context
    const { attributes, bytes } = context.rows.block
    this.#entry = { nodeId: 0, ino: 0, entryValidSeconds: Infinity, attrValidSeconds: Infinity, attributes }
    this.#dirent = { ino: 0, next: 0, type: 0, names: bytes, nameStart: 0, nameEnd: 0 }
  }

  lookUp(request: Request): Outcome {
    const { nodes, rows, writer, onCrowd } = this.#context
    this.#name.decode(request)
    const failure = rows.openDirectory(request.nodeId)
    if (failure !== undefined) return failure
    if (!rows.block.find(request.message.bytes, this.#name.start, this.#name.end)) {
      writer.send(request, encodeNegativeEntry(writer.message, Infinity))
      return 'replied'
    }
    this.#entry.ino = rows.inoOfRow(request.nodeId)
    this.#entry.nodeId = nodes.lookUp(request.nodeId, rows.block.row, this.#entry.ino)
    if (nodes.asksForRoom()) onCrowd()
    if (this.#entry.nodeId === 0) return { kind: 'node' }
    writer.send(request, encodeEntry(writer.message, OUT_HEADER_BYTES, this.#entry))
    return 'replied'
  }

  getAttributes(request: Request): Outcome {
    const { nodes, rows, writer } = this.#context
    const failure = rows.moveTo(request.nodeId)
    if (failure !== undefined) return failure
    this.#entry.ino = nodes.ino(request.nodeId)
    writer.send(request, encodeAttr(writer.message, this.#entry))
    return 'replied'
  }

  /** READDIR, and READDIRPLUS, in which the kernel is told of every entry's attributes, too. */
  list(request: Request, { isPlus }: { readonly isPlus: boolean }): Outcome {
    const { rows, writer } = this.#context
    this.#read.decode(request)
    const { offset } = this.#read
    const failure = rows.openDirectory(request.nodeId)
    if (failure !== undefined) return failure
    if (offset === 0 && rows.isFirstUse(request.nodeId)) this.#context.onFirstUse(request.nodeId)
    const end = OUT_HEADER_BYTES + Math.min(this.#read.size, writer.message.bytes.byteLength - OUT_HEADER_BYTES)
    let place = OUT_HEADER_BYTES
    for (let i = offset; i < rows.block.count + DOTS; i++) {
      const length = i < DOTS ? this.#dotBytes(i, isPlus) : this.#rowBytes(i - DOTS, isPlus)
      if (place + length > end) break
      this.#dirent.next = i + 1
      place +=
        i < DOTS ? this.#addDots(request.nodeId, { i, place, isPlus }) : this.#addRow(request.nodeId, place, isPlus)
    }
    writer.send(request, place - OUT_HEADER_BYTES)
    return 'replied'
  }

  #dotBytes(i: number, isPlus: boolean): number {
    return direntBytes(i + 1) + (isPlus ? ENTRY_OUT_BYTES : 0)
  }

  /** Moves to a row and returns the bytes that it takes. */
  #rowBytes(row: number, isPlus: boolean): number {
    const { block } = this.#context.rows
    block.moveTo(row)
    return direntBytes(block.nameEnd - block.nameStart) + (isPlus ? ENTRY_OUT_BYTES : 0)
  }

  #addDots(node: number, { i, place, isPlus }: { i: number; place: number; isPlus: boolean }): number {
    const { nodes, writer } = this.#context
    const dirent = this.#dirent
    dirent.ino = nodes.ino(i === 0 ? node : nodes.parent(node) || node)
    dirent.type = direntType(S_IFDIR)
    dirent.names = DOT_NAMES
    dirent.nameStart = 0
    dirent.nameEnd = i + 1
    // The kernel knows these two by itself.
    if (isPlus) writer.message.words.fill(0, place / 4, (place + ENTRY_OUT_BYTES) / 4)
    const before = isPlus ? ENTRY_OUT_BYTES : 0
    return before + encodeDirent(writer.message, place + before, dirent)
  }

  #addRow(parent: number, place: number, isPlus: boolean): number {
    const { nodes, rows, writer, onCrowd } = this.#context
    const { block } = rows
    const dirent = this.#dirent
    dirent.type = direntType(block.mode)
    dirent.names = block.bytes
    dirent.nameStart = block.nameStart
    dirent.nameEnd = block.nameEnd
    dirent.ino = rows.inoOfRow(parent)
    if (!isPlus) return encodeDirent(writer.message, place, dirent)
    this.#entry.ino = dirent.ino
    // Without a node the kernel has the name alone, and looks it up when somebody wants more.
    this.#entry.nodeId = nodes.list(parent, block.row, dirent.ino)
    if (nodes.asksForRoom()) onCrowd()
    encodeEntry(writer.message, place, this.#entry)
    return ENTRY_OUT_BYTES + encodeDirent(writer.message, place + ENTRY_OUT_BYTES, dirent)
  }
}
