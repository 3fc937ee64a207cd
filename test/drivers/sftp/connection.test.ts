import { execFileSync, spawn } from 'node:child_process'
import { KeyObject } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import ssh2 from 'ssh2'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { SftpChannel } from '../../../drivers/sftp/sftp-channel.ts'
import { statusOf } from '../../../drivers/sftp/sftp-errors.ts'
import { SftpSession } from '../../../drivers/sftp/sftp-session.ts'
import { connect, type SshConnection } from '../../../drivers/sftp/ssh-connection.ts'
import type { SshSecrets, SshServer } from '../../../drivers/sftp/ssh-server.ts'
import { present } from '../../../src/base/assert.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { rootTest } from '../../support/root-test.ts'
import { freePort, noSecrets, startSshServer, type TestSshServer } from '../../support/ssh-server.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

let ssh: TestSshServer
beforeAll(async () => {
  ssh = await startSshServer()
})
afterAll(() => ssh[Symbol.asyncDispose]())

async function logIn(server: SshServer, secrets: SshSecrets = noSecrets): Promise<void> {
  const connection = await connect(server, secrets)
  await connection.close()
}

/** What a server of `ssh2` has inside for a connection. */
interface ServedInside {
  readonly _chanMgr: { add(channel: unknown): number }
  readonly _protocol: { channelOpenConfirm(remote: number, local: number, window: number, packetSize: number): void }
}

/** Has a server grant a channel so much. */
function granting(window: number, packetSize: number): (inside: ServedInside) => void {
  return ({ _protocol: protocol }) => {
    const confirm = protocol.channelOpenConfirm.bind(protocol)
    protocol.channelOpenConfirm = (remote, local) => confirm(remote, local, window, packetSize)
  }
}

/** Starts a server that says that it is OpenSSH, is otherwise by `alter`, and has no files; where it is `silent`, it opens no channel. */
async function startOtherServer({
  alter,
  silent = false,
}: {
  alter?: (inside: ServedInside) => void
  silent?: boolean
}) {
  const hostKey = readFileSync(strangeKey().path, 'utf8')
  let connections = 0
  const asked = Promise.withResolvers<undefined>()
  const server = new ssh2.Server({ hostKeys: [hostKey], ident: 'OpenSSH_9.9' }, (client) => {
    connections++
    client.on('authentication', (attempt) => attempt.accept())
    client.on('ready', () => alter?.(client as unknown as ServedInside))
    client.on('error', () => undefined)
    client.on('session', (accept) => {
      asked.resolve(undefined)
      if (silent) return
      accept().on('sftp', (serve) => {
        const sftp = serve()
        sftp.on('LSTAT', (request) => sftp.status(request, ssh2.utils.sftp.STATUS_CODE.NO_SUCH_FILE))
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const parsed = ssh2.utils.parseKey(hostKey)
  if (parsed instanceof Error) throw parsed
  const knownHosts = [`[127.0.0.1]:${port} ${parsed.type} ${parsed.getPublicSSH().toString('base64')}\n`]
  const close = async (): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
  return {
    server: ssh.server({ port, knownHosts }),
    connections: () => connections,
    /** Resolves once a channel was asked for. */
    asked: asked.promise,
    [Symbol.asyncDispose]: close,
  }
}

/** Makes a key that the server does not know. */
function strangeKey(passphrase = '', type = 'ed25519'): { path: string; bytes: Buffer } {
  const path = join(temporaryFolder(), 'key')
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-f', path])
  return { path, bytes: readFileSync(path) }
}

/** Makes a key for whose owner the server runs `command` in the place of SFTP. */
function keyThatRuns(command: string): { path: string; bytes: Buffer } {
  const key = strangeKey()
  const publicKey = readFileSync(`${key.path}.pub`, 'utf8')
  appendFileSync(join(ssh.folder, 'authorized_keys'), `command="${command}" ${publicKey}`)
  return key
}

describe('logging in to a server', () => {
  test('a key file opens it, also after others that it does not know', async () => {
    await logIn(ssh.server({ keys: [strangeKey(), ...ssh.server().keys] }))
  })

  test('a key file with a passphrase is opened with what somebody answers', async () => {
    const path = join(temporaryFolder(), 'key')
    execFileSync('sh', ['-c', `cp ${ssh.keyFile} ${path}; ssh-keygen -q -p -P '' -N 'pass phrase' -f ${path}`])
    const asked: string[] = []
    const passphrase = async (of: string) => (asked.push(of), 'pass phrase')
    await logIn(ssh.server({ keys: [{ path, bytes: readFileSync(path) }] }), { ...noSecrets, passphrase })
    expect(asked).toEqual([path])
  })

  test('an agent opens it, behind a key that is named for it alone', async () => {
    const socket = join(temporaryFolder(), 'agent')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    onTestFinished(() => void agent.kill())
    await expect.poll(() => addKey(socket, ssh.keyFile)).toBe(true)
    await logIn(ssh.server({ keys: [], agent: socket }))
    // A server that lets nobody try twice tells what is shown first.
    await using strict = await startSshServer(['MaxAuthTries 1'])
    await logIn(strict.server({ agent: socket, keysFirst: true }))
    await expect(logIn(strict.server({ agent: socket }))).rejects.toMatchObject({
      code: 'STORE_DENIED',
      hint: expect.stringContaining('?identityFile=') as string,
    })
  })

  test('without anything that it takes it is denied, and the message says who was not let in', async () => {
    const denied = { code: 'STORE_DENIED', retry: 'never', message: expect.stringContaining('does not let') as string }
    await expect(logIn(ssh.server({ keys: [] }))).rejects.toMatchObject(denied)
    await expect(logIn(ssh.server({ keys: [strangeKey()] }))).rejects.toMatchObject(denied)
    await expect(logIn(ssh.server({ keys: [], agent: '/nowhere/agent' }))).rejects.toMatchObject(denied)
  })

  test('a key whose passphrase nobody knows is named', async () => {
    const key = strangeKey('secret')
    const problem = { code: 'STORE_DENIED', message: expect.stringContaining(key.path) as string }
    await expect(logIn(ssh.server({ keys: [key] }))).rejects.toMatchObject(problem)
  })

  rootTest('a password opens it, and a wrong one does not', async () => {
    await using server = await startSshServer([], 'open sesame')
    const passwords = (password: string): SshSecrets => ({ ...noSecrets, password: async () => password })
    await logIn(server.server({ keys: [strangeKey()] }), passwords('open sesame'))
    await expect(logIn(server.server({ keys: [] }), passwords('open barley'))).rejects.toMatchObject({
      code: 'STORE_DENIED',
    })
  })

  test('a password is not offered to a server that takes none', async () => {
    let asked = 0
    const password = async () => (asked++, 'secret')
    await expect(logIn(ssh.server({ keys: [] }), { ...noSecrets, password })).rejects.toMatchObject({
      code: 'STORE_DENIED',
    })
    expect(asked).toBeLessThanOrEqual(1)
  })
})

test('key files of any kind are shown signed, without asking first whether they would do', async () => {
  await using server = await startSshServer(['LogLevel VERBOSE'])
  await logIn(server.server({ keys: [strangeKey(), ...server.server().keys] }))
  const rsa = strangeKey('', 'rsa')
  appendFileSync(join(server.folder, 'authorized_keys'), readFileSync(`${rsa.path}.pub`))
  await logIn(server.server({ keys: [rsa] }))
  // The server may write that it let somebody in when it has done so.
  await expect.poll(() => server.log()).toMatch(/Accepted publickey[^]*Accepted publickey/)
  expect(server.log()).not.toContain('Postponed publickey')
})

function openFirst({ client }: SshConnection): SftpChannel {
  return present(
    SftpChannel.openFirst(client, () => client.destroy()),
    'this version of ssh2',
  )
}

describe('the first channel of OpenSSH', () => {
  test('takes calls before the server has opened it', async () => {
    const connection = await connect(ssh.server(), noSecrets)
    onTestFinished(() => connection.close())
    const channel = openFirst(connection)
    expect(channel.isOpen).toBe(false)
    const [info, space] = await Promise.all([channel.lstat(ssh.folder), channel.space(ssh.folder)])
    expect(info.isDirectory()).toBe(true)
    expect(space?.total).toBeGreaterThan(0)
    expect(channel.isOpen).toBe(true)
  })

  test('carries more than was sent before the server said how much it takes', async () => {
    const connection = await connect(ssh.server(), noSecrets)
    onTestFinished(() => connection.close())
    const channel = openFirst(connection)
    const paths = Array.from({ length: 2000 }, (_, i) => join(ssh.folder, `${i}-${'x'.repeat(100)}`))
    const looks = await Promise.allSettled(paths.map(async (path) => channel.lstat(path)))
    expect(new Set(looks.map((look) => look.status === 'rejected' && statusOf(look.reason)))).toEqual(
      new Set(['noSuchFile']),
    )
    const path = join(ssh.folder, 'large')
    const whole = patternBytes(5 << 20, 2)
    await channel.writeFile(await channel.openFile(path, 'create', 0o600), { parts: [whole] }, undefined)
    expect(Buffer.compare(readFileSync(path), whole)).toBe(0)
  })

  test('that is refused is told as such', async () => {
    await using server = await startSshServer(['MaxSessions 0'])
    await using session = new SftpSession(server.server(), noSecrets)
    await expect(session.use(0, (channel) => channel.lstat(server.folder))).rejects.toThrow('open failed')
  })

  test.each([
    ['ends', 'exit 2', { status: 'failure', message: expect.stringContaining('exit code 2') as string }],
    [
      'prints text on',
      'echo Welcome, whoever you are; exec /usr/lib/openssh/sftp-server',
      { status: undefined, message: expect.stringContaining('Packet length') as string },
    ],
  ])('that the server %s is told as such to all who call, after one more login', async (_, command, reason) => {
    await using session = new SftpSession(ssh.server({ keys: [keyThatRuns(command)] }), noSecrets)
    let calls = 0
    const looks = Array.from({ length: 3 }, async () =>
      session.use(0, async (channel) => (calls++, channel.lstat(ssh.folder))),
    )
    for (const look of await Promise.allSettled(looks)) expect(look).toMatchObject({ status: 'rejected', reason })
    expect(calls).toBe(looks.length)
  })

  test.each([
    ['numbers channels otherwise', ({ _chanMgr: channels }: ServedInside) => void channels.add(undefined)],
    ['grants less than was sent ahead', granting(48 << 10, 32 << 10)],
    ['takes smaller packets than were sent ahead', granting(2 << 20, 16 << 10)],
  ])('is waited for where a server only says that it is OpenSSH, and %s', async (_, alter) => {
    await using other = await startOtherServer({ alter })
    await using session = new SftpSession(other.server, noSecrets)
    for (let time = 0; time < 3; time++) {
      await expect(session.use(0, (channel) => channel.lstat('/anything'))).rejects.toMatchObject({
        status: 'noSuchFile',
      })
    }
    expect(other.connections()).toBe(2)
  })
})

test('a channel that the server ends is used no more; after the last one, the next call makes another connection', async () => {
  const log = join(ssh.folder, 'channels')
  const key = keyThatRuns(`echo $$ >> ${log}; exec /usr/lib/openssh/sftp-server`)
  await using session = new SftpSession(ssh.server({ keys: [key] }), noSecrets)
  const look = async (channel: SftpChannel) => (await channel.stat(ssh.folder)).isDirectory()
  const opened = await session.useAll(0, async (channels) => channels)
  // Each has its server once it has answered.
  await Promise.all(opened.map(look))
  const servers = readFileSync(log, 'utf8').trim().split('\n').map(Number)
  expect([opened.length, servers.length]).toEqual([4, 4])
  const kill = async (pids: readonly number[], left: number) => {
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    const answering = async () => (await Promise.allSettled(opened.map(look))).filter(isFulfilled).length
    await expect.poll(answering).toBe(left)
  }
  await kill(servers.slice(0, 1), 3)
  expect(await Promise.all(Array.from({ length: 8 }, () => session.use(0, look)))).not.toContain(false)
  expect(await session.useAll(0, async (channels) => Promise.all(channels.map(look)))).toEqual([true, true, true])
  await kill(servers.slice(1), 0)
  expect(await session.use(0, look)).toBe(true)
})

test('a session that is closed before the server has answered makes no other connection, for nobody', async () => {
  await using other = await startOtherServer({ silent: true })
  const session = new SftpSession(other.server, noSecrets)
  const look = async () => session.use(0, (channel) => channel.lstat('/anything'))
  const waiting = expect(look()).rejects.toThrow('the connection was closed')
  await other.asked
  await session[Symbol.asyncDispose]()
  await waiting
  await expect(look()).rejects.toThrow('the connection was closed')
  expect(other.connections()).toBe(1)
})

test('keys that are agreed on anew in the middle of a transfer are taken, and prepared as the first ones were', async () => {
  await using server = await startSshServer(['RekeyLimit 256K'])
  const connection = await connect(server.server(), noSecrets)
  onTestFinished(() => connection.close())
  const { client, isOpenSsh } = connection
  let handshakes = 0
  client.on('handshake', () => handshakes++)
  const channel = await SftpChannel.open(client, isOpenSsh)
  const whole = patternBytes(2 << 20, 1)
  const path = join(server.folder, 'object')
  await channel.writeFile(await channel.openFile(path, 'create', 0o600), { parts: [whole] }, undefined)
  const back = Buffer.alloc(whole.byteLength)
  await channel.read(await channel.openFile(path, 'read', 0), back, 0, undefined)
  expect(Buffer.compare(back, whole)).toBe(0)
  expect(handshakes).toBeGreaterThan(1)
  const prepared = expect.any(KeyObject) as KeyObject
  expect(client).toMatchObject({ _protocol: { _cipher: { _encKey: prepared }, _decipher: { _decipherKey: prepared } } })
})

describe('the key of a server', () => {
  test('that is not known is refused with its fingerprint and how to accept it', async () => {
    await expect(logIn(ssh.server({ knownHosts: [] }))).rejects.toMatchObject({
      code: 'STORE_DENIED',
      message: expect.stringMatching(/not known: ssh-ed25519 SHA256:/) as string,
      hint: expect.stringContaining(`ssh-keyscan -p ${ssh.port} 127.0.0.1`) as string,
    })
  })

  test('that is another one than was known is refused', async () => {
    const other = readFileSync(`${strangeKey().path}.pub`, 'utf8')
    await expect(logIn(ssh.server({ knownHosts: [`[127.0.0.1]:${ssh.port} ${other}`] }))).rejects.toMatchObject({
      code: 'STORE_DENIED',
      message: expect.stringContaining('another one than was known') as string,
      hint: expect.stringContaining('ssh-keygen -R') as string,
    })
  })
})

describe('a server that cannot be reached', () => {
  test('is unavailable for now when nothing listens', async () => {
    const port = await freePort()
    const problem = {
      code: 'STORE_UNAVAILABLE',
      retry: 'transient',
      message: expect.stringContaining(String(port)) as string,
    }
    await expect(logIn(ssh.server({ port }))).rejects.toMatchObject(problem)
  })

  test('is unavailable when its name is not known', async () => {
    const address = 'no-such-host.invalid'
    await expect(logIn(ssh.server({ name: address, address }))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  test('is reached through a jump host', async () => {
    await logIn(ssh.server({ jump: ssh.server() }))
    await expect(logIn(ssh.server({ jump: ssh.server({ keys: [] }) }))).rejects.toMatchObject({ code: 'STORE_DENIED' })
    await expect(logIn(ssh.server({ port: 1, jump: ssh.server() }))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
  })
})

function isFulfilled(result: PromiseSettledResult<unknown>): boolean {
  return result.status === 'fulfilled'
}

function addKey(socket: string, file: string): boolean {
  try {
    execFileSync('ssh-add', ['-q', file], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
