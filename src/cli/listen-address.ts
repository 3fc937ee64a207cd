import { UsageError } from '../base/errors.ts'

/** Where a server takes requests. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/**
 * Returns what `HOST:PORT`, `[IPv6]:PORT`, `:PORT` (of all addresses) or `PORT` (of this machine alone) names.
 *
 * @throws {UsageError} BAD_ARGUMENT
 */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:(\[[0-9A-Fa-f:.]+\]|[^:[\]\s]*):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (match === null || port > 65_535) {
    throw new UsageError('BAD_ARGUMENT', `"${text}" of --listen is no address`, {
      hint: 'Write HOST:PORT, such as 127.0.0.1:8420, or :8420 for all addresses of this machine.',
    })
  }
  const [, host] = match
  if (host === undefined) return { host: '127.0.0.1', port }
  return { host: host === '' ? '::' : host.replace(/^\[(.*)\]$/, '$1'), port }
}

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
