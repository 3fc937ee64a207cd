import { Readable } from 'node:stream'

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { parseObjectId } from '../../base/ids.ts'
import { OBJECT_KINDS, type ObjectInfo, type ObjectKind, type ObjectName } from '../../storage/driver.ts'
import type { Entrance } from './access.ts'
import type { Domain } from './domain.ts'
import { HashedBody } from './hashed-body.ts'
import { type DuneSeaLimits, PAGE_OBJECTS_MAX, PIECE_BYTES } from './limits.ts'
import { rangeOf } from './range-header.ts'
import { Refusal } from './refusal.ts'

export interface RouteContext {
  /** Of a request that was let in. */
  readonly entranceOf: (request: FastifyRequest) => Entrance
  readonly limits: DuneSeaLimits
  /** Whether the bytes of an object have to hash to its name. */
  readonly checksNames: boolean
}

/** Adds what a `Driver` needs: put, get, stat, list and remove of the objects of a repository. */
export function addObjectRoutes(app: FastifyInstance, context: RouteContext): void {
  const { entranceOf, limits, checksNames } = context

  app.get('/api/v1/domain/:domain', async (request) => {
    const { domain, token } = entranceOf(request)
    return { domain: token.domain, appendOnly: token.appendOnly, space: (await domain.space()) ?? null }
  })

  app.get('/api/v1/object/:domain', async (request) => {
    const { kinds, after, limit } = request.query as Readonly<Record<string, unknown>>
    const { objects, more } = await entranceOf(request).domain.page(kindsOf(kinds), {
      after: after === undefined ? undefined : placeOf(after),
      count: limit === undefined ? PAGE_OBJECTS_MAX : countOf(limit),
    })
    return { objects: objects.map(({ name: { kind, id }, bytes }) => ({ kind, id, bytes })), more }
  })

  app.put('/api/v1/object/:domain/:kind/:id', async (request, reply) => {
    const { domain, token } = entranceOf(request)
    const name = nameOf(request)
    if (token.appendOnly && WORDS_OF_REMOVAL.includes(name.kind)) throw appendOnly()
    const body = bodyOf(request, limits.objectBytesMax)
    await requireFree(domain, name)
    await domain.put(body, ({ id }) => {
      if (checksNames && id !== name.id) throw wrongBody()
      return name
    })
    return reply.code(201).send()
  })

  app.head('/api/v1/object/:domain/:kind/:id', async (request, reply) => {
    const { bytes } = await entranceOf(request).domain.stat(nameOf(request))
    return reply.header('accept-ranges', 'bytes').header('content-length', bytes).type(BYTES).send()
  })

  app.get('/api/v1/object/:domain/:kind/:id', async (request, reply) => {
    const { domain } = entranceOf(request)
    return sendObject(domain, await domain.stat(nameOf(request)), { request, reply })
  })

  app.delete('/api/v1/object/:domain/:kind/:id', async (request, reply) => {
    const { domain, token } = entranceOf(request)
    const name = nameOf(request)
    // A run's word that it is alive is no part of any backup: without taking it back, no backup could end.
    if (token.appendOnly && name.kind !== 'runs') throw appendOnly()
    await domain.remove(name)
    return reply.code(204).send()
  })
}

const BYTES = 'application/octet-stream'
/** By these, a later prune with another token would remove what this one may not. */
const WORDS_OF_REMOVAL: readonly ObjectKind[] = ['tombstones', 'marks', 'dead']

/** Sends an object, or the range that is asked for, as fast as the client takes it. */
export async function sendObject(
  domain: Domain,
  { name, bytes }: ObjectInfo,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<FastifyReply> {
  reply.header('accept-ranges', 'bytes')
  const asked = rangeOf(request.headers.range, bytes)
  const range = asked ?? { offset: 0, length: bytes }
  if (asked !== undefined) {
    const last = asked.offset + asked.length - 1
    reply.code(206).header('content-range', `bytes ${asked.offset}-${last}/${bytes}`)
  }
  reply.type(BYTES).header('content-length', range.length)
  const pieces = domain.read(name, range)
  // The first piece comes before the status: what cannot be read at all is answered with an error.
  const first = await pieces.next()
  const start = first.value ?? new Uint8Array(0)
  if (range.length <= PIECE_BYTES) {
    return reply.send(Buffer.from(start.buffer, start.byteOffset, start.byteLength))
  }
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield start
    yield* pieces
  }
  return reply.send(Readable.from(all(), { objectMode: false, highWaterMark: PIECE_BYTES }))
}

/** Returns the body of a request, which has announced its length. */
export function bodyOf(request: FastifyRequest, bytesMax: number): HashedBody {
  const announced = request.headers['content-length']
  if (announced === undefined) throw new Refusal(411, 'BAD_ARGUMENT', 'the length of the body is not announced')
  const bytes = Number(announced)
  if (!(Number.isSafeInteger(bytes) && bytes <= bytesMax)) {
    throw new Refusal(413, 'BAD_ARGUMENT', `the body has ${announced} bytes, at most ${bytesMax} are taken`)
  }
  // Left in the middle, the request stays open for its answer.
  return new HashedBody(request.raw.iterator({ destroyOnReturn: false }), bytes)
}

export function wrongBody(): Refusal {
  return new Refusal(422, 'ID_MISMATCH', 'the bytes that came do not hash to the name', {
    hint: 'They were changed on their way: send them again.',
  })
}

export function appendOnly(): Refusal {
  return new Refusal(403, 'STORE_DENIED', 'the token may only add, not remove', {
    hint: 'Use a token of this domain that was made without --append-only.',
  })
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, 'BAD_ARGUMENT', message)
}

/** Before the body is taken: what is there already need not come once more. */
async function requireFree(domain: Domain, name: ObjectName): Promise<void> {
  const isTaken = await domain.holds(name)
  if (isTaken) throw new Refusal(409, 'EXISTS', 'an object has this name already')
}

/** Kinds as in `index,packs`. */
function kindsOf(text: unknown): ObjectKind[] {
  if (typeof text !== 'string') throw badRequest('kinds names what is to be listed, such as index,packs')
  return text.split(',').map(parseKind)
}

/** The last object of a page, as in `packs/<id>`. */
function placeOf(text: unknown): ObjectName {
  const [kind = '', id = ''] = typeof text === 'string' ? text.split('/') : []
  return parseName(kind, id)
}

function countOf(text: unknown): number {
  const count = Number(text)
  if (Number.isSafeInteger(count) && count >= 1 && count <= PAGE_OBJECTS_MAX) return count
  throw badRequest(`limit is a number from 1 to ${PAGE_OBJECTS_MAX}`)
}

function nameOf(request: FastifyRequest): ObjectName {
  const { kind, id } = request.params as { readonly kind: string; readonly id: string }
  return parseName(kind, id)
}

function parseName(kind: string, text: string): ObjectName {
  const id = parseObjectId(text)
  if (id === undefined) throw badRequest('the id of an object is 64 lower-case hexadecimal digits')
  return { kind: parseKind(kind), id }
}

function parseKind(text: string): ObjectKind {
  const kind = OBJECT_KINDS.find((known) => known === text)
  if (kind === undefined) throw badRequest(`there is no kind of objects ${JSON.stringify(text)}`)
  return kind
}
