import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

import { z } from 'zod'

import { fromHex } from '../../base/bytes.ts'
import { DaemonError, errnoOf, TidemarkError } from '../../base/errors.ts'
import type { AskedCommand } from '../jobs/asked-command.ts'
import type { Json } from '../jobs/job.ts'
import { encodeHeldKey, type HeldKey, wipeHeldKey } from '../keys/held-key.ts'
import type { Desk, JobsQuestion, LogPlace, NotificationsQuestion } from './desk.ts'
import {
  type ChangeDocument,
  changeDocument,
  eventDocument,
  jobDetailDocument,
  jobDocument,
  jobsDocument,
  lockDocument,
  logDocument,
  notificationDocument,
  notificationsDocument,
  plansDocument,
  recipientDocument,
  reloadDocument,
  statusDocument,
} from './documents.ts'
import { principalOf } from './peer.ts'
import { errorOf, notUnderstood } from './problem.ts'
import { isOwnSocket, notOwn } from './socket-file.ts'

/** Far beyond a page of jobs. */
const ANSWER_BYTES_MAX = 64 << 20
/** What a daemon under load may take. */
const ANSWER_MS_MAX = 30_000
const NOTHING = z.object({})

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  /** Sent as JSON. */
  readonly body?: Readonly<Record<string, Json | undefined>>
  /** Sent as it is. */
  readonly bytes?: Uint8Array
}

/**
 * Asks the daemon of this user. Disposing of it closes the connection.
 *
 * Every function throws what the daemon refused with, and DaemonError: NO_DAEMON when it ended meanwhile, DAEMON_FAILED.
 */
export class ControlClient implements Desk, AsyncDisposable {
  readonly #agent: Agent
  /** The connection that was made first: the agent's own only once something was asked. */
  readonly #first: Socket

  private constructor(first: Socket, at: { readonly path: string; readonly uid: number }) {
    this.#first = first
    this.#agent = agentOf(first, at)
    // Each request that is under way is told by itself.
    first.on('error', () => undefined)
  }

  /**
   * Connects with the daemon that listens at `path`; `undefined` when none does.
   *
   * @throws {DaemonError} DAEMON_FAILED: the socket, or whoever listens there, is another user's.
   */
  static async connect(path: string, uid: number): Promise<ControlClient | undefined> {
    if (!isOwnSocket(path, uid)) return undefined
    const socket = await connected(path)
    if (socket === undefined) return undefined
    if (principalOf(socket)?.uid !== uid) {
      socket.destroy()
      throw notOwn(path)
    }
    return new ControlClient(socket, { path, uid })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
    this.#first.destroy()
  }

  status = async () => this.#ask({ method: 'GET', path: '/v1/status' }, statusDocument)
  reload = async () => this.#ask({ method: 'POST', path: '/v1/reload' }, reloadDocument)

  async stop(): Promise<void> {
    await this.#ask({ method: 'POST', path: '/v1/stop' }, NOTHING)
  }

  plans = async () => this.#ask({ method: 'GET', path: '/v1/plans' }, plansDocument)

  async runPlan(name: string, step?: string) {
    return this.#ask(
      { method: 'POST', path: `/v1/plans/${encodeURIComponent(name)}/run`, body: { step } },
      jobsDocument,
    )
  }

  async pausePlan(name: string, paused: boolean): Promise<void> {
    const path = `/v1/plans/${encodeURIComponent(name)}/${paused ? 'pause' : 'resume'}`
    await this.#ask({ method: 'POST', path }, NOTHING)
  }

  /** Has the daemon run a command. */
  async ask({ words: [command = '', ...rest], repository, input }: AskedCommand) {
    return this.#ask(
      { method: 'POST', path: '/v1/jobs', body: { command, arguments: rest, repository, input } },
      jobDocument,
    )
  }

  async jobs({ states, ...query }: JobsQuestion) {
    return this.#ask({ method: 'GET', path: '/v1/jobs', query: { ...query, states: states?.join(',') } }, jobsDocument)
  }

  job = async (id: number) => this.#ask({ method: 'GET', path: `/v1/jobs/${id}` }, jobDetailDocument)

  async log(id: number, after: LogPlace | undefined) {
    return this.#ask({ method: 'GET', path: `/v1/jobs/${id}/log`, query: { ...after } }, logDocument)
  }

  cancelJob = async (id: number) => this.#ask({ method: 'POST', path: `/v1/jobs/${id}/cancel` }, jobDocument)
  resumeJob = async (id: number) => this.#ask({ method: 'POST', path: `/v1/jobs/${id}/resume` }, jobDocument)

  async notifications({ states, ...query }: NotificationsQuestion) {
    const question = { ...query, states: states?.join(',') }
    return this.#ask({ method: 'GET', path: '/v1/notifications', query: question }, notificationsDocument)
  }

  async notification(id: number) {
    return this.#ask({ method: 'GET', path: `/v1/notifications/${id}` }, notificationDocument)
  }

  async acknowledge(id: number) {
    return this.#ask({ method: 'POST', path: `/v1/notifications/${id}/acknowledge` }, notificationDocument)
  }

  /** @returns the plans that wait for the event. */
  async raiseEvent(name: string, about: Json | undefined) {
    return this.#ask({ method: 'POST', path: '/v1/events', body: { name, about } }, eventDocument)
  }

  /**
   * Yields what changes, from the first line on, which says that somebody listens; returns when `signal` is aborted. Takes
   * the connection for itself: whoever wants to ask as well connects once more.
   *
   * @throws {DaemonError} NO_DAEMON: it has ended.
   */
  async *changes(signal: AbortSignal): AsyncGenerator<ChangeDocument> {
    const sent = this.#start({ method: 'GET', path: '/v1/changes' }, { signal })
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        sent.once('response', resolve)
        sent.once('error', reject)
      })
      if (answer.statusCode !== 200) throw errorOf(jsonOf(await textOf(answer)), answer.statusCode ?? 0)
      for await (const line of createInterface({ input: answer })) {
        const change = changeDocument.safeParse(jsonOf(line)).data
        if (change !== undefined) yield change
      }
      throw gone(undefined)
    } catch (error) {
      if (signal.aborted) return
      throw error instanceof TidemarkError ? error : gone(error)
    } finally {
      sent.destroy()
    }
  }

  /** Unlocks a repository with a key that crosses sealed; `key` is wiped. */
  async hold(location: string, key: HeldKey): Promise<void> {
    const bytes = await this.#sealed(key)
    await this.#ask({ method: 'PUT', path: '/v1/key', query: { location }, bytes }, NOTHING)
  }

  async #sealed(key: HeldKey): Promise<Uint8Array> {
    const encoded = encodeHeldKey(key)
    wipeHeldKey(key)
    try {
      const { publicKey } = await this.#ask({ method: 'GET', path: '/v1/key/recipient' }, recipientDocument)
      // Few commands need it.
      const { sealTo } = await import('../../crypto/sealed-box.ts')
      const sealed = sealTo(fromHex(publicKey) ?? new Uint8Array(0), encoded)
      if (sealed === undefined) throw notUnderstood('it has no public key')
      return sealed
    } finally {
      encoded.fill(0)
    }
  }

  /** Has the daemon forget all keys, or that of one repository, or that only when it is of a slot; returns how many. */
  async forget(which: { readonly location?: string; readonly slot?: string }): Promise<number> {
    return (await this.#ask({ method: 'DELETE', path: '/v1/key', query: which }, lockDocument)).forgotten
  }

  async #ask<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
    const { status, text } = await this.#send(request)
    const body = jsonOf(text)
    if (status < 200 || status > 299) throw errorOf(body, status)
    const result = schema.safeParse(body)
    if (result.success) return result.data
    throw notUnderstood(`${request.path}, ${result.error.issues[0]?.path.join('.') ?? ''}`, result.error)
  }

  async #send(request: Request): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const sent = this.#start(request, { timeout: ANSWER_MS_MAX })
      sent.once('timeout', () => sent.destroy(notUnderstood(`nothing came within ${ANSWER_MS_MAX / 1000} s`)))
      sent.once('error', (error) => reject(error instanceof DaemonError ? error : gone(error)))
      sent.once('response', (answer) => {
        textOf(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject)
      })
    })
  }

  #start(
    { method, path, query, body, bytes }: Request,
    limits: { readonly timeout?: number; readonly signal?: AbortSignal },
  ): ClientRequest {
    const words = new URLSearchParams()
    for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) words.set(name, String(value))
    const content = bytes ?? (body === undefined ? undefined : Buffer.from(JSON.stringify(body)))
    const type = bytes === undefined ? 'application/json' : 'application/octet-stream'
    const headers = content === undefined ? {} : { 'content-type': type, 'content-length': content.byteLength }
    const address = `${path}${words.size === 0 ? '' : `?${words.toString()}`}`
    const sent = httpRequest({ agent: this.#agent, method, path: address, headers, ...limits })
    sent.end(content)
    return sent
  }
}

/** Uses the connection whose other side was looked at, and looks at that of each which is made later. */
function agentOf(first: Socket, { path, uid }: { readonly path: string; readonly uid: number }): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let next: Socket | undefined = first
  agent.createConnection = () => {
    const socket = next ?? connect(path)
    if (next === undefined) {
      socket.prependOnceListener('connect', () => {
        if (principalOf(socket)?.uid !== uid) socket.destroy(notOwn(path))
      })
    }
    next = undefined
    return socket
  }
  return agent
}

async function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('error', (error) => {
      const errno = errnoOf(error)
      if (errno === 'ECONNREFUSED' || errno === 'ENOENT') resolve(undefined)
      else reject(gone(error))
    })
  })
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      bytes += part.byteLength
      if (bytes > ANSWER_BYTES_MAX) throw notUnderstood('the answer is too long')
      parts.push(part)
    }
  } catch (error) {
    throw error instanceof DaemonError ? error : gone(error)
  }
  return Buffer.concat(parts).toString('utf8')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function gone(cause: unknown): DaemonError {
  const errno = errnoOf(cause)
  return new DaemonError(
    'NO_DAEMON',
    `the daemon ended before it answered${errno === undefined ? '' : ` (${errno})`}`,
    {
      cause,
      retry: 'transient',
      hint: 'Look with `tidemark daemon status`, and run the command again.',
    },
  )
}
