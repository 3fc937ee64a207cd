import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

import { createStore } from '../../drivers/local/create-store.ts'
import { openLocalDriver } from '../../drivers/local/local-driver.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandomness } from '../../src/base/random.ts'
import { DUNESEA_LIMITS, type DuneSeaLimits } from '../../src/service/dunesea/limits.ts'
import type { AccessEntry } from '../../src/service/dunesea/metrics.ts'
import { openRegistry, type Registry } from '../../src/service/dunesea/registry.ts'
import { type DuneSeaServer, startDuneSea } from '../../src/service/dunesea/server.ts'
import { Tokens } from '../../src/service/dunesea/tokens.ts'
import type { StreamingDriver } from '../../src/storage/driver.ts'
import { freePort } from './ssh-server.ts'

/** A real DuneSea server on loopback, with a folder of its own. */
export interface TestDuneSea extends AsyncDisposable {
  readonly port: number
  readonly folder: string
  readonly registry: Registry
  /** What was told of requests so far. */
  readonly accesses: AccessEntry[]
  /** Failures of its own so far. */
  readonly faults: unknown[]
  /** Makes a token, and the domain where it is new. */
  token(domain: string, options?: { readonly appendOnly?: boolean; readonly quotaBytes?: number }): string
  /** The URL of a repository, of a proxy's port too. */
  url(domain: string, port?: number): string
  /** Sends a request with a token, if any. */
  fetch(path: string, token?: string, request?: TestRequest): Promise<Response>
  stop(): Promise<void>
  start(): Promise<void>
}

export interface TestDuneSeaOptions {
  readonly limits?: Partial<DuneSeaLimits>
  readonly tls?: TestCertificate
  readonly checksNames?: boolean
  /** Put before the store of every domain. */
  readonly wrap?: (driver: StreamingDriver) => StreamingDriver
}

/** Starts a server in this very process. */
export async function startTestDuneSea(options: TestDuneSeaOptions = {}): Promise<TestDuneSea> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
  const port = await freePort()
  const onDamaged = (): never => {
    throw new Error('the registry is damaged')
  }
  const registry = openRegistry({ store: folder, clock: systemClock, onDamaged })
  const tokens = new Tokens(registry)
  const accesses: AccessEntry[] = []
  const faults: unknown[] = []
  let server: DuneSeaServer | undefined
  const start = async (): Promise<void> => {
    server = await startDuneSea(
      {
        registry,
        openDomain: async (name) => {
          const root = join(folder, 'domains', name)
          await createStore(root)
          const driver = await openLocalDriver({ root })
          return options.wrap?.(driver) ?? driver
        },
        clock: systemClock,
        limits: { ...DUNESEA_LIMITS, ...options.limits },
        tls: options.tls,
        checksNames: options.checksNames ?? true,
        onAccess: (entry) => accesses.push(entry),
        onFault: (error) => faults.push(error),
      },
      { host: '127.0.0.1', port },
    )
  }
  const stop = async (): Promise<void> => {
    await server?.[Symbol.asyncDispose]()
    server = undefined
  }
  await start()
  const scheme = options.tls === undefined ? 'dunesea+http' : 'dunesea+https'
  return {
    port,
    folder,
    registry,
    accesses,
    faults,
    token: (domain, { appendOnly = false, quotaBytes } = {}) =>
      tokens.add({ domain, appendOnly, quotaBytes }, { clock: systemClock, randomness: systemRandomness }).text,
    url: (domain, other = port) => `${scheme}://127.0.0.1:${other}/${domain}`,
    fetch: (path, token, request) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        ...request,
        headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...request?.headers },
      }),
    stop,
    start,
    [Symbol.asyncDispose]: async () => {
      await stop()
      registry[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What of a request a test chooses. */
export interface TestRequest {
  readonly method?: string
  readonly body?: NonNullable<RequestInit['body']>
  readonly headers?: Readonly<Record<string, string>>
  /** For a body whose length nobody knows. */
  readonly duplex?: 'half'
}

/** The request that stores bytes. */
export function putOf(bytes: Uint8Array): TestRequest {
  return { method: 'PUT', body: new Blob([bytes.slice()]), headers: { 'content-type': 'application/octet-stream' } }
}

export interface TestCertificate {
  readonly cert: Buffer
  readonly key: Buffer
  /** Files of both, in a folder that the caller removes. */
  readonly folder: string
}

/** Makes a certificate for 127.0.0.1, signed by itself. */
export function makeCertificate(): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', ...kind, ...name, ...files], { stdio: 'ignore' })
  return { folder, cert: readFileSync(join(folder, 'cert.pem')), key: readFileSync(join(folder, 'key.pem')) }
}

/** Lets this process trust a certificate, as NODE_EXTRA_CA_CERTS does when a process starts. */
export function trustCertificate({ cert }: TestCertificate): void {
  setDefaultCACertificates([...getCACertificates(), cert.toString('utf8')])
}
