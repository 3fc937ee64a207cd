import type { ServerResponse } from 'node:http'

import type { FastifyReply } from 'fastify'

import { UsageError } from '../../base/errors.ts'
import type { Daemon, DaemonEvent } from '../daemon/daemon.ts'

const STREAMS_MAX = 32
/** Whoever takes no more is let go: it may ask for everything again. */
const UNREAD_BYTES_MAX = 1 << 20

/** Tells what changes to all who listen, one JSON document a line. */
export class EventStreams {
  readonly #daemon: Pick<Daemon, 'subscribe'>
  readonly #streams = new Set<ServerResponse>()
  #unsubscribe: (() => void) | undefined

  constructor(daemon: Pick<Daemon, 'subscribe'>) {
    this.#daemon = daemon
  }

  /** Answers with the stream, until the client or the server ends. @throws {UsageError} BAD_ARGUMENT: too many listen. */
  begin(reply: FastifyReply): FastifyReply {
    if (this.#streams.size >= STREAMS_MAX) {
      throw new UsageError('BAD_ARGUMENT', `${STREAMS_MAX} programs listen already`, { hint: 'End one of them.' })
    }
    reply.hijack()
    const stream = reply.raw
    this.#unsubscribe ??= this.#daemon.subscribe((event) => this.#tell(event))
    this.#streams.add(stream)
    stream.once('close', () => this.#remove(stream))
    stream.on('error', () => stream.destroy())
    stream.writeHead(200, { 'content-type': 'application/x-ndjson' })
    // What changes from here on is told.
    stream.write(lineOf({ type: 'listening' }))
    return reply
  }

  end(): void {
    for (const stream of this.#streams) stream.end()
  }

  #tell(event: DaemonEvent): void {
    const line = lineOf(event)
    for (const stream of this.#streams) {
      if (stream.writableLength > UNREAD_BYTES_MAX) stream.destroy()
      else stream.write(line)
    }
  }

  #remove(stream: ServerResponse): void {
    this.#streams.delete(stream)
    if (this.#streams.size > 0) return
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }
}

function lineOf(event: DaemonEvent | { readonly type: 'listening' }): string {
  return `${JSON.stringify(event)}\n`
}
