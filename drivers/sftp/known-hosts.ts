import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** What `known_hosts` files say of a key that a server showed. */
export type HostKeyVerdict = 'known' | 'unknown' | 'changed' | 'revoked'

/** What a server is known by. */
export interface HostName {
  readonly host: string
  readonly port: number
}

interface KnownHost {
  readonly revoked: boolean
  readonly names: string
  readonly key: Buffer
}

/**
 * Compares the key that a server showed with what `files`, texts of `known_hosts` files, say of its names.
 *
 * `changed`: other keys of the same type are known of it, and this is none of them. A key of a type that is not known
 * of a server that is: `unknown`, as for a server never met.
 * @see sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"
 */
export function judgeHostKey(
  key: Buffer,
  { files, ...server }: HostName & { readonly files: readonly string[] },
): HostKeyVerdict {
  const name = nameOf(server)
  const ofHost = files.flatMap(parseKnownHosts).filter(({ names }) => matches(names, name))
  const isSame = (known: KnownHost): boolean => known.key.equals(key)
  if (ofHost.some((known) => known.revoked && isSame(known))) return 'revoked'
  const valid = ofHost.filter(({ revoked }) => !revoked)
  if (valid.some(isSame)) return 'known'
  return valid.some((known) => keyType(known.key) === keyType(key)) ? 'changed' : 'unknown'
}

/** Returns the types of the keys that are known of a server, so that it can be asked for one of these. */
export function knownKeyTypes(files: readonly string[], server: HostName): string[] {
  const name = nameOf(server)
  const known = files.flatMap(parseKnownHosts).filter(({ names, revoked }) => !revoked && matches(names, name))
  return [...new Set(known.map(({ key }) => keyType(key)))]
}

/** Returns a key's fingerprint as `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** Returns the name of a key's type, such as `ssh-ed25519`: the first string of an encoded key (RFC 4253, 6.6). */
export function keyType(key: Buffer): string {
  if (key.byteLength < 4) return ''
  const length = key.readUInt32BE(0)
  return length > 64 || 4 + length > key.byteLength ? '' : key.toString('latin1', 4, 4 + length)
}

/** One name and one type, and nothing that a line would read as a pattern, a list, a hash, a marker or a comment. */
const PLAIN_NAME = /^[\p{L}\p{N}_:][\p{L}\p{N}._:%-]*$/u
const PLAIN_TYPE = /^[a-z0-9@.-]+$/

/** Returns the line by which a key of a server is known; `undefined` where its name or the type of the key has no place in one. */
export function knownHostsLine(key: Buffer, server: HostName): string | undefined {
  const type = keyType(key)
  if (!PLAIN_NAME.test(server.host) || !PLAIN_TYPE.test(type)) return undefined
  return `${nameOf(server)} ${type} ${key.toString('base64')}\n`
}

function nameOf({ host, port }: HostName): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}

function parseKnownHosts(text: string): KnownHost[] {
  return text.split('\n').flatMap((line): KnownHost[] => {
    const words = line.trim().split(/\s+/)
    const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined
    const [names, type, encoded] = words
    if (names === undefined || names.startsWith('#') || type === undefined || encoded === undefined) return []
    // A certificate authority vouches for certificates, which this client does not ask for.
    if (marker !== undefined && marker !== '@revoked') return []
    return [{ revoked: marker === '@revoked', names, key: Buffer.from(encoded, 'base64') }]
  })
}

function matches(names: string, name: string): boolean {
  if (names.startsWith('|1|')) return matchesHash(names, name)
  let found = false
  for (const pattern of names.toLowerCase().split(',')) {
    const isNegated = pattern.startsWith('!')
    if (!matchesPattern(isNegated ? pattern.slice(1) : pattern, name)) continue
    if (isNegated) return false
    found = true
  }
  return found
}

/** `|1|salt|hash`: HMAC-SHA1 of the name. */
function matchesHash(names: string, name: string): boolean {
  const [salt, hash] = names.slice('|1|'.length).split('|')
  if (salt === undefined || hash === undefined) return false
  const expected = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  const given = Buffer.from(hash, 'base64')
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected)
}

function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`).test(name)
}
