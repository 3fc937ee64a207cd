import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { expect, onTestFinished, test } from 'vitest'

import { compareTrees } from '../../examples/compare-trees.ts'
import { CliPlace, type CliProcess, resultOf, summaryOf } from '../support/cli.ts'
import { makeCertificate } from '../support/dunesea-server.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { freePort } from '../support/ssh-server.ts'

/** The server as its owner runs it: a process of the program. */
class ServerProcess {
  readonly place: CliPlace
  readonly words: readonly string[]
  #child: CliProcess | undefined

  constructor(place: CliPlace, port: number, tls: readonly string[] = []) {
    this.place = place
    this.words = ['serve', 'dunesea', '--store', join(place.folder, 'server'), '--listen', `127.0.0.1:${port}`, ...tls]
    onTestFinished(() => void this.#child?.kill('SIGKILL'))
  }

  /** Resolves once it takes requests. */
  async start(): Promise<void> {
    const child = this.place.start([...this.words, '--json'])
    this.#child = child
    for await (const line of createInterface({ input: child.stdout })) {
      expect(JSON.parse(line)).toMatchObject({ type: 'listening' })
      break
    }
    child.stdout.resume()
    child.stderr.resume()
  }

  /** Asks it to end; returns its exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (child === undefined) return null
    const ended = resultOf(child)
    child.kill(signal)
    return (await ended).code
  }

  async token(domain: string, ...options: readonly string[]): Promise<string> {
    const words = ['serve', 'dunesea', '--store', join(this.place.folder, 'server'), 'token', 'add', domain, ...options]
    return (await this.place.succeed(words)).stdout.trim()
  }
}

/** A machine that keeps its repository in a domain. */
function client(url: string, token: string): CliPlace {
  const place = new CliPlace()
  Object.assign(place.environment, { TIDEMARK_REPOSITORY: url, TIDEMARK_DUNESEA_TOKEN: token })
  return place
}

test('two machines keep their repositories on one server, over TLS, and neither reads what is of the other', async () => {
  const certificate = makeCertificate()
  onTestFinished(() => rmSync(certificate.folder, { recursive: true }))
  const port = await freePort()
  const files = ['cert', 'key'].map((name) => join(certificate.folder, `${name}.pem`))
  const server = new ServerProcess(new CliPlace(), port, ['--tls-cert', files[0]!, '--tls-key', files[1]!])
  const url = (domain: string): string => `dunesea+https://127.0.0.1:${port}/${domain}`
  const [home, work] = [await server.token('home'), await server.token('work')]
  await server.start()

  const place = client(url('home'), home)
  writeFileSync(join(place.source, 'hello.txt'), 'hello\n')
  writeFileSync(join(place.source, 'large'), patternBytes(5 << 20, 1))
  const untrusted = await place.run(['init', '--no-recovery', '--kdf-memory', '8M'])
  expect(untrusted.code).toBe(1)
  expect(untrusted.stderr).toContain('NODE_EXTRA_CA_CERTS')
  place.environment['NODE_EXTRA_CA_CERTS'] = files[0]!
  await place.init()
  const first = summaryOf((await place.succeed(['backup', place.source, '--json'])).stdout)
  expect(first).toMatchObject({ pointType: 'full', filesNew: 2, errors: 0 })
  const second = summaryOf((await place.succeed(['backup', place.source, '--json'])).stdout)
  expect(second).toMatchObject({ pointType: 'incremental', filesUnchanged: 2, bytesRead: 0 })
  await place.succeed(['restore', `latest:${place.source}`, '--target', join(place.folder, 'restored')])
  expect(await compareTrees(place.source, join(place.folder, 'restored'))).toMatchObject({ differences: [] })

  // With the password of the other, but not its token.
  const other = client(url('home'), work)
  other.environment['NODE_EXTRA_CA_CERTS'] = files[0]!
  const denied = await other.run(['points'])
  expect(denied.code).toBe(1)
  expect(denied.stderr).toContain('another domain')
  expect(denied.stderr).not.toContain(work.split('.')[1])
  const nothing = await other.run(['points', '-r', url('work')])
  expect(nothing.code).toBe(10)

  expect(await server.end('SIGTERM')).toBe(0)
  // On the server itself, a domain is a folder like any local repository.
  const folder = join(server.place.folder, 'server', 'domains', 'home')
  const points = await place.succeed(['points', '-r', folder, '--json'])
  expect(JSON.parse(points.stdout)).toHaveLength(2)
})

test('a backup and a restore go on after their server was killed and started again', async () => {
  const port = await freePort()
  const server = new ServerProcess(new CliPlace(), port)
  const place = client(`dunesea+http://127.0.0.1:${port}/home`, await server.token('home'))
  writeFileSync(join(place.source, 'large'), patternBytes(48 << 20, 2))
  await server.start()
  await place.init()
  const packs = join(server.place.folder, 'server', 'domains', 'home', 'packs')
  const backup = place.start(['backup', place.source, '--json', '--limit-upload', '24M'])
  const ended = resultOf(backup)
  await expect.poll(() => existsSync(packs)).toBe(true)
  await server.end('SIGKILL')
  await server.start()
  const { code, stdout } = await ended
  expect(code).toBe(0)
  expect(summaryOf(stdout)).toMatchObject({ pointType: 'full', errors: 0 })

  const target = join(place.folder, 'restored')
  const restore = place.start(['restore', `latest:${place.source}`, '--target', target, '--limit-download', '24M'])
  const restored = resultOf(restore)
  await expect.poll(() => existsSync(target)).toBe(true)
  await server.end('SIGKILL')
  await server.start()
  expect((await restored).code).toBe(0)
  expect(await compareTrees(place.source, target)).toMatchObject({ differences: [] })
})

test('an append-only token makes backups, and cannot forget them; a revoked one opens nothing', async () => {
  const port = await freePort()
  const server = new ServerProcess(new CliPlace(), port)
  const token = await server.token('home', '--append-only', '--quota', '100M')
  const place = client(`dunesea+http://127.0.0.1:${port}/home`, token)
  writeFileSync(join(place.source, 'hello.txt'), 'hello\n')
  await server.start()
  await place.init()
  await place.succeed(['backup', place.source])
  writeFileSync(join(place.source, 'hello.txt'), 'hello again\n')
  await place.succeed(['backup', place.source])
  const forgotten = await place.run(['forget', 'latest~1', '--json'])
  expect(forgotten.code).toBe(1)
  expect(forgotten.stderr).toContain('may only add')
  const cat = await place.succeed(['cat', `latest~1:${join(place.source, 'hello.txt')}`])
  expect(cat.stdout).toBe('hello\n')

  const list = await place.succeed([...server.words.slice(0, 4), 'token', 'list', '--json'])
  const [listed] = JSON.parse(list.stdout) as [{ readonly id: string }]
  expect(listed).toMatchObject({ domain: 'home', appendOnly: true, quota: 100 << 20, id: token.split('.')[0] })
  await place.succeed([...server.words.slice(0, 4), 'token', 'revoke', listed.id])
  const revoked = await place.run(['points'])
  expect(revoked.code).toBe(1)
  expect(revoked.stderr).toContain('does not accept the token')
})

test('wrong usage of the server is told before it starts', async () => {
  const place = new CliPlace()
  const store = ['--store', join(place.folder, 'server')]
  for (const [words, says] of [
    [['serve', 'dunesea'], '--store'],
    [['serve', 'dunesea', ...store, '--tls-cert', 'cert.pem'], '--tls-key'],
    [['serve', 'dunesea', ...store, 'token', 'add', '../etc'], 'name of a domain'],
  ] as const) {
    const { code, stderr } = await place.run(words)
    expect([words.join(' '), code]).toEqual([words.join(' '), 2])
    expect(stderr).toContain(says)
  }
  const file = join(place.folder, 'token')
  const made = await place.succeed(['serve', 'dunesea', ...store, 'token', 'add', 'home', '--token-file', file])
  expect(made.stdout).toBe('')
  expect(readFileSync(file, 'utf8')).toMatch(/^[0-9a-f]{12}\.[A-Za-z0-9_-]{43}\n$/)
})
