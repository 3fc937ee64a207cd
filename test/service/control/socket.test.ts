import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { expect, onTestFinished, test } from 'vitest'

import { askDaemonForKey } from '../../../src/service/control/ask-key.ts'
import { ControlClient } from '../../../src/service/control/client.ts'
import { startTestControl, type TestControl, UID } from '../../support/control-server.ts'
import { rootTest } from '../../support/root-test.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const NOBODY = 65534

async function control(folder?: string): Promise<TestControl> {
  const server = await startTestControl(folder)
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

/** Leaves a socket that nobody listens at any more, as a process that was killed does. */
function staleSocket(path: string): void {
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  spawnSync(process.execPath, ['-e', script, path])
}

/** Sends bytes and returns what comes back until the other side closes. */
async function raw(path: string, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(path, () => socket.write(bytes))
    socket.on('data', (part) => (answer += part.toString('latin1')))
    // Who refuses something may close before all of it has come; what was answered is read for all that.
    socket.once('error', () => undefined)
    socket.once('close', () => resolve(answer))
  })
}

test('the socket is for its user alone, and gone after the server', async () => {
  const server = await startTestControl()
  expect(statSync(server.path).mode & 0o777).toBe(0o600)
  expect(statSync(dirname(server.path)).mode & 0o777).toBe(0o700)
  await server[Symbol.asyncDispose]()
  expect(existsSync(server.path)).toBe(false)
})

test('every request has its principal', async () => {
  const { accesses, path } = await control()
  await using client = await ControlClient.connect(path, UID)
  await client?.status()
  expect(accesses).toEqual([
    { principal: { kind: 'user', uid: UID, pid: process.pid }, method: 'GET', path: '/v1/status', status: 200 },
  ])
})

test('a socket that a killed daemon left is replaced, and costs a client nothing', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'control', 'control.sock')
  staleSocket(path)
  expect(existsSync(path)).toBe(true)
  expect(await ControlClient.connect(path, UID)).toBeUndefined()
  expect(await askDaemonForKey({ socketPath: path, uid: UID, location: '/a' })).toBeUndefined()
  const server = await control(folder)
  expect(await askDaemonForKey({ socketPath: server.path, uid: UID, location: '/a' })).toBeUndefined()
})

test('a second daemon is told that one runs, and leaves its socket alone', async () => {
  const folder = temporaryFolder()
  const { path } = await control(folder)
  await expect(startTestControl(folder)).rejects.toThrow('a daemon runs already')
  await using client = await ControlClient.connect(path, UID)
  expect(await client?.status()).toMatchObject({ pid: process.pid })
})

test('what lies at the place of the socket and is none is left alone', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'control'), { mode: 0o700 })
  writeFileSync(join(folder, 'control', 'control.sock'), 'mine')
  await expect(startTestControl(folder)).rejects.toThrow('something else lies there')
})

test('a socket in a folder that others may write to is not believed', async () => {
  const { path } = await control()
  chmodSync(dirname(path), 0o777)
  await expect(ControlClient.connect(path, UID)).rejects.toThrow('belongs to another user')
  await expect(askDaemonForKey({ socketPath: path, uid: UID, location: '/a' })).rejects.toThrow('another user')
})

rootTest('a socket of another user is neither asked nor replaced', async () => {
  const folder = temporaryFolder()
  const { path } = await control(folder)
  chownSync(path, NOBODY, NOBODY)
  await expect(ControlClient.connect(path, UID)).rejects.toThrow('belongs to another user')
  chownSync(path, 0, 0)
  chownSync(dirname(path), NOBODY, NOBODY)
  await expect(startTestControl(folder)).rejects.toThrow('belongs to another user')
})

rootTest('a process of another user is not let in, even where the file modes let it', async () => {
  const folder = temporaryFolder()
  const server = await control(folder)
  await using client = await ControlClient.connect(server.path, UID)
  await client?.hold('/a', heldKey())
  const before = server.accesses.length
  chmodSync(folder, 0o755)
  chmodSync(dirname(server.path), 0o755)
  chmodSync(server.path, 0o777)
  const script = `
    const socket = require('net').connect(process.argv[1], () => socket.write('GET /v1/key?location=/a HTTP/1.0\\r\\n\\r\\n'))
    socket.on('data', () => console.log('answered'))
    socket.on('error', () => {})
    socket.on('close', () => console.log('closed'))`
  const run = spawnAs(NOBODY, script, server.path)
  expect(await run).toBe('closed\n')
  expect(String(server.faults[0])).toContain(`of the user ${NOBODY} was not let in`)
  expect(server.accesses.slice(before)).toEqual([])
})

test('garbage is refused, and what is sent too slowly or too much is cut off, while others are served', async () => {
  const { path, faults } = await control()
  expect(await raw(path, '\0\x01\x02 nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  expect(await raw(path, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
  const large = 'x'.repeat(200 << 10)
  const head = `POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n`
  expect(await raw(path, `${head}content-length: ${large.length}\r\n\r\n${large}`)).toMatch(/^HTTP\/1\.1 413 /)
  expect(await raw(path, `${head}content-length: 5\r\n\r\n{"a":`)).toMatch(/^HTTP\/1\.1 400 /)
  const deep = `{"name":"x","about":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
  expect(await raw(path, `${head}content-length: ${deep.length}\r\n\r\n${deep}`)).toMatch(/^HTTP\/1\.1 400 /)
  // These never say what they want.
  const silent = await Promise.all(Array.from({ length: 20 }, () => opened(path)))
  await using client = await ControlClient.connect(path, UID)
  expect(await client?.status()).toMatchObject({ plans: 0 })
  for (const socket of silent) socket.destroy()
  expect(faults).toEqual([])
})

test('a daemon that does not answer keeps nobody waiting for ever', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'control.sock')
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  expect(await askDaemonForKey({ socketPath: path, uid: UID, location: '/a' })).toBeUndefined()
})

async function opened(path: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(path, () => resolve(socket))
    socket.on('error', () => undefined)
  })
}

function heldKey() {
  const slot = 'ab'.repeat(32) as never
  return { kind: 'derived', slot, bytes: new Uint8Array(32).fill(3), credentials: new Map() } as const
}

async function spawnAs(uid: number, script: string, path: string): Promise<string> {
  const who = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', process.execPath, '-e', script, path]
  const { stdout } = await promisify(execFile)('setpriv', who)
  return stdout
}
