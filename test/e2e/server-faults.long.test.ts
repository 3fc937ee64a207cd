import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { compareTrees } from '../../examples/compare-trees.ts'
import { CliPlace, type CliProcess, resultOf, summaryOf } from '../support/cli.ts'
import { type HttpProxy, type ProxiedRequest, startHttpProxy } from '../support/http-proxy.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { S3_CREDENTIALS, startS3Server, type TestS3Server } from '../support/s3-server.ts'
import { startSshServer, type TestSshServer } from '../support/ssh-server.ts'

/** More than a pack: in the middle a server can go away. */
const LARGE_BYTES = 24 << 20
const AWAY_MS = 300
const WAIT_MS_MAX = 20_000
/** So that there is a middle. */
const SLOWLY = ['--limit-upload', '20MiB/s', '--limit-download', '20MiB/s']

let ssh: TestSshServer
let s3: TestS3Server
let proxy: HttpProxy
beforeAll(async () => {
  ssh = await startSshServer()
  s3 = await startS3Server()
  proxy = await startHttpProxy(s3.port)
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await s3[Symbol.asyncDispose]()
  await ssh[Symbol.asyncDispose]()
})
let count = 0

async function until(isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error('what was waited for did not happen')
    await setTimeout(5)
  }
}

function sftpPlace(): { readonly place: CliPlace; readonly folder: string } {
  const place = new CliPlace()
  const keys = join(place.home, '.ssh')
  mkdirSync(keys, { mode: 0o700 })
  writeFileSync(join(keys, 'id_ed25519'), readFileSync(ssh.keyFile), { mode: 0o600 })
  writeFileSync(join(keys, 'known_hosts'), ssh.knownHosts)
  const folder = join(ssh.folder, `faulty-${count++}`)
  place.environment['TIDEMARK_REPOSITORY'] = `sftp://127.0.0.1:${ssh.port}${folder}`
  return { place, folder }
}

function s3Place(): CliPlace {
  const place = new CliPlace()
  const url = s3.url(`faulty/store-${count++}`, proxy.port)
  Object.assign(place.environment, S3_CREDENTIALS, { TIDEMARK_REPOSITORY: url })
  return place
}

/** Takes a server away once `isMidway`, and brings it back; returns what a program that was at work then said. */
async function interrupt(
  child: CliProcess,
  server: { readonly isMidway: () => boolean; stop(): Promise<void>; start(): Promise<void> },
) {
  const ended = resultOf(child)
  await until(() => server.isMidway() || child.exitCode !== null)
  expect(child.exitCode, 'it ended before the server went away').toBeNull()
  await server.stop()
  await setTimeout(AWAY_MS)
  await server.start()
  return ended
}

describe('a server that goes away in the middle, and comes back', () => {
  test('SFTP: backup and restore wait for it, and all is there byte for byte', async () => {
    const { place, folder } = sftpPlace()
    writeFileSync(join(place.source, 'large'), patternBytes(LARGE_BYTES, 1))
    await place.init()
    const server = { stop: () => ssh.kill(), start: () => ssh.start() }
    // The folder of a pack is made while that is being written.
    const hasPack = (): boolean => readdirSync(join(folder, 'packs')).length > 0
    const backup = place.start(['backup', place.source, '--json', ...SLOWLY])
    const made = await interrupt(backup, { ...server, isMidway: hasPack })
    expect(made.code, made.stderr).toBe(0)
    const target = join(place.folder, 'restored')
    const restore = place.start(['restore', `latest:${place.source}`, '--target', target, ...SLOWLY])
    const hasBegun = (): boolean => readdirSync(place.folder).includes('restored')
    const restored = await interrupt(restore, { ...server, isMidway: hasBegun })
    expect(restored.code, restored.stderr).toBe(0)
    expect(await compareTrees(place.source, target)).toMatchObject({ differences: [] })
  })

  test('S3: backup and restore wait for it, and all is there byte for byte', async () => {
    const place = s3Place()
    writeFileSync(join(place.source, 'large'), patternBytes(LARGE_BYTES, 2))
    await place.init()
    const server = { stop: () => s3.stop(), start: () => s3.start() }
    const hasSeen = (method: string) => {
      proxy.requests.length = 0
      return () => proxy.requests.some((request) => request.method === method && request.url.includes('/packs/'))
    }
    const backup = place.start(['backup', place.source, '--json', ...SLOWLY])
    const made = await interrupt(backup, { ...server, isMidway: hasSeen('PUT') })
    expect(made.code, made.stderr).toBe(0)
    const target = join(place.folder, 'restored')
    const restore = place.start(['restore', `latest:${place.source}`, '--target', target, ...SLOWLY])
    const restored = await interrupt(restore, { ...server, isMidway: hasSeen('GET') })
    expect(restored.code, restored.stderr).toBe(0)
    expect(await compareTrees(place.source, target)).toMatchObject({ differences: [] })
  })
})

describe('a server that does not take more in the middle', () => {
  interface Refusal {
    readonly why: string
    readonly code: string
    readonly message: RegExp
    readonly bytes: number
    /** How many packs are taken before: of a fourth, which waits for the first, it is known that that is stored. */
    readonly packs: number
    readonly refuses: (request: ProxiedRequest) => boolean
  }
  const isPack = ({ method, url }: ProxiedRequest): boolean => method === 'PUT' && url.includes('/packs/')
  const refusals: readonly Refusal[] = [
    {
      why: 'since the key was revoked',
      code: 'InvalidAccessKeyId',
      message: /access key is not known.*\n.*AWS_ACCESS_KEY_ID/,
      bytes: LARGE_BYTES,
      packs: 1,
      refuses: () => true,
    },
    {
      why: 'since it is full',
      code: 'QuotaExceeded',
      message: /no space is left.*\n.*what is stored stays whole/,
      bytes: 56 << 20,
      packs: 3,
      refuses: isPack,
    },
  ]
  test.each(refusals)(
    'S3: $why: the point before stays whole, the message says what to do, and the next run goes on',
    async ({ code, message, bytes, packs, refuses }) => {
      const place = s3Place()
      writeFileSync(join(place.source, 'small'), 'committed before\n')
      await place.init()
      await place.succeed(['backup', place.source])
      writeFileSync(join(place.source, 'large'), patternBytes(bytes, 3))
      let stored = 0
      const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`
      const refusal = { kind: 'status', status: 403, body, headers: { 'content-type': 'application/xml' } } as const
      proxy.fault = (request) => {
        if (isPack(request)) stored++
        return stored > packs && refuses(request) ? refusal : undefined
      }
      const failed = await place.run(['backup', place.source])
      proxy.fault = undefined
      expect(failed.code).toBe(1)
      expect(failed.stderr).toMatch(message)
      const summary = summaryOf((await place.succeed(['check', '--read-data', '--json'])).stdout)
      expect(summary).toMatchObject({ points: 1 })
      const resumed = summaryOf((await place.succeed(['backup', place.source, '--json'])).stdout)
      // What a revoked key stored is in no index: the key may write none.
      if (packs === 3) expect(resumed['bytesStored']).toBeLessThan(bytes - (12 << 20))
      const target = join(place.folder, 'restored')
      await place.succeed(['restore', `latest:${place.source}`, '--target', target])
      expect(await compareTrees(place.source, target)).toMatchObject({ differences: [] })
    },
  )
})

describe('a store that cannot be had at all', () => {
  test('S3: a bucket or prefix that is not there, a key that is not known', async () => {
    const place = s3Place()
    await place.init()
    const asked = async (environment: Record<string, string>) => place.run(['points'], { environment })
    const bucket = await asked({ TIDEMARK_REPOSITORY: s3.url('nowhere/x') })
    expect(bucket.code).toBe(10)
    expect(bucket.stderr).toContain('there is no such bucket')
    const prefix = await asked({ TIDEMARK_REPOSITORY: s3.url('faulty/nothing-here') })
    expect(prefix.code).toBe(10)
    const key = await asked({ AWS_ACCESS_KEY_ID: 'somebody' })
    expect(key.code).toBe(1)
    expect(key.stderr).toContain('Check AWS_ACCESS_KEY_ID')
  })

  test('SFTP: a folder that is not there', async () => {
    const { place } = sftpPlace()
    const missing = await place.run(['points'])
    expect(missing.code).toBe(10)
    expect(missing.stderr).toContain('make a repository with `tidemark init`')
  })
})
