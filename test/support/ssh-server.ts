import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import type { SshSecrets, SshServer } from '../../drivers/sftp/ssh-server.ts'
import { errnoOf } from '../../src/base/errors.ts'

/** The user and group to whom modes apply where root runs the tests. */
export const NOBODY = 65_534
/** Of `startSshServer`: files are served by that user. Only root can set it up. */
export const SERVED_BY_NOBODY = `ForceCommand setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups /usr/lib/openssh/sftp-server`

const SSHD = '/usr/sbin/sshd'
const START_MS_MAX = 120_000

/** A real sshd on loopback with keys of its own, which lets this very user in by one key. */
export interface TestSshServer extends AsyncDisposable {
  readonly port: number
  /** Below it the server may write. */
  readonly folder: string
  /** The user's private key. */
  readonly keyFile: string
  /** The text of a `known_hosts` file that has the server's key. */
  readonly knownHosts: string
  /** How to reach it, with the key, unless told otherwise. */
  server(changes?: Partial<SshServer>): SshServer
  /** What the server wrote into its log so far. */
  log(): string
  /** Takes the user's key away, or lets it in again. */
  letIn(isLetIn: boolean): void
  /** Kills it with all its connections, as a crash or a loss of power would. */
  kill(): Promise<void>
  start(): Promise<void>
}

/**
 * Starts a server. `config`: further lines of sshd_config. `password`: what it lets the user in with, too, which only root can
 * have it do.
 */
export async function startSshServer(config: readonly string[] = [], password?: string): Promise<TestSshServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
  const keyFile = join(folder, 'user-key')
  const hostKey = join(folder, 'host-key')
  for (const file of [keyFile, hostKey]) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
  const authorized = join(folder, 'authorized_keys')
  const letIn = (isLetIn: boolean): void =>
    writeFileSync(authorized, isLetIn ? readFileSync(`${keyFile}.pub`) : '', { mode: 0o600 })
  letIn(true)
  if (process.getuid?.() === 0 && !existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 })
  const port = await freePort()
  const configFile = join(folder, 'sshd_config')
  const logFile = join(folder, 'log')
  const lines = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${authorized}`,
    'PidFile none',
    'StrictModes no',
    `PasswordAuthentication ${password === undefined ? 'no' : 'yes'}`,
    'PermitRootLogin yes',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'MaxStartups 100',
    ...config,
    'Subsystem sftp internal-sftp',
  ]
  writeFileSync(configFile, lines.join('\n') + '\n')
  const [type, key] = readFileSync(`${hostKey}.pub`, 'utf8').split(' ')
  const knownHosts = `[127.0.0.1]:${port} ${type} ${key}\n`
  let child: ChildProcess | undefined
  const kill = async (): Promise<void> => {
    const running = child
    child = undefined
    if (running?.pid === undefined) return
    const ended = new Promise((resolve) => running.once('exit', resolve))
    killWithAll(running.pid)
    await ended
  }
  const start = async (): Promise<void> => {
    const words = [SSHD, '-D', '-E', logFile, '-f', configFile]
    const [program = '', ...given] =
      password === undefined ? words : withPassword(words, join(folder, 'shadow'), password)
    child = spawn(program, given, { stdio: 'ignore' })
    await untilListening(port)
  }
  await start()
  return {
    port,
    folder,
    keyFile,
    knownHosts,
    log: () => readFileSync(logFile, 'utf8'),
    letIn,
    kill,
    start,
    server: (changes = {}) => ({
      name: '127.0.0.1',
      address: '127.0.0.1',
      port,
      user: userInfo().username,
      agent: undefined,
      keys: [{ path: keyFile, bytes: readFileSync(keyFile) }],
      keysFirst: false,
      knownHosts: [knownHosts],
      acceptedHosts: join(folder, 'known_hosts'),
      jump: undefined,
      ...changes,
    }),
    [Symbol.asyncDispose]: async () => {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Returns how to run a program to which the user of this process has a password, and nobody else one. */
function withPassword(words: readonly string[], shadow: string, password: string): string[] {
  const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: password, encoding: 'utf8' }).trim()
  writeFileSync(shadow, `${userInfo().username}:${hash}:::::::\n`, { mode: 0o600 })
  return ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/shadow && exec "$@"', shadow, ...words]
}

/**
 * Kills a process and all that it began: for an sshd, each connection is one or two, in a session of their own. Who stands
 * still begins no other one meanwhile.
 */
function killWithAll(pid: number): void {
  const found = new Set<number>()
  for (let more = [pid]; more.length > 0; more = childrenOf(found)) {
    for (const each of more) {
      found.add(each)
      signalIfThere(each, 'SIGSTOP')
    }
  }
  for (const each of found) signalIfThere(each, 'SIGKILL')
}

/** Returns the children of processes that are none of them. */
function childrenOf(parents: ReadonlySet<number>): number[] {
  const listed = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  const pairs = listed
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ +/).map(Number))
  return pairs.flatMap(([pid = 0, parent = 0]) => (parents.has(parent) && !parents.has(pid) ? [pid] : []))
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error
  }
}

/** Below those that the system gives to whoever wants any, so that nobody else comes to have it. */
const FIRST_PORT = 20_000
const PORTS_OF_A_PROCESS = 20
let ports = 0

/** Returns a port of loopback to listen on, which belongs to this process for as long as it lives. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + ((process.pid * PORTS_OF_A_PROCESS + (ports++ % PORTS_OF_A_PROCESS)) % 12_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

async function untilListening(port: number): Promise<void> {
  const deadline = Date.now() + START_MS_MAX
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isOpen) return
    if (Date.now() > deadline) throw new Error(`sshd does not listen on port ${port}`)
    await setTimeout(20)
  }
}

/** Nobody is there who could be asked. */
export const noSecrets: SshSecrets = {
  passphrase: async () => undefined,
  password: async () => undefined,
}
