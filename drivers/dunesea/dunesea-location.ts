import { UsageError } from '../../src/base/errors.ts'

/** Where a repository lies on a DuneSea server. */
export interface DuneSeaLocation {
  readonly isSecure: boolean
  readonly host: string
  readonly port: number
  readonly domain: string
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Returns what `dunesea+https://host[:port]/domain` names. In clear (`dunesea+http`) only this machine is spoken to:
 * on a network, whoever listens would learn the token.
 *
 * @throws {UsageError} BAD_ARGUMENT
 */
export function parseDuneSeaUrl(url: string): DuneSeaLocation {
  const [, scheme = '', authority = '', domain = ''] =
    /^dunesea\+(https?):\/\/([^/?#@]+)\/([a-z0-9][a-z0-9._-]*)\/?$/i.exec(url) ?? []
  const base = `${scheme.toLowerCase()}://${authority}`
  if (scheme === '' || !URL.canParse(base)) throw unusable(url, 'names no server and domain')
  const { hostname, port, protocol } = new URL(base)
  const isSecure = protocol === 'https:'
  if (!isSecure && !LOOPBACK.test(hostname)) throw unusable(url, 'would send the token in clear over a network')
  return {
    isSecure,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    domain,
  }
}

function unusable(url: string, why: string): UsageError {
  return new UsageError('BAD_ARGUMENT', `${url} ${why}`, {
    hint: 'Write dunesea+https://host[:port]/domain. The token is taken from TIDEMARK_DUNESEA_TOKEN, or the configuration.',
  })
}
