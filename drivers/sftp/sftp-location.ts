import { UsageError } from '../../src/base/errors.ts'

/** Where a repository lies on an SSH server. */
export interface SftpLocation {
  /** As the user wrote it: a name of the SSH configuration, a host name, or an address. */
  readonly host: string
  readonly user: string | undefined
  readonly port: number | undefined
  /** Absolute, or relative to the home of the user there: no `/` at its end. */
  readonly path: string
}

/**
 * Returns what `sftp://user@host[:port]/path` names.
 *
 * @throws {UsageError} BAD_ARGUMENT: no such URL; one with a password, which every process of the machine would see.
 */
export function parseSftpUrl(url: string): SftpLocation {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch (cause) {
    throw unusable(url, 'is no URL', cause)
  }
  if (parsed.protocol !== 'sftp:') throw unusable(url, 'does not begin with sftp://')
  if (parsed.password !== '') throw unusable('the URL of the server', 'holds a password')
  if (parsed.hostname === '') throw unusable(url, 'names no host')
  if (parsed.search !== '' || parsed.hash !== '') throw unusable(url, 'has options, and sftp knows none')
  const path = decoded(url, parsed.pathname).replace(/\/+$/, '')
  if (path === '' || path === '/~') throw unusable(url, 'names no folder')
  return {
    // An IPv6 address stands in brackets in a URL and nowhere else.
    host: decoded(url, parsed.hostname).replace(/^\[(.*)\]$/, '$1'),
    user: parsed.username === '' ? undefined : decoded(url, parsed.username),
    port: parsed.port === '' ? undefined : Number(parsed.port),
    path: path.startsWith('/~/') ? path.slice('/~/'.length) : path,
  }
}

function decoded(url: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw unusable(url, 'has a % that encodes nothing', cause)
  }
}

function unusable(what: string, why: string, cause?: unknown): UsageError {
  return new UsageError('BAD_ARGUMENT', `${what} ${why}`, {
    hint: 'Write sftp://user@host:port/folder; /~/folder is relative to the home there. A password belongs into TIDEMARK_SFTP_PASSWORD.',
    ...(cause === undefined ? {} : { cause }),
  })
}
