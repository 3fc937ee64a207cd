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
  app.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: HELD_KEY_BYTES_MAX },
    (_request, body, done) => done(null, body),
  )

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

/** Sends bytes that are wiped as soon as they are on their way. */
function sendOnce(reply: FastifyReply, bytes: Uint8Array): FastifyReply {
  reply.raw.once('close', () => wipe(bytes))
  return reply.type('application/octet-stream').send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}
