import { writeSync } from 'node:fs'
import { errnoOf } from '../../src/base/errors.ts'
import { S_IFREG } from '../../src/base/posix/constants.ts'
import { MessageBuffer } from '../protocol/message-buffer.ts'
import { encodeStore, STORE_HEADER_BYTES } from '../protocol/notifications.ts'
import { IS_SIMPLE } from '../tree/directory-block.ts'
import type { HandlerContext } from './handler-context.ts'
import type { FilesWanted } from './read-run.ts'

/** Larger files the kernel reads ahead itself. */
const FILE_BYTES_MAX = 128 << 10
/** What is put ahead of one request: whoever goes on has the next request send more. */
const FILES_MAX = 128
const AHEAD_BYTES_MAX = 4 << 20
/**
 * So many of the next files are left out: they are being asked for while this is sent. The kernel would hold the message back, which a
 * process that is killed meanwhile does not survive, nor end by: a thread of it would stay, and the reader would wait for ever.
 */
const ASKED_FOR_NOW = 1
/** A directory of more entries costs more than it is worth. */
const ROWS_MAX = 4096

export interface FilesAheadOptions {
  readonly fd: number
  readonly context: HandlerContext
  /** Whether there is something better to do. */
  readonly isWantedElsewhere: () => boolean
  /** Called around every look at shared blocks. */
  readonly turn: <T>(look: () => T) => T
}

/**
 * Puts small files into the kernel's pages before they are asked for, on a thread that does not answer requests meanwhile.
 *
 * The kernel may hold a message back until a request for the same pages has its answer. So nothing that another thread
 * could wait for is held while one is sent: no turn, no pin in the cache.
 * @see docs/decisions/0124-files-ahead.md
 */
export class FilesAhead {
  readonly #options: FilesAheadOptions
  readonly #message = new MessageBuffer(new Uint8Array(STORE_HEADER_BYTES + FILE_BYTES_MAX))

  constructor(options: FilesAheadOptions) {
    this.#options = options
  }

  /** Sends files until enough are ahead, one is not at hand, or there is something better to do. */
  send(wanted: FilesWanted): void {
    const { turn, isWantedElsewhere, context } = this.#options
    let files = 0
    let bytes = 0
    for (const row of turn(() => this.#rowsBehind(wanted))) {
      if (isWantedElsewhere() || files === FILES_MAX || bytes >= AHEAD_BYTES_MAX) return
      const node = context.nodes.hold(wanted.directory, row)
      if (node === 0) continue
      try {
        const size = turn(() => this.#load(node))
        if (size === undefined) return
        if (size === 0) continue
        if (!this.#send(node, size)) return
        files++
        bytes += size
      } finally {
        context.nodes.forget(node, 1)
      }
    }
  }

  /** Returns the rows of files that come behind one, in order; none, when the directory is no longer at hand. */
  #rowsBehind({ directory, row, order, onlyIfFirst }: FilesWanted): readonly number[] {
    const { rows } = this.#options.context
    if (rows.openDirectory(directory) !== undefined || row >= rows.block.count) return []
    if (rows.block.count > ROWS_MAX) return []
    const files: { readonly row: number; readonly place: number }[] = []
    for (let each = 0; each < rows.block.count; each++) {
      rows.block.moveTo(each)
      if (rows.block.format !== S_IFREG) continue
      files.push({ row: each, place: order === 'names' ? each : rows.inoOfRow(directory) })
    }
    const from = files.find((file) => file.row === row)?.place ?? Infinity
    if (onlyIfFirst && files.some(({ place }) => place < from)) return []
    const behind = files.filter(({ place }) => place > from).sort((a, b) => a.place - b.place)
    return behind.slice(ASKED_FOR_NOW).map((file) => file.row)
  }

  /**
   * Copies a file's bytes to where they are sent from. Returns how many: 0 when the file is none to be sent, or
   * `undefined` when it lacks something that takes long.
   */
  #load(node: number): number | undefined {
    const { rows, nodes, content, reply } = this.#options.context
    if (rows.moveTo(node) !== undefined) return undefined
    const { block } = rows
    const { size } = block
    if (!block.has(IS_SIMPLE) || size === 0 || size > FILE_BYTES_MAX || nodes.wasRead(node)) return 0
    reply.clear()
    try {
      const range = { node, offset: 0, end: size, isSequential: false }
      const blob = { ids: block.bytes, idStart: block.payloadStart, size }
      if (content.readBlob(range, blob, reply) !== undefined) return undefined
      let at = STORE_HEADER_BYTES
      for (const part of reply.parts) {
        this.#message.bytes.set(part, at)
        at += part.byteLength
      }
      return size
    } finally {
      reply.clear()
    }
  }

  /** Returns whether the kernel takes more. */
  #send(node: number, size: number): boolean {
    const { fd, context } = this.#options
    const length = encodeStore(this.#message, { node, offset: 0, bytes: size })
    try {
      writeSync(fd, this.#message.bytes, 0, length)
    } catch (error) {
      // It has forgotten the file, or has no memory for it, or is gone: whoever wants the file asks for it.
      if (errnoOf(error) === undefined) throw error
      return errnoOf(error) === 'ENOENT'
    }
    context.nodes.noteRead(node, size)
    return true
  }
}
