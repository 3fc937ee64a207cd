import { UsageError } from '../../src/base/errors.ts'

/** Where a repository lies on an SSH server. */
export interface SftpLocation {
  /** As the user wrote it: a name of the SSH configuration, a host name, or an address. */
  readonly host: string
  readonly user: string | undefined
  readonly port: number | undefined
  /** Absolute, or relative to the home of the user there: no `/` at its end. */
  readonly path: string
  /** The file of the key that opens the server, on this machine: an absolute path, or one that begins with `~/`. */
  readonly identityFile: string | undefined
}

const IDENTITY_FILE = 'identityFile'

/**
 * Returns what `sftp://user@host[:port]/path[?identityFile=FILE]` names.
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
  const host = decoded(url, parsed.hostname)
  if (!/^[^\s\p{Cc}]+$/u.test(host)) throw unusable(url, 'names no host')
  for (const name of parsed.searchParams.keys()) {
    if (name !== IDENTITY_FILE) throw unusable(url, `has an unknown option ${name}`)
  }
  if (parsed.hash !== '') throw unusable(url, 'has a #: write %23')
  const identityFile = parsed.searchParams.get(IDENTITY_FILE) ?? undefined
  if (identityFile !== undefined && !/^~?\/./.test(identityFile)) {
    throw unusable(url, `has an ${IDENTITY_FILE} that begins neither with / nor with ~/`)
  }
  const path = decoded(url, parsed.pathname).replace(/\/+$/, '')
  if (path === '' || path === '/~') throw unusable(url, 'names no folder')
  return {
    // An IPv6 address stands in brackets in a URL and nowhere else.
    host: host.replace(/^\[(.*)\]$/, '$1'),
    user: parsed.username === '' ? undefined : decoded(url, parsed.username),
    port: parsed.port === '' ? undefined : Number(parsed.port),
    path: path.startsWith('/~/') ? path.slice('/~/'.length) : path,
    identityFile,
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
    hint: 'Write sftp://user@host:port/folder; /~/folder is relative to the home there, ?identityFile=FILE names an SSH key. A password belongs into TIDEMARK_SFTP_PASSWORD.',
    ...(cause === undefined ? {} : { cause }),
  })
}
