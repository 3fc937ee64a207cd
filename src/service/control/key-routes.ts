import type { FastifyInstance, FastifyReply } from 'fastify'

import type { Clock } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'
import { wipe } from '../../crypto/secret.ts'
import { decodeHeldKey, HELD_KEY_BYTES_MAX } from '../keys/held-key.ts'
import type { KeyAgent } from '../keys/key-agent.ts'
import { decodePart, forgetQuery, locationQuery } from './request-parts.ts'

export interface KeyRoutesContext {
  readonly keys: KeyAgent
  readonly clock: Clock
  /** Told after keys were given or forgotten. */
  readonly keysChanged: () => void
}

/** Adds what gives keys to the daemon, asks for them, and has them forgotten. Keys cross as bytes, which can be wiped. */
export function addKeyRoutes(app: FastifyInstance, { keys, clock, keysChanged }: KeyRoutesContext): void {
  app.addContentTypeParser('application/octet-stream', async (_request: unknown, body: AsyncIterable<Uint8Array>) => {
    return keyBytesOf(body)
  })

  app.put('/v1/key', async ({ query, body }, reply) => {
    const { location } = decodePart(locationQuery, query)
    if (!(body instanceof Uint8Array)) {
      throw new UsageError('BAD_ARGUMENT', 'a key is sent as application/octet-stream')
    }
    try {
      keys.hold(location, decodeHeldKey(body), clock.nowMs())
    } finally {
      wipe(body)
    }
    keysChanged()
    return reply.code(201).send({})
  })

  app.get('/v1/key', async ({ query }, reply) => {
    const encoded = keys.encoded(decodePart(locationQuery, query).location)
    return encoded === undefined ? reply.code(204).send() : sendOnce(reply, encoded)
  })

  app.delete('/v1/key', async ({ query }) => {
    const { location, slot } = decodePart(forgetQuery, query)
    const forgotten = location === undefined ? keys.lock() : Number(keys.forget(location, slot))
    if (forgotten > 0) keysChanged()
    return { forgotten }
  })
}

/** Reads the bytes of a key, which the caller wipes; nothing else keeps them. */
async function keyBytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const bytes = new Uint8Array(HELD_KEY_BYTES_MAX)
  let filled = 0
  for await (const part of body) {
    if (filled + part.byteLength > bytes.byteLength) {
      wipe(bytes, part)
      throw new UsageError('BAD_ARGUMENT', `a key has at most ${HELD_KEY_BYTES_MAX} bytes`)
    }
    bytes.set(part, filled)
    filled += part.byteLength
    wipe(part)
  }
  return bytes.subarray(0, filled)
}

/** Sends bytes that are wiped as soon as they are on their way. */
function sendOnce(reply: FastifyReply, bytes: Uint8Array): FastifyReply {
  reply.raw.once('close', () => wipe(bytes))
  return reply.type('application/octet-stream').send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}
