import { StorageError } from '../../src/base/errors.ts'
import { fingerprint, judgeHostKey, keyType, knownHostsLine, knownKeyTypes } from './known-hosts.ts'
import type { SshServer } from './ssh-server.ts'

/**
 * Returns why a server is not gone on with that showed this key; `undefined`: it is known.
 *
 * Of a server of which nothing is known the context tells all that somebody has to see who may accept it: `host`, `port`, `keyType`,
 * `fingerprint`, and as `hostKey` the key itself, in base64.
 */
export function hostKeyProblem(key: Buffer, ssh: SshServer): StorageError | undefined {
  const { name, port, knownHosts } = ssh
  const server = { host: name, port }
  const verdict = judgeHostKey(key, { files: knownHosts, ...server })
  if (verdict === 'known') return undefined
  const shown = { keyType: keyType(key), fingerprint: fingerprint(key) }
  const words = `${shown.keyType} ${shown.fingerprint}`
  const where = port === 22 ? '' : `-p ${port} `
  const accept = `ssh-keyscan ${where}${name} >> ~/.ssh/known_hosts`
  if (verdict === 'unknown') {
    const isAcceptable = newLine(key, ssh) !== undefined
    return new StorageError('STORE_DENIED', `the host key of ${name} is not known: ${words}`, {
      context: { ...server, ...shown, ...(isAcceptable ? { hostKey: key.toString('base64') } : {}) },
      hint: `Compare the fingerprint with what the server's owner says, then accept it: ${accept}`,
    })
  }
  const says = verdict === 'revoked' ? 'is revoked' : 'is another one than was known'
  return new StorageError('STORE_DENIED', `the host key of ${name} ${says}: ${words}`, {
    context: { ...server, ...shown },
    hint: `Somebody may be in between, or the server was set up anew. Ask its owner; if the new key is right: ssh-keygen -R ${port === 22 ? name : `'[${name}]:${port}'`}; ${accept}`,
  })
}

/** A line, and the path of the `known_hosts` file that it is to be added to. */
export interface NewHostLine {
  readonly file: string
  readonly line: string
}

/**
 * Returns by what line a key is known from then on that somebody accepted; `undefined`: it is known already.
 *
 * @throws {StorageError} STORE_DENIED: something else is known of the server by now, or the key has no place there.
 */
export function acceptedHostKey(key: Buffer, server: SshServer): NewHostLine | undefined {
  const problem = hostKeyProblem(key, server)
  if (problem === undefined) return undefined
  if (problem.context['hostKey'] === undefined) throw problem
  return newLine(key, server)
}

function newLine(
  key: Buffer,
  { name: host, port, acceptedHosts: file, knownHosts }: SshServer,
): NewHostLine | undefined {
  const server = { host, port }
  const line = knownHostsLine(key, server)
  // Who is in between can show a key of a type that the server is not known by, and hide that it has changed.
  const isNew = knownKeyTypes(knownHosts, server).length === 0
  return file === undefined || line === undefined || !isNew ? undefined : { file, line }
}
