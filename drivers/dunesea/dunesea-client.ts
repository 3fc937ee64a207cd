import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { Readable, pipeline } from 'node:stream'

import { concatBytes } from '../../src/base/bytes.ts'
import { StorageError } from '../../src/base/errors.ts'
import { parseRetryAfter } from '../../src/storage/network-errors.ts'
import { RefusedRequest } from './dunesea-errors.ts'
import type { DuneSeaLocation } from './dunesea-location.ts'

/** Requests at once to one server: what restores and uploads overlap. */
const CONNECTIONS = 16
/** Of silence on a connection. */
const SILENCE_MS_MAX = 60_000
/** The same, while the server brings to its disk what many clients sent it. */
const STORING_MS_MAX = 180_000
const PROBLEM_BYTES_MAX = 64 << 10

export interface DuneSeaRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** Below the server's address, with a query. */
  readonly path: string
  /** Value of the Range header. */
  readonly range?: string
  /** What is sent, one after the other; may lie in shared memory. */
  readonly parts?: readonly Uint8Array[]
  readonly signal: AbortSignal | undefined
}

/** Speaks HTTP with one server. Each request is made once: what is tried again is for `withRetries` to decide. */
export class DuneSeaClient {
  readonly #at: DuneSeaLocation
  readonly #token: string
  readonly #silenceMs: number | undefined
  readonly #agent: HttpAgent

  /** @throws {StorageError} STORE_DENIED: what is given is no token. */
  constructor(at: DuneSeaLocation, token: string, silenceMs?: number) {
    // Anything else would be refused by the HTTP library, with it in the message.
    if (!/^[!-~]{1,200}$/.test(token)) {
      throw new StorageError('STORE_DENIED', 'what is given as the token of DuneSea is none', {
        hint: 'Copy it once more: it is one line of letters, digits and signs.',
      })
    }
    this.#at = at
    this.#token = token
    this.#silenceMs = silenceMs
    const options = { keepAlive: true, maxSockets: CONNECTIONS }
    this.#agent = at.isSecure ? new HttpsAgent(options) : new HttpAgent(options)
  }

  /**
   * Sends a request and returns the answer, its body unread: the caller reads it to its end.
   *
   * @throws {RefusedRequest} the answer says no; and whatever the network throws.
   */
  async send(request: DuneSeaRequest): Promise<IncomingMessage> {
    const answer = await this.#exchange(request)
    const status = answer.statusCode ?? 0
    if (status >= 200 && status < 300) return answer
    throw await refused(answer, status)
  }

  close(): void {
    this.#agent.destroy()
  }

  async #exchange({ method, path, range, parts, signal }: DuneSeaRequest): Promise<IncomingMessage> {
    const { isSecure, host, port } = this.#at
    const bytes = parts?.reduce((sum, part) => sum + part.byteLength, 0)
    const options = {
      ...{ host, port, method, path, agent: this.#agent },
      timeout: this.#silenceMs ?? (parts === undefined ? SILENCE_MS_MAX : STORING_MS_MAX),
      ...(signal === undefined ? {} : { signal }),
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(range === undefined ? {} : { range }),
        ...(bytes === undefined ? {} : { 'content-type': 'application/octet-stream', 'content-length': bytes }),
      },
    }
    return new Promise((resolve, reject) => {
      const sent: ClientRequest = isSecure ? httpsRequest(options) : httpRequest(options)
      sent.once('response', resolve)
      sent.on('error', reject)
      sent.once('timeout', () => sent.destroy(silence()))
      const body = parts?.filter((part) => part.byteLength > 0) ?? []
      if (body.length === 0) sent.end()
      // What goes wrong with it is told by the request itself, above.
      else pipeline(Readable.from(body), sent, () => undefined)
    })
  }
}

/**
 * Reads exactly `length` bytes into a buffer of their own.
 *
 * @throws {StorageError} STORE_UNAVAILABLE: there are fewer, or more.
 */
export async function readExactly(answer: IncomingMessage, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let seen = 0
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    if (chunk.byteLength > length - seen) throw wrongLength()
    bytes.set(chunk, seen)
    seen += chunk.byteLength
  }
  if (seen < length) throw wrongLength()
  return bytes
}

/** Reads a body of at most `bytesMax` bytes as JSON; `undefined` when it is none. */
export async function readJson(answer: IncomingMessage, bytesMax: number): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let seen = 0
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    seen += chunk.byteLength
    if (seen > bytesMax) return undefined
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.from(concatBytes(...chunks)).toString('utf8')) as unknown
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

async function refused(answer: IncomingMessage, status: number): Promise<RefusedRequest> {
  const code = answer.headers['dunesea-code']
  const problem = (await readJson(answer, PROBLEM_BYTES_MAX)) as Readonly<Record<string, unknown>> | undefined
  const textOf = (member: string): string | undefined => {
    const text = typeof problem === 'object' ? problem?.[member] : undefined
    // What a server says reaches terminals.
    return typeof text === 'string' ? text.replace(/\p{Cc}/gu, ' ').slice(0, 500) : undefined
  }
  return new RefusedRequest(textOf('title') ?? `the server answered with status ${status}`, {
    status,
    code: typeof code === 'string' ? code : undefined,
    hint: textOf('hint'),
    retryAfterSeconds: parseRetryAfter(answer.headers['retry-after']),
  })
}

function silence(): Error {
  return Object.assign(new Error('the server did not answer in time'), { code: 'ETIMEDOUT' })
}

function wrongLength(): StorageError {
  return new StorageError('STORE_UNAVAILABLE', 'the server sent another number of bytes than it had announced', {
    retry: 'transient',
  })
}
