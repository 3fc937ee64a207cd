import { readSync } from 'node:fs'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { errnoOf } from '../../src/base/errors.ts'
import { MessageBuffer } from '../protocol/message-buffer.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { Request } from '../protocol/request.ts'
import { Turns } from '../tree/turns.ts'
import { FilesAhead } from './files-ahead.ts'
import { HandlerTools } from './handler-tools.ts'
import { ReadRun } from './read-run.ts'
import type { FromReader, ReaderSetup, ToReader } from './reader-protocol.ts'
import { RequestHandler } from './request-handler.ts'
import { Standby } from './standby.ts'
import { WantedFiles } from './wanted-files.ts'

/** Nothing is written to the mount: the longest messages are lists of what the kernel forgets. */
const RECEIVE_BYTES = 64 << 10

/** Reads the device and answers what it can, on a thread of its own, which it never gives back to the event loop. */
export class Reader {
  readonly #port: MessagePort
  readonly #setup: ReaderSetup
  readonly #isFirst: boolean
  readonly #standby: Standby
  readonly #turns: Turns
  readonly #news: Int32Array
  readonly #wanted: WantedFiles
  readonly #run = new ReadRun()
  readonly #message = new MessageBuffer(new Uint8Array(RECEIVE_BYTES))
  readonly #request = new Request(this.#message)
  readonly #tools: HandlerTools
  readonly #handler: RequestHandler
  readonly #filesAhead: FilesAhead
  #newsSeen = 0

  constructor(port: MessagePort, setup: ReaderSetup) {
    const { fd, session, thread, memory } = setup
    this.#port = port
    this.#setup = setup
    this.#isFirst = thread === 0
    this.#standby = new Standby(memory.standby)
    this.#turns = new Turns(memory.turns)
    this.#news = new Int32Array(memory.news)
    this.#wanted = new WantedFiles(memory.wanted)
    this.#tools = new HandlerTools({
      ...{ fd, session, memory, waits: true },
      onFirstUse: (node) => this.#post({ type: 'listed', node }),
      onCrowd: () => this.#post({ type: 'crowded' }),
      onSmallRead: (node, reader) => this.#noteSmallRead(node, reader),
      onInterrupt: (uniqueLow, uniqueHigh) => this.#post({ type: 'interrupt', uniqueLow, uniqueHigh }),
      onBusy: () => {
        if (this.#isFirst) this.#standby.leave()
      },
    })
    this.#handler = new RequestHandler(this.#tools.context)
    this.#filesAhead = new FilesAhead({
      fd,
      context: this.#tools.context,
      isWantedElsewhere: () => this.#standby.areAllWanted,
      turn: (look) => this.#turn(look),
    })
  }

  /** Answers requests until the file system is no longer mounted. */
  run(): void {
    for (let length = this.#next(); length !== undefined; length = this.#next()) {
      const received = length
      this.#turn(() => this.#take(received))
      const missing = this.#tools.context.content.goAhead()
      if (missing !== undefined) this.#post({ type: 'soon', missing })
    }
    this.#standby.end()
    this.#tools[Symbol.dispose]()
    this.#post({ type: 'ended' })
  }

  #post(told: FromReader): void {
    this.#port.postMessage(told)
  }

  /** Looks at shared blocks, with all that this thread was told. */
  #turn<T>(look: () => T): T {
    const { thread } = this.#setup
    this.#turns.begin(thread)
    try {
      this.#learn()
      return look()
    } finally {
      this.#turns.end(thread)
    }
  }

  /** Where somebody reads the files of a directory one after the other, has who stands by send the next ones. */
  #noteSmallRead(node: number, reader: number): void {
    if (!this.#isFirst) return
    const { nodes } = this.#tools.context
    const wanted = this.#run.note({ reader, directory: nodes.parent(node), row: nodes.row(node), ino: nodes.ino(node) })
    if (wanted !== undefined && this.#wanted.ask(wanted)) this.#standby.wake()
  }

  /** What there is to do for a thread that stands by. */
  #whileStandingBy(): void {
    // Whoever is never needed must not keep every index that there was.
    this.#learn()
    for (let wanted = this.#wanted.take(); wanted !== undefined; wanted = this.#wanted.take()) {
      this.#filesAhead.send(wanted)
      this.#wanted.done()
    }
  }

  #learn(): void {
    const count = Atomics.load(this.#news, 0)
    if (count === this.#newsSeen) return
    this.#newsSeen = count
    for (;;) {
      const received = receiveMessageOnPort(this.#port)
      if (received === undefined) return
      const { message: told } = received as { readonly message: unknown }
      this.#tools.frames.learn(told as ToReader)
    }
  }

  /** As `#receive`, once it is this thread's turn to read the device. */
  #next(): number | undefined {
    if (!this.#isFirst) {
      this.#standby.wait(() => this.#whileStandingBy())
      return this.#receive()
    }
    this.#standby.comeBack()
    const start = performance.now()
    const length = this.#receive()
    this.#standby.noteWait(performance.now() - start)
    return length
  }

  /** Returns the length of the next message, or `undefined` once there will be none. */
  #receive(): number | undefined {
    for (;;) {
      try {
        return readSync(this.#setup.fd, this.#message.bytes, 0, RECEIVE_BYTES, null)
      } catch (error) {
        const code = errnoOf(error)
        if (code === 'ENODEV') return undefined
        // ENOENT: the request was called off while it was on its way.
        if (code !== 'EINTR' && code !== 'EAGAIN' && code !== 'ENOENT') throw error
      }
    }
  }

  #take(length: number): void {
    const request = this.#request
    try {
      request.accept(length)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      // Without a number there is nobody to answer.
      if (request.uniqueLow !== 0 || request.uniqueHigh !== 0) this.#tools.context.writer.fail(request, error.errno)
      return
    }
    const missing = this.#handler.handle(request)
    if (missing !== undefined) {
      this.#post({ type: 'deferred', bytes: this.#message.bytes.slice(0, length), missing })
    }
  }
}
