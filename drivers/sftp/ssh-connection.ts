import { connect as openSocket, Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import ssh2, { type Client } from 'ssh2'

import { StorageError } from '../../src/base/errors.ts'
import { authentication } from './authentication.ts'
import { hostKeyProblem } from './host-key.ts'
import { knownKeyTypes } from './known-hosts.ts'
import { prepareKeys } from './prepare-keys.ts'
import { sendTogether } from './send-together.ts'
import { signAtOnce } from './sign-at-once.ts'
import type { SshSecrets, SshServer } from './ssh-server.ts'

const HANDSHAKE_MS_MAX = 60_000
/**
 * A server that does not answer seven of these in a row is gone. Its answer comes after what was sent before, and that is
 * 8 MB where packs are put: fewer would end every connection over a slow line.
 */
const KEEPALIVE_MS = 15_000
const KEEPALIVES_MAX = 7
const NO_MORE_AUTH_METHODS = 14

/** A connection on which the user is logged in. */
export interface SshConnection {
  readonly client: Client
  /** Whether the server says that it is OpenSSH. */
  readonly isOpenSsh: boolean
  /** Ends it once what was sent is on its way: the server's farewell is not waited for. */
  close(): Promise<void>
}

/**
 * Connects and logs in; through its jump host where it has one, whose connection ends with this one.
 *
 * @throws {StorageError} STORE_UNAVAILABLE; STORE_DENIED: its host key is not known, has changed or is revoked, or it
 * takes none of what the user can show.
 */
export async function connect(server: SshServer, secrets: SshSecrets): Promise<SshConnection> {
  if (server.jump === undefined) return connectOver(server, secrets, undefined)
  const jump = await connect(server.jump, secrets)
  try {
    const sock = await forward(jump.client, server)
    const connection = await connectOver(server, secrets, sock)
    connection.client.once('close', () => jump.client.end())
    return connection
  } catch (error) {
    jump.client.end()
    throw error
  }
}

async function connectOver(
  server: SshServer,
  secrets: SshSecrets,
  forwarded: Duplex | undefined,
): Promise<SshConnection> {
  const client = new ssh2.Client()
  // Every channel, and whoever waits for one, listens for its end.
  client.setMaxListeners(0)
  client.on('handshake', () => prepareKeys(client))
  let refused: StorageError | undefined
  const problems: StorageError[] = []
  const { name, address, port, knownHosts: files, user } = server
  const types = knownKeyTypes(files, { host: name, port })
  // Small messages go out at once from the first on: waiting for more of them costs 40 ms at every step. Each packet is
  // written in three pieces, though, which would be as many segments.
  const sock = forwarded ?? sendTogether(openSocket({ host: address, port, noDelay: true }))
  let isOpenSsh = false
  client.once('handshake', () => {
    if (isOpenSsh) signAtOnce(client)
  })
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('ready', resolve)
      client.on('error', (error) => {
        // An agent that does not answer is no reason not to try the rest.
        if (levelOf(error) === 'agent') problems.push(agentProblem(error))
        else reject(error)
      })
      client.once('close', () => reject(new Error('the connection was closed')))
      client.connect({
        username: user,
        sock,
        readyTimeout: HANDSHAKE_MS_MAX,
        keepaliveInterval: KEEPALIVE_MS,
        keepaliveCountMax: KEEPALIVES_MAX,
        // A server with several keys shows the one that is asked for first.
        algorithms: { serverHostKey: { prepend: types.flatMap(signatureAlgorithms), append: [], remove: [] } },
        hostVerifier: (key: Buffer): boolean => {
          refused = hostKeyProblem(key, server)
          return refused === undefined
        },
        authHandler: authentication(server, secrets, (problem) => problems.push(problem)),
      })
      // It begins with what it is, in clear (RFC 4253, 4.2), and is read once the client is connected, not before.
      sock.once('data', (data: Buffer) => {
        isOpenSsh = /^SSH-2\.0-OpenSSH_/m.test(data.toString('latin1'))
      })
    })
  } catch (error) {
    client.destroy()
    throw refused ?? connectProblem(server, { error, problems })
  }
  // What happens to it later reaches whoever waits for an answer.
  client.on('error', () => client.destroy())
  return { client, isOpenSsh, close: async () => close(client, sock) }
}

async function close(client: Client, sock: Duplex): Promise<void> {
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
  client.end()
  if (sock instanceof Socket) sock.destroySoon()
  if (!sock.closed) await closed
}

async function forward(jump: Client, { address, port }: SshServer): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    jump.forwardOut('127.0.0.1', 0, address, port, (error, channel) => {
      if (error === undefined) resolve(channel)
      else reject(unreachable(`${address} cannot be reached through its jump host`, error))
    })
  })
}

/** An RSA key signs by several algorithms (RFC 8332). */
function signatureAlgorithms(type: string): ssh2.ServerHostKeyAlgorithm[] {
  const all = type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type]
  return all.filter(isSupported)
}

const SUPPORTED: readonly ssh2.ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
]
function isSupported(name: string): name is ssh2.ServerHostKeyAlgorithm {
  return SUPPORTED.some((supported) => supported === name)
}

function connectProblem(
  { name, port, user }: SshServer,
  { error, problems }: { error: unknown; problems: readonly StorageError[] },
): StorageError {
  const cause = error instanceof Error ? error : new Error(String(error))
  if (levelOf(cause) === 'client-authentication') {
    const why = problems.map(({ message }) => `; ${message}`).join('')
    return new StorageError('STORE_DENIED', `${name} does not let ${user} in: no key or password was accepted${why}`, {
      cause,
      context: { host: name, port, user },
      hint:
        problems[0]?.hint ??
        'Load the key into your SSH agent, name it in ~/.ssh/config or by ?identityFile= in the URL, or set TIDEMARK_SFTP_PASSWORD.',
    })
  }
  if (isTooMuch(cause)) {
    return new StorageError('STORE_DENIED', `${name} does not let ${user} in: it was shown too many keys`, {
      cause,
      context: { host: name, port, user },
      hint: 'Name the right one by ?identityFile= in the URL: it is shown before those of your SSH agent.',
    })
  }
  return unreachable(`${name}, port ${port}, cannot be reached: ${cause.message}`, cause)
}

/** Whether a server ended the connection since it took none of what it was shown. @see RFC 4253, 11.1 */
function isTooMuch(error: Error): boolean {
  const isNoneLeft = 'code' in error && error.code === NO_MORE_AUTH_METHODS
  // What OpenSSH says; its code means anything.
  return isNoneLeft || error.message.startsWith('Too many authentication failures')
}

/** What ssh2 says an error is about. */
function levelOf(error: Error): unknown {
  return 'level' in error ? error.level : undefined
}

function agentProblem(cause: Error): StorageError {
  return new StorageError('STORE_DENIED', `the SSH agent does not answer: ${cause.message}`, {
    cause,
    hint: 'Start it, or unset SSH_AUTH_SOCK; or set TIDEMARK_SFTP_PASSWORD.',
  })
}

function unreachable(message: string, cause: unknown): StorageError {
  return new StorageError('STORE_UNAVAILABLE', message, {
    cause,
    retry: 'transient',
    hint: 'Check the network, the name and the port of the server, and whether `ssh` reaches it.',
  })
}
