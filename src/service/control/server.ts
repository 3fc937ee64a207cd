import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'

import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify'

import { present } from '../../base/assert.ts'
import { atMost } from '../../base/at-most.ts'
import type { Clock } from '../../base/clock.ts'
import { DaemonError, UsageError } from '../../base/errors.ts'
import type { Daemon } from '../daemon/daemon.ts'
import type { KeyAgent } from '../keys/key-agent.ts'
import { DaemonDesk } from './desk.ts'
import { addDeskRoutes, STOP_PATH } from './desk-routes.ts'
import { EventStreams } from './event-streams.ts'
import { addKeyRoutes } from './key-routes.ts'
import { listenAt } from './listen.ts'
import { type Principal, principalOf } from './peer.ts'
import { problemOf } from './problem.ts'

const BODY_BYTES_MAX = 128 << 10
const HEADER_BYTES_MAX = 16 << 10
const CONNECTIONS_MAX = 128
/** A request of ours is sent at once; whoever takes longer holds nothing up, and is cut off. */
const REQUEST_MS_MAX = 10_000
const KEEP_ALIVE_MS = 5000
/** What is under way when the server is to stop may go on for so long: no answer waits for anything slow. */
const STOP_MS_MAX = 500

/** A request that was let in. */
export interface AccessEntry {
  readonly principal: Principal
  readonly method: string
  readonly path: string
  readonly status: number
}

export interface ControlServerOptions {
  readonly daemon: Daemon
  readonly keys: KeyAgent
  readonly clock: Clock
  /** Of the one user whose processes are let in. */
  readonly uid: number
  /** Told of every request, once it is answered. */
  readonly onAccess: (entry: AccessEntry) => void
  /** Told of failures that are the daemon's own. */
  readonly onFault: (error: unknown) => void
}

/**
 * Starts to take requests at the Unix socket `path`: docs/control.openapi.yaml. Disposing of it ends that.
 *
 * @throws {DaemonError} DAEMON_FAILED: another daemon listens there, or it cannot be made.
 */
export async function startControl(options: ControlServerOptions, path: string): Promise<AsyncDisposable> {
  const principals = new WeakMap<Socket, Principal>()
  const streams = new EventStreams(options.daemon)
  const server = createServerFor(options, principals)
  const app = createApp(server.handler, options, { principals, streams })
  try {
    await app.ready()
    await listenAt(server.http, path, options.uid)
  } catch (error) {
    await app.close()
    throw error
  }
  return {
    [Symbol.asyncDispose]: async () => {
      streams.end()
      const closed = new Promise<void>((resolve) => server.http.close(() => resolve()))
      server.http.closeIdleConnections()
      if (!(await atMost(STOP_MS_MAX, closed))) server.http.closeAllConnections()
      await closed
      await app.close()
    },
  }
}

interface OwnServer {
  readonly http: Server
  /** Given to the framework, which does not listen by itself. */
  readonly handler: (handle: Parameters<typeof createServer>[1]) => Server
}

function createServerFor({ uid, onFault }: ControlServerOptions, principals: WeakMap<Socket, Principal>): OwnServer {
  const http = createServer({
    headersTimeout: REQUEST_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    connectionsCheckingInterval: REQUEST_MS_MAX / 2,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  })
  http.maxConnections = CONNECTIONS_MAX
  http.on('connection', (socket: Socket) => {
    const principal = principalOf(socket)
    if (principal?.uid === uid) {
      principals.set(socket, principal)
      return
    }
    // Nothing of it is read.
    socket.destroy()
    if (principal !== undefined) onFault(foreign(principal))
  })
  return {
    http,
    handler: (handle) => {
      if (handle !== undefined) http.on('request', handle)
      return http
    },
  }
}

interface Connected {
  readonly principals: WeakMap<Socket, Principal>
  readonly streams: EventStreams
}

function createApp(
  serverFactory: OwnServer['handler'],
  { daemon, keys, clock, onAccess, onFault }: ControlServerOptions,
  { principals, streams }: Connected,
): FastifyInstance {
  const app = fastify({ serverFactory, bodyLimit: BODY_BYTES_MAX, exposeHeadRoutes: false })
  const principalOfRequest = (request: FastifyRequest): Principal =>
    present(principals.get(request.socket), 'the principal of a request')
  app.addHook('onRequest', async (request) => {
    principalOfRequest(request)
    if (daemon.isStopping && isTooLate(request)) throw stopping()
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method, url } = request
    onAccess({
      principal: principalOfRequest(request),
      method,
      path: url.split('?')[0] ?? '',
      status: reply.statusCode,
    })
  })
  app.setErrorHandler(async (error, _request, reply) => {
    const { problem, status, isFault } = problemOf(error)
    if (isFault) onFault(error)
    return reply.code(status).send(problem)
  })
  app.setNotFoundHandler(async (_request, reply) => {
    const { problem } = problemOf(
      new UsageError('BAD_ARGUMENT', 'there is nothing at this address', { hint: 'See docs/control.openapi.yaml.' }),
    )
    return reply.code(404).send(problem)
  })
  addDeskRoutes(app, { desk: new DaemonDesk(daemon, clock), daemon, keys })
  addKeyRoutes(app, { keys, clock, keysChanged: () => daemon.keysChanged() })
  app.get('/v1/changes', async (_request, reply) => streams.begin(reply))
  return app
}

/** Whoever looks, has a key forgotten or says once more that it is to end may do so until the end. */
function isTooLate({ method, url }: FastifyRequest): boolean {
  return (method === 'POST' || method === 'PUT') && url !== STOP_PATH
}

function stopping(): DaemonError {
  return new DaemonError('NO_DAEMON', 'the daemon is stopping, and takes nothing on any more', {
    retry: 'transient',
    hint: 'Run the command again once a daemon runs; `tidemark daemon status` tells.',
  })
}

function foreign({ uid, pid }: Principal): DaemonError {
  return new DaemonError('DAEMON_FAILED', `process ${pid} of the user ${uid} was not let in to the control socket`, {
    context: { uid, pid },
  })
}
