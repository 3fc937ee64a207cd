import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'

import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'

import { assert, present } from '../../base/assert.ts'
import { atMost } from '../../base/at-most.ts'
import type { Clock } from '../../base/clock.ts'
import { errnoOf, StorageError } from '../../base/errors.ts'
import type { StreamingDriver } from '../../storage/driver.ts'
import { Access } from './access.ts'
import { addBackupRoutes } from './backup-routes.ts'
import type { DuneSeaLimits } from './limits.ts'
import { type AccessEntry, Metrics } from './metrics.ts'
import { addObjectRoutes } from './object-routes.ts'
import { isServerFault, problemOf, Refusal } from './refusal.ts'
import type { Registry } from './registry.ts'

const HEADERS_MS_MAX = 30_000
/** Longer than clients keep a connection that they do not use, so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000
const HEADER_BYTES_MAX = 16 << 10
/** How soon a connection that is no longer used ends, once the server is to stop. */
const IDLE_LOOK_MS = 50

export interface DuneSeaOptions {
  readonly registry: Registry
  /** Opens the store of a domain, whose name is a plain one; the server disposes of it. */
  readonly openDomain: (name: string) => Promise<StreamingDriver>
  readonly clock: Clock
  readonly limits: DuneSeaLimits
  /** Certificate and private key, as PEM; without them, HTTP in clear. */
  readonly tls: { readonly cert: Uint8Array; readonly key: Uint8Array } | undefined
  /** Whether the bytes of an object have to hash to its name, as they do in every repository. */
  readonly checksNames: boolean
  /** Told of every request. */
  readonly onAccess: (entry: AccessEntry) => void
  /** Told of failures that are the server's own. */
  readonly onFault: (error: unknown) => void
}

/** A server that takes requests. Disposing of it lets those under way end, for a while. */
export interface DuneSeaServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
}

/**
 * Starts a DuneSea server on `host` and `port`; 0 chooses one.
 *
 * @throws {StorageError} STORE_FAILED: it cannot listen there.
 */
export async function startDuneSea(
  options: DuneSeaOptions,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<DuneSeaServer> {
  const access = new Access({ ...options, requestsMax: options.limits.requestsMax })
  const app = createApp(options, access)
  try {
    await app.listen({ host, port })
  } catch (cause) {
    await app.close()
    throw cannotListen(`${host}:${port}`, cause)
  }
  const listening = app.server.address()
  assert(listening !== null && typeof listening === 'object', 'a server that listens on a port has an address')
  return {
    host: listening.address,
    port: listening.port,
    [Symbol.asyncDispose]: async () => {
      const closing = app.close()
      // A connection stays open for a next request once its last one is answered.
      const sweep = setInterval(() => app.server.closeIdleConnections(), IDLE_LOOK_MS)
      try {
        if (!(await atMost(options.limits.stopMs, closing))) app.server.closeAllConnections()
        await closing
      } finally {
        clearInterval(sweep)
      }
      await access.close()
    },
  }
}

/** Makes the application with all its routes; it does not listen yet. */
function createApp(options: DuneSeaOptions, access: Access): FastifyInstance {
  const { limits } = options
  const metrics = new Metrics()
  const app = fastify({
    serverFactory: (handle) => createServer(options, handle),
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 64 },
  })
  // Bodies are taken piece by piece by those who store them; JSON alone is read at once.
  app.addContentTypeParser('application/octet-stream', (_request, _body, done) => done(null))
  app.addHook('onRequest', async (request, reply) => watch(request, reply, { options, metrics, access }))
  app.setErrorHandler(async (error, request, reply) => {
    if (isServerFault(error)) options.onFault(error)
    return refuse(error, { request, reply, bytesMax: limits.objectBytesMax })
  })
  app.setNotFoundHandler(async () => {
    throw new Refusal(404, 'BAD_ARGUMENT', 'there is nothing at this address')
  })
  app.get('/healthz', async () => {
    options.registry.first('SELECT 1')
    return { status: 'ok' }
  })
  app.get('/metrics', async (_request, reply) => reply.type('text/plain; version=0.0.4').send(metrics.text()))
  void app.register(async (domains) => {
    domains.addHook('onRequest', async (request, reply) => access.enter(request, reply))
    const entranceOf = (request: FastifyRequest) => present(access.of(request), 'the entrance of a request')
    const context = { entranceOf, limits, checksNames: options.checksNames }
    addObjectRoutes(domains, context)
    addBackupRoutes(domains, context)
  })
  return app
}

function createServer({ tls, limits }: DuneSeaOptions, handle: Parameters<typeof createHttpServer>[1]): Server {
  const settings: ServerOptions = {
    headersTimeout: HEADERS_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
    requestTimeout: limits.requestMs,
    // How often the two above are looked at.
    connectionsCheckingInterval: Math.min(limits.requestMs, 30_000),
    noDelay: true,
  }
  const server =
    tls === undefined
      ? createHttpServer(settings, handle)
      : createHttpsServer({ ...settings, cert: Buffer.from(tls.cert), key: Buffer.from(tls.key) }, handle)
  server.maxConnections = limits.connectionsMax
  endSilence(server, limits.silenceMs)
  return server
}

/** Ends connections on which nothing moves for `ms` milliseconds, unless it is the server's own disk that is waited for. */
function endSilence(server: Server, ms: number): void {
  const exchanges = new WeakMap<Socket, { readonly request: IncomingMessage; readonly response: ServerResponse }>()
  server.on('request', (request, response) => exchanges.set(request.socket, { request, response }))
  server.setTimeout(ms, (socket) => {
    const exchange = exchanges.get(socket)
    // Before its first request, a connection has the time for headers.
    if (exchange === undefined || isOurTurn(exchange.request, exchange.response)) socket.setTimeout(ms)
    else socket.destroy()
  })
}

/** Whether bytes of the client wait for us, or all of them came and the answer is not there yet. */
function isOurTurn(request: IncomingMessage, response: ServerResponse): boolean {
  const hasInput = request.complete || request.readableLength > 0
  return hasInput && response.writableLength === 0 && !response.writableEnded
}

/** Counts a request, and tells of it once it is over, however it ends. */
function watch(
  request: FastifyRequest,
  reply: FastifyReply,
  { options, metrics, access }: { options: DuneSeaOptions; metrics: Metrics; access: Access },
): void {
  const { clock } = options
  const startMs = clock.monotonicMs()
  metrics.underWay++
  reply.raw.once('close', () => {
    metrics.underWay--
    const entry: AccessEntry = {
      atMs: clock.nowMs(),
      client: request.ip,
      token: access.of(request)?.token.id,
      method: request.method,
      path: request.url.split('?')[0] ?? '',
      status: reply.raw.writableFinished ? reply.statusCode : 499,
      received: Number(request.headers['content-length'] ?? 0),
      sent: request.method === 'HEAD' ? 0 : Number(reply.getHeader('content-length') ?? 0),
      durationMs: clock.monotonicMs() - startMs,
    }
    metrics.add(entry)
    options.onAccess(entry)
  })
}

/** Answers with why not. What is left of the body is taken and dropped, so that the client gets to read it. */
function refuse(
  error: unknown,
  { request, reply, bytesMax }: { request: FastifyRequest; reply: FastifyReply; bytesMax: number },
): FastifyReply {
  const problem = problemOf(error)
  const { raw, headers } = request
  const isBounded = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= bytesMax
  if (isBounded) raw.resume()
  else reply.header('connection', 'close')
  if (problem.status === 416) reply.header('content-range', `bytes */${String(problem['bytes'])}`)
  if (problem.status === 503) reply.header('retry-after', '5')
  // Answers to HEAD have no body; and by it a client knows that it was a DuneSea server which answered.
  reply.header('dunesea-code', problem.code)
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}

function cannotListen(address: string, cause: unknown): unknown {
  const errno = errnoOf(cause)
  if (errno === undefined) return cause
  const why = errno === 'EADDRINUSE' ? 'another program listens there' : errno
  return new StorageError('STORE_FAILED', `the server cannot listen on ${address}: ${why}`, {
    cause,
    context: { address, errno },
    hint: 'Choose another address or port with --listen; ports below 1024 need root.',
  })
}
