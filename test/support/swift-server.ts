import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

import { passes } from './eventually.ts'
import { freePort } from './ssh-server.ts'

/** Debian's Swift with its S3 layer, on loopback: a proxy, one server of each kind, and a memcached. */
export interface TestSwiftServer extends AsyncDisposable {
  readonly port: number
  /** URL of a repository in it. */
  url(path: string): string
}

/** What it takes as a key of S3. */
export const SWIFT_CREDENTIALS = { accessKeyId: 'test:tester', secretAccessKey: 'testing' } as const

const KINDS = ['account', 'container', 'object'] as const
/** One device, every name on it once, in 2^4 partitions. */
const RING_SHAPE = ['4', '1', '1']

/** Starts one, with all it keeps in a folder of its own. Needs Debian's packages, which `npm run test:long` installs. */
export async function startSwiftServer(): Promise<TestSwiftServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
  mkdirSync(join(folder, 'devices', 'disk'), { recursive: true })
  const running: ChildProcess[] = []
  const start = (program: string, words: readonly string[]): void => {
    running.push(spawn(program, words, { stdio: 'ignore' }))
  }
  const ports: number[] = []
  for (const kind of KINDS) {
    const port = await freePort()
    makeRing(folder, kind, port)
    start(`swift-${kind}-server`, [writeConfig(folder, `${kind}-server`, port, serverOf(kind))])
    ports.push(port)
  }
  const [cachePort, port] = [await freePort(), await freePort()]
  start('memcached', ['-l', '127.0.0.1', '-p', String(cachePort), '-u', userInfo().username])
  start('swift-proxy-server', [writeConfig(folder, 'proxy-server', port, proxyWith(cachePort))])
  const endAll = (): void => running.forEach((child) => void child.kill('SIGKILL'))
  process.once('exit', endAll)
  for (const each of [...ports, cachePort, port]) await passes(() => untilListening(each))
  return {
    port,
    url: (path) => `s3://${path}?endpoint=http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      const ended = running.map(endOf)
      endAll()
      await Promise.all(ended)
      process.off('exit', endAll)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function makeRing(folder: string, kind: string, port: number): void {
  const ring = (...words: string[]): void => {
    execFileSync('swift-ring-builder', [join(folder, `${kind}.builder`), ...words], { stdio: 'ignore' })
  }
  ring('create', ...RING_SHAPE)
  ring('add', `r1z1-127.0.0.1:${port}/disk`, '1')
  ring('rebalance')
}

function writeConfig(folder: string, name: string, port: number, sections: string): string {
  const file = join(folder, `${name}.conf`)
  const common = [
    '[DEFAULT]',
    'bind_ip = 127.0.0.1',
    `bind_port = ${port}`,
    `user = ${userInfo().username}`,
    `swift_dir = ${folder}`,
    `devices = ${join(folder, 'devices')}`,
    'mount_check = false',
    'workers = 0',
  ]
  writeFileSync(file, `${common.join('\n')}\n${sections}`)
  return file
}

function serverOf(kind: string): string {
  return `
[pipeline:main]
pipeline = ${kind}-server
[app:${kind}-server]
use = egg:swift#${kind}
`
}

function proxyWith(cachePort: number): string {
  return `
[pipeline:main]
pipeline = catch_errors cache listing_formats s3api tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${cachePort}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = ${SWIFT_CREDENTIALS.secretAccessKey} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
`
}

async function untilListening(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', reject).once('connect', () => {
      socket.destroy()
      resolve()
    })
  })
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise((resolve) => child.once('exit', resolve))
}
