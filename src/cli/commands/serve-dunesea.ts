import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'

import { errnoOf, UsageError } from '../../base/errors.ts'
import { DUNESEA_LIMITS } from '../../service/dunesea/limits.ts'
import type { AccessEntry } from '../../service/dunesea/metrics.ts'
import { type DuneSeaOptions, startDuneSea } from '../../service/dunesea/server.ts'
import { Tokens } from '../../service/dunesea/tokens.ts'
import type { CliContext } from '../context.ts'
import { openDuneSeaStore } from '../dunesea-store.ts'
import { isLoopback, parseListenAddress } from '../listen-address.ts'
import type { Output } from '../output.ts'
import { describeProblem } from '../report-error.ts'

export interface ServeDuneSeaFlags {
  readonly store?: string
  readonly listen: string
  readonly tlsCert?: string
  readonly tlsKey?: string
}

/** Serves until it is interrupted; requests under way are answered before it ends. */
export async function serveDuneSea(context: CliContext, flags: ServeDuneSeaFlags): Promise<undefined> {
  const { clock, output, signal } = context
  const address = parseListenAddress(flags.listen)
  const tls = await readTls(context, flags)
  using store = openDuneSeaStore(context, flags.store)
  context.sayWhenInterrupted('stopping; requests under way are answered first')
  await using server = await startDuneSea(
    {
      registry: store.registry,
      openDomain: (name) => store.openDomain(name),
      clock,
      limits: DUNESEA_LIMITS,
      tls,
      checksNames: true,
      onAccess: (entry) => tellAccess(output, entry),
      onFault: (error) => output.error(`tidemark: ${describeProblem(error)}`),
    },
    address,
  )
  const scheme = tls === undefined ? 'http' : 'https'
  const host = server.host.includes(':') ? `[${server.host}]` : server.host
  const url = `dunesea+${scheme}://${host}:${server.port}`
  if (output.json) output.event('listening', { url })
  else output.message(`DuneSea keeps ${flags.store ?? ''} and takes requests at ${url}/DOMAIN.`)
  if (tls === undefined && !isLoopback(address.host)) {
    output.warning('tokens cross the network in clear: use --tls-cert and --tls-key, or a proxy that speaks TLS')
  }
  if (new Tokens(store.registry).list().length === 0) {
    output.warning('nobody may enter yet: `tidemark serve dunesea token add DOMAIN` makes a domain and its token')
  }
  if (!signal.aborted) await once(signal, 'abort')
}

/** One line, or one event, for every request. */
function tellAccess(output: Output, { atMs, ...entry }: AccessEntry): void {
  const time = new Date(atMs).toISOString()
  const { client, token = '-', method, path, status, received, sent, durationMs } = entry
  if (output.json) {
    output.event('request', { time, ...entry, token: entry.token ?? null, durationMs: Math.round(durationMs) })
  } else {
    output.line(`${time} ${client} ${token} ${method} ${path} ${status} ${received} ${sent} ${durationMs.toFixed(1)}ms`)
  }
}

async function readTls(context: CliContext, { tlsCert, tlsKey }: ServeDuneSeaFlags): Promise<DuneSeaOptions['tls']> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UsageError('BAD_ARGUMENT', 'a certificate and its key belong together', {
      hint: 'Name both --tls-cert and --tls-key.',
    })
  }
  const [cert, key] = await Promise.all(
    [tlsCert, tlsKey].map((file) => readPem(resolve(context.workingDirectory, file))),
  )
  const tls = { cert: cert ?? Buffer.alloc(0), key: key ?? Buffer.alloc(0) }
  try {
    createSecureContext(tls)
    return tls
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError('BAD_ARGUMENT', `${tlsCert} and ${tlsKey} cannot be used: ${why}`, {
      cause,
      hint: 'Both have to be PEM, without a passphrase, and the key has to be that of the first certificate.',
    })
  }
}

async function readPem(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const errno = errnoOf(cause)
    if (errno === undefined) throw cause
    throw new UsageError('BAD_ARGUMENT', `${path} cannot be read (${errno})`, { cause, hint: 'Check the path.' })
  }
}
