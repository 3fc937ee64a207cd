import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'

import SSHConfig from 'ssh-config'

import { createSftpStore } from '../../drivers/sftp/create-store.ts'
import { acceptedHostKey } from '../../drivers/sftp/host-key.ts'
import { openSftpDriver, type SftpDriver, type SftpDriverOptions } from '../../drivers/sftp/sftp-driver.ts'
import { parseSftpUrl, type SftpLocation } from '../../drivers/sftp/sftp-location.ts'
import type { SshKeyFile, SshSecrets, SshServer } from '../../drivers/sftp/ssh-server.ts'
import { errnoOf, StorageError, UsageError } from '../base/errors.ts'
import type { HostKey } from '../service/application/port.ts'
import type { DriverSurroundings } from './drivers.ts'
import { type Environment, nonEmpty } from './environment.ts'

const DEFAULT_KEYS = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa']
const DEFAULT_KNOWN_HOSTS = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2', '/etc/ssh/ssh_known_hosts']
const FILE_BYTES_MAX = 16 << 20
const JUMPS_MAX = 4
const NEWLINE = 0x0a

/** Opens the store at an `sftp://` URL as `ssh` would reach it: with the user's configuration, keys and agent. */
export async function openSftp(url: string, surroundings: DriverSurroundings): Promise<SftpDriver> {
  return openSftpDriver(await sftpOptions(url, surroundings))
}

/** Makes an empty store at an `sftp://` URL. */
export async function createSftp(url: string, surroundings: DriverSurroundings): Promise<void> {
  await createSftpStore(await sftpOptions(url, surroundings))
}

/**
 * Adds the key of the server at an `sftp://` URL, or of one on the way to it, to its user's `known_hosts`, as somebody accepted it.
 *
 * @throws {StorageError} STORE_DENIED: by now another key is known of that server, or it is none on the way.
 * @throws {UsageError} BAD_CONFIGURATION: the file cannot be written, and others.
 */
export async function acceptSftpHostKey(url: string, accepted: HostKey, environment: Environment): Promise<void> {
  const files = new SshFiles(environment)
  const { host, port, key } = accepted
  let server: SshServer | undefined = await serverFor(parseSftpUrl(url), { files, environment, jumps: 0 })
  while (server !== undefined && (server.name !== host || server.port !== port)) server = server.jump
  if (server === undefined) {
    throw new StorageError('STORE_DENIED', `${host} is not on the way to ${url}`, {
      hint: 'The SSH configuration was changed meanwhile: try again.',
    })
  }
  const added = acceptedHostKey(Buffer.from(key, 'base64'), server)
  if (added !== undefined) await files.append(added.file, added.line)
}

async function sftpOptions(url: string, surroundings: DriverSurroundings): Promise<SftpDriverOptions> {
  const { environment, remembered } = surroundings
  const location = parseSftpUrl(url)
  const server = await serverFor(location, { files: new SshFiles(environment), environment, jumps: 0 })
  const { connections } = remembered ?? {}
  return { server, path: location.path, location: url, secrets: secretsOf(surroundings), connections }
}

type Named = Omit<SftpLocation, 'path'>

interface SshContext {
  readonly files: SshFiles
  readonly environment: Environment
  /** How many hosts were jumped over so far. */
  readonly jumps: number
}

/** What the user's SSH configuration makes of a host's name. @see ssh_config(5) */
async function serverFor({ host, user, port, identityFile }: Named, context: SshContext): Promise<SshServer> {
  const { files, environment, jumps } = context
  const config = await files.configOf(host, user)
  const proxyCommand = config.one('ProxyCommand')
  if (proxyCommand !== undefined && proxyCommand !== 'none') {
    throw new UsageError('BAD_CONFIGURATION', `the SSH configuration of ${host} has a ProxyCommand`, {
      context: { host },
      hint: 'Tidemark connects by itself and follows ProxyJump; write it as one.',
    })
  }
  const address = (config.one('HostName') ?? host).replaceAll('%h', host)
  const configured = config.all('IdentityFile')
  const named = identityFile === undefined ? configured.map((name) => files.path(name)) : [files.inHome(identityFile)]
  const keys = named.length > 0 ? named : DEFAULT_KEYS.map((name) => files.path(name))
  const hosts = config.all('UserKnownHostsFile').flatMap((line) => line.split(/\s+/))
  const knownHosts = (hosts.length > 0 ? hosts : DEFAULT_KNOWN_HOSTS).filter((file) => file !== 'none')
  const agent = config.one('IdentityAgent') ?? nonEmpty(environment['SSH_AUTH_SOCK'])
  const jump = config.one('ProxyJump')
  return {
    // As ssh does: HostKeyAlias, else what is connected to.
    name: config.one('HostKeyAlias') ?? address,
    address,
    port: port ?? Number(config.one('Port') ?? 22),
    user: user ?? config.one('User') ?? userInfo().username,
    agent: agent === undefined || agent === 'none' ? undefined : files.path(agent),
    keys: await files.keys(keys, named.length > 0),
    keysFirst: identityFile !== undefined,
    knownHosts: await files.texts(knownHosts),
    acceptedHosts: knownHosts[0] && files.path(knownHosts[0]),
    jump: jump === undefined || jump === 'none' ? undefined : await jumpFor(jump, { ...context, jumps: jumps + 1 }),
  }
}

/** `ProxyJump a,b`: through a, from there through b. */
async function jumpFor(text: string, context: SshContext): Promise<SshServer> {
  if (context.jumps > JUMPS_MAX) {
    throw new UsageError('BAD_CONFIGURATION', `the SSH configuration jumps over more than ${JUMPS_MAX} hosts`, {
      hint: 'Perhaps a host names itself as its ProxyJump.',
    })
  }
  const words = text.split(',').map((word) => word.trim())
  const last = parseSftpUrl(`sftp://${(words.pop() ?? '').replace(/^ssh:\/\//, '')}/jump`)
  const server = await serverFor(last, context)
  return words.length === 0
    ? server
    : { ...server, jump: await jumpFor(words.join(','), { ...context, jumps: context.jumps + 1 }) }
}

function secretsOf({ secrets, credential }: DriverSurroundings): SshSecrets {
  const { variables } = secrets
  const answers = new Map<string, Promise<string | undefined>>()
  // Asked once: the same answer opens every connection of this process.
  const ask = (
    question: string,
    { variable, kind }: { variable: string | undefined; kind: 'sftp-password' | 'sftp-passphrase' },
  ): Promise<string | undefined> => {
    const known = answers.get(question)
    if (known !== undefined) return known
    const answer = (async () => {
      const given = variable ?? (await credential(kind))
      if (given !== undefined) return given
      if (!secrets.interactive) return undefined
      const bytes = await secrets.ask(question)
      const text = Buffer.from(bytes).toString('utf8')
      bytes.fill(0)
      return text
    })()
    answers.set(question, answer)
    return answer
  }
  return {
    passphrase: (path) =>
      ask(`Passphrase of ${path}: `, { variable: variables.sftpPassphrase, kind: 'sftp-passphrase' }),
    password: (of) => ask(`Password of ${of}: `, { variable: variables.sftpPassword, kind: 'sftp-password' }),
  }
}

/** The files of the user's SSH configuration; what is not there says nothing. */
class SshFiles {
  readonly #home: string
  #config: Promise<SSHConfig> | undefined

  constructor(environment: Environment) {
    this.#home = nonEmpty(environment['HOME']) ?? homedir()
  }

  path(name: string): string {
    const unquoted = name.replace(/^"(.*)"$/, '$1').replaceAll('%d', this.#home)
    return this.inHome(unquoted)
  }

  /** Returns the absolute path that a path is short for. */
  inHome(path: string): string {
    return path.startsWith('~/') ? join(this.#home, path.slice(2)) : resolve(this.#home, path)
  }

  /** What the configuration says of a host. */
  async configOf(host: string, user: string | undefined): Promise<HostConfig> {
    this.#config ??= this.#readConfig()
    const config = await this.#config
    const computed = config.compute(user === undefined ? { Host: host } : { Host: host, User: user }, {
      ignoreCase: true,
    })
    return new HostConfig(computed)
  }

  async keys(paths: readonly string[], isNamed: boolean): Promise<SshKeyFile[]> {
    const keys: SshKeyFile[] = []
    for (const path of paths) {
      const bytes = await this.#read(path)
      if (bytes !== undefined) keys.push({ path, bytes })
      else if (isNamed) {
        throw new UsageError('BAD_CONFIGURATION', `the SSH key ${path} is not there`, {
          context: { path },
          hint: 'It is named by IdentityFile of ssh_config(5), or by identityFile of the URL.',
        })
      }
    }
    return keys
  }

  async texts(names: readonly string[]): Promise<string[]> {
    const files = await Promise.all(names.map((name) => this.#read(this.path(name))))
    return files.flatMap((bytes) => (bytes === undefined ? [] : [bytes.toString('utf8')]))
  }

  /** Adds a line to a file, which is made where it is not there. */
  async append(path: string, line: string): Promise<void> {
    const before = await this.#read(path)
    // Whoever wrote the last line by hand may have left its end to the next one.
    const end = before === undefined || before.byteLength === 0 || before.at(-1) === NEWLINE ? '' : '\n'
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await appendFile(path, `${end}${line}`, { mode: 0o600 })
    } catch (error) {
      throw unreadable(path, `cannot be written (${errnoOf(error)})`, error)
    }
  }

  async #readConfig(): Promise<SSHConfig> {
    const path = this.path('~/.ssh/config')
    const text = (await this.#read(path))?.toString('utf8') ?? ''
    try {
      return SSHConfig.parse(text)
    } catch (cause) {
      throw unreadable(path, `cannot be understood: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
    }
  }

  async #read(path: string): Promise<Buffer | undefined> {
    try {
      const bytes = await readFile(path)
      if (bytes.byteLength > FILE_BYTES_MAX) throw unreadable(path, `has ${bytes.byteLength} bytes`)
      return bytes
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
      if (errno === undefined || error instanceof UsageError) throw error
      throw unreadable(path, `cannot be read (${errno})`, error)
    }
  }
}

/** Options by name, in any case; an option with several values has all of them. */
class HostConfig {
  readonly #values = new Map<string, string[]>()

  constructor(computed: Readonly<Record<string, string | string[]>>) {
    for (const [name, value] of Object.entries(computed)) this.#values.set(name.toLowerCase(), [value].flat())
  }

  one(name: string): string | undefined {
    return this.#values.get(name.toLowerCase())?.[0]
  }

  all(name: string): readonly string[] {
    return this.#values.get(name.toLowerCase()) ?? []
  }
}

function unreadable(path: string, what: string, cause?: unknown): UsageError {
  return new UsageError('BAD_CONFIGURATION', `${path} ${what}`, {
    context: { path },
    hint: 'See ssh_config(5); `ssh` should reach the server with it.',
    ...(cause === undefined ? {} : { cause }),
  })
}
