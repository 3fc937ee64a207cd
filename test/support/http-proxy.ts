import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a proxy does with one request instead of passing it on and its answer back. */
export type Fault =
  | {
      readonly kind: 'status'
      readonly status: number
      readonly headers?: Record<string, string>
      readonly body?: string
      /** Answers once it resolves. */
      readonly until?: Promise<unknown>
    }
  /** Cuts the connection: `before` the server sees the request, `after` it has done it, or in the `middle` of the answer. */
  | { readonly kind: 'cut'; readonly when: 'before' | 'after' | 'middle' }
  /** Never answers. */
  | { readonly kind: 'silence' }
  /** Passes it on once `until` resolves. */
  | { readonly kind: 'wait'; readonly until: Promise<unknown> }

export interface ProxiedRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly bytes: number
}

/**
 * An HTTP proxy on loopback in front of one server, as balancers are in front of real services: it passes on whole
 * requests only.
 */
export interface HttpProxy extends AsyncDisposable {
  readonly port: number
  /** All requests so far. */
  readonly requests: ProxiedRequest[]
  /** What to ask the server for in the place of a path with its query. */
  rewrite: ((path: string) => string) | undefined
  /** What to pass on in the place of an answer's body. */
  alter: ((body: Buffer) => Buffer) | undefined
  /** Asked for every request, whose number counts from 0. */
  fault: ((request: ProxiedRequest, number: number) => Fault | undefined) | undefined
}

export async function startHttpProxy(targetPort: number): Promise<HttpProxy> {
  const server = createServer((incoming, outgoing) => {
    // A connection that breaks is for its client to notice.
    handle(incoming, outgoing).catch(() => outgoing.destroy())
  })
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await collect(incoming)
    const { method = '', url = '' } = incoming
    const seen = { method, url, headers: incoming.headers, bytes: body.byteLength }
    const fault = proxy.fault?.(seen, proxy.requests.length)
    proxy.requests.push(seen)
    if (fault?.kind === 'silence') return
    if (fault?.kind === 'wait' || fault?.kind === 'status') await fault.until
    if (fault?.kind === 'cut' && fault.when === 'before') return void outgoing.destroy()
    if (fault?.kind === 'status') {
      outgoing.writeHead(fault.status, fault.headers)
      outgoing.end(fault.body)
      return
    }
    const path = proxy.rewrite?.(seen.url) ?? seen.url
    const { answer, bytes: answered } = await passOn(incoming, { path, body, port: targetPort })
    const bytes = proxy.alter?.(answered) ?? answered
    if (fault?.kind === 'cut' && fault.when === 'after') return void outgoing.destroy()
    const { 'content-length': length, ...headers } = answer.headers
    // What it says of its connection is not for the client of this one.
    delete headers.connection
    delete headers['keep-alive']
    // Of an altered body, and there alone, the length is another one.
    const isSame = bytes.byteLength === answered.byteLength
    if (isSame && length !== undefined) outgoing.setHeader('content-length', length)
    outgoing.writeHead(answer.statusCode ?? 500, headers)
    if (fault?.kind === 'cut') {
      outgoing.write(bytes.subarray(0, bytes.byteLength / 2), () => outgoing.destroy())
      return
    }
    outgoing.end(bytes)
  }
  // A connection ends with the test, however long that takes.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: HttpProxy = {
    port: (server.address() as AddressInfo).port,
    requests: [],
    rewrite: undefined,
    alter: undefined,
    fault: undefined,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function passOn(
  { method, headers }: IncomingMessage,
  { path, body, port }: { readonly path: string; readonly body: Buffer; readonly port: number },
): Promise<{ readonly answer: IncomingMessage; readonly bytes: Buffer }> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    // One that was kept may end at the very moment at which it is used again.
    const own = { ...headers, connection: 'close' }
    const passed = request({ host: '127.0.0.1', port, method, path, headers: own, agent: false }, resolve)
    passed.on('error', reject)
    passed.end(body)
  })
  return { answer, bytes: await collect(answer) }
}
