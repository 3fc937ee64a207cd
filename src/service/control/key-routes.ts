import type { FastifyInstance } from 'fastify'

import type { Clock } from '../../base/clock.ts'
import { toHex } from '../../base/bytes.ts'
import { UsageError } from '../../base/errors.ts'
import { BOX_SEAL_BYTES } from '../../crypto/sealed-box.ts'
import { HELD_KEY_BYTES_MAX } from '../keys/held-key.ts'
import type { KeyAgent } from '../keys/key-agent.ts'
import { decodePart, forgetQuery, keyQuery, locationQuery } from './request-parts.ts'

/** No sealed key is longer. */
const SEALED_BYTES_MAX = HELD_KEY_BYTES_MAX + BOX_SEAL_BYTES

export interface KeyRoutesContext {
  readonly keys: KeyAgent
  readonly clock: Clock
  /** Told after keys were given or forgotten. */
  readonly keysChanged: () => void
}

/**
 * Adds what gives keys to the daemon, asks for them, and has them forgotten. Keys cross sealed: buffers of sockets and of
 * the framework hold nothing that opens anything.
 */
export function addKeyRoutes(app: FastifyInstance, { keys, clock, keysChanged }: KeyRoutesContext): void {
  app.addContentTypeParser('application/octet-stream', async (_request: unknown, body: AsyncIterable<Uint8Array>) => {
    return sealedBytesOf(body)
  })

  app.get('/v1/key/recipient', async () => ({ publicKey: toHex(keys.publicKey) }))

  app.put('/v1/key', async ({ query, body }, reply) => {
    const { location } = decodePart(locationQuery, query)
    if (!(body instanceof Uint8Array)) {
      throw new UsageError('BAD_ARGUMENT', 'a sealed key is sent as application/octet-stream')
    }
    keys.take(location, body, clock.nowMs())
    keysChanged()
    return reply.code(201).send({})
  })

  app.get('/v1/key', async ({ query }, reply) => {
    const { location, recipient } = decodePart(keyQuery, query)
    const sealed = keys.sealed(location, recipient)
    if (sealed === undefined) return reply.code(204).send()
    return reply.type('application/octet-stream').send(Buffer.from(sealed.buffer))
  })

  app.delete('/v1/key', async ({ query }) => {
    const { location, slot } = decodePart(forgetQuery, query)
    const forgotten = location === undefined ? keys.lock() : Number(keys.forget(location, slot))
    if (forgotten > 0) keysChanged()
    return { forgotten }
  })
}

async function sealedBytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body) {
    length += part.byteLength
    if (length > SEALED_BYTES_MAX) {
      throw new UsageError('BAD_ARGUMENT', `a sealed key has at most ${SEALED_BYTES_MAX} bytes`)
    }
    parts.push(part)
  }
  return Buffer.concat(parts)
}
