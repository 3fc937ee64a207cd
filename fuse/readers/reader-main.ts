import { readSync } from 'node:fs'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { present } from '../../src/base/assert.ts'
import { errnoOf } from '../../src/base/errors.ts'
import { FUSE_INTERRUPT } from '../protocol/constants.ts'
import { MessageBuffer } from '../protocol/message-buffer.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { InterruptBody } from '../protocol/request-bodies.ts'
import { Request } from '../protocol/request.ts'
import { Turns } from '../tree/turns.ts'
import { HandlerTools } from './handler-tools.ts'
import type { FromReader, ReaderSetup, ToReader } from './reader-protocol.ts'
import { RequestHandler } from './request-handler.ts'
import { Standby } from './standby.ts'

/** Nothing is written to the mount: the longest messages are lists of what the kernel forgets. */
const RECEIVE_BYTES = 64 << 10

const port = present(parentPort, 'the port of a worker thread')
const { fd, session, thread, memory } = workerData as ReaderSetup
const isFirst = thread === 0
const standby = new Standby(memory.standby)
const turns = new Turns(memory.turns)
const news = new Int32Array(memory.news)
const message = new MessageBuffer(new Uint8Array(RECEIVE_BYTES))
const request = new Request(message)
const interrupt = new InterruptBody()
const tools = new HandlerTools({
  ...{ fd, session, memory, waits: true },
  onFirstUse: (node) => post({ type: 'listed', node }),
  onCrowd: () => post({ type: 'crowded' }),
  onBusy: () => {
    if (isFirst) standby.leave()
  },
})
const handler = new RequestHandler(tools.context)
let newsSeen = 0

function post(told: FromReader): void {
  port.postMessage(told)
}

function learn(): void {
  const count = Atomics.load(news, 0)
  if (count === newsSeen) return
  newsSeen = count
  for (let received = receiveMessageOnPort(port); received !== undefined; received = receiveMessageOnPort(port)) {
    const { message: told } = received as { readonly message: unknown }
    tools.frames.learn(told as ToReader)
  }
}

/** As `receive`, once it is this thread's turn to read the device. */
function next(): number | undefined {
  if (!isFirst) {
    standby.wait()
    return receive()
  }
  standby.comeBack()
  const start = performance.now()
  const length = receive()
  standby.noteWait(performance.now() - start)
  return length
}

/** Returns the length of the next message, or `undefined` once there will be none. */
function receive(): number | undefined {
  for (;;) {
    try {
      return readSync(fd, message.bytes, 0, RECEIVE_BYTES, null)
    } catch (error) {
      const code = errnoOf(error)
      if (code === 'ENODEV') return undefined
      // ENOENT: the request was called off while it was on its way.
      if (code !== 'EINTR' && code !== 'EAGAIN' && code !== 'ENOENT') throw error
    }
  }
}

function take(length: number): void {
  try {
    request.accept(length)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    // Without a number there is nobody to answer.
    if (request.uniqueLow !== 0 || request.uniqueHigh !== 0) tools.context.writer.fail(request, error.errno)
    return
  }
  if (request.opcode === FUSE_INTERRUPT) {
    interrupt.decode(request)
    post({ type: 'interrupt', uniqueLow: interrupt.uniqueLow, uniqueHigh: interrupt.uniqueHigh })
    return
  }
  const missing = handler.handle(request)
  if (missing !== undefined) post({ type: 'deferred', bytes: message.bytes.slice(0, length), missing })
}

for (let length = next(); length !== undefined; length = next()) {
  turns.begin(thread)
  learn()
  take(length)
  turns.end(thread)
  const missing = tools.context.content.goAhead()
  if (missing !== undefined) post({ type: 'soon', missing })
}
standby.end()
tools[Symbol.dispose]()
post({ type: 'ended' })
