import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { createSftpStore } from '../../../drivers/sftp/create-store.ts'
import { openSftpDriver, type SftpDriver } from '../../../drivers/sftp/sftp-driver.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { objectPath } from '../../../src/storage/driver.ts'
import { withRetries } from '../../../src/storage/retry.ts'
import { passes } from '../../support/eventually.ts'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { freshName, listIds } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { rootTest } from '../../support/root-test.ts'
import { NOBODY, noSecrets, SERVED_BY_NOBODY, startSshServer, type TestSshServer } from '../../support/ssh-server.ts'

let ssh: TestSshServer
beforeAll(async () => {
  ssh = await startSshServer()
})
afterAll(() => ssh[Symbol.asyncDispose]())
let stores = 0

interface Store {
  readonly driver: SftpDriver
  readonly folder: string
}

async function openStore(port = ssh.port): Promise<Store> {
  const folder = join(ssh.folder, `faulty-${stores++}`)
  const direct = { server: ssh.server(), secrets: noSecrets, path: folder, location: `sftp://127.0.0.1${folder}` }
  await createSftpStore(direct)
  const knownHosts = [ssh.knownHosts.replace(`:${ssh.port}`, `:${port}`)]
  const driver = await openSftpDriver({ ...direct, server: ssh.server({ port, knownHosts }) })
  onTestFinished(() => driver[Symbol.asyncDispose]())
  return { driver, folder }
}

const retrying = (driver: SftpDriver, attempts = 6) => withRetries(driver, { attempts, delayMs: 20 })

describe('a connection that breaks', () => {
  test.each([
    { what: 'put', bytes: 300_000, rounds: 12 },
    { what: 'put over several channels', bytes: 5 << 20, rounds: 6 },
  ])('at any byte of a $what leaves all or nothing under the name, and the next attempt stores it', async (put) => {
    const { bytes, rounds } = put
    await using proxy = await startFaultProxy(ssh.port)
    const { driver } = await openStore(proxy.port)
    const before = proxy.bytes
    const whole = patternBytes(bytes, 7)
    await driver.put(freshName(), [whole])
    const cost = proxy.bytes - before
    for (let round = 1; round <= rounds; round++) {
      const object = freshName()
      proxy.cutAfter(Math.floor((cost * round) / rounds))
      const error = await driver.put(object, [whole]).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      proxy.cutAfter(Infinity)
      if (error !== undefined) expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retry: 'transient' })
      // Where it was cut right behind the last answer, who asks next may be the first to meet that.
      const store = retrying(driver)
      const stored = (await listIds(store, 'packs')).includes(object.id)
      if (error === undefined) expect(stored).toBe(true)
      if (stored) expect(Buffer.compare(await store.get(object), whole)).toBe(0)
      else await store.put(object, [whole])
      expect(Buffer.compare(await store.get(object), whole)).toBe(0)
    }
  })

  test('with retries is not noticed by whoever puts, gets, lists and removes', async () => {
    await using proxy = await startFaultProxy(ssh.port)
    const { driver } = await openStore(proxy.port)
    const store = retrying(driver)
    const objects = Array.from({ length: 6 }, () => freshName())
    const bodies = objects.map((_, at) => patternBytes(200_000 + at, at))
    for (const [at, object] of objects.entries()) {
      proxy.cutAfter(120_000)
      await store.put(object, [bodies[at] ?? utf8('')])
    }
    for (const [at, object] of objects.entries()) {
      proxy.cutAfter(90_000)
      expect(Buffer.compare(await store.get(object), bodies[at] ?? utf8(''))).toBe(0)
    }
    proxy.cutAfter(500)
    expect(await listIds(store, 'packs')).toEqual(objects.map(({ id }) => id).sort())
    expect(proxy.connections).toBeGreaterThan(10)
  })

  test('while the server is away is unavailable, and works again once it is back', async () => {
    await using server = await startSshServer()
    const folder = join(server.folder, 'store')
    const options = { server: server.server(), secrets: noSecrets, path: folder, location: 'sftp://there' }
    await createSftpStore(options)
    await using driver = await openSftpDriver(options)
    const object = freshName()
    await driver.put(object, [utf8('before')])
    await server.kill()
    await expect(driver.get(object)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retry: 'transient' })
    await expect(listIds(driver, 'packs')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(driver.stat(object)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    const waiting = retrying(driver, 12).get(object)
    await server.start()
    expect(await waiting).toEqual(utf8('before'))
  })
})

describe('the folder of a store', () => {
  test('is not there: no repository', async () => {
    const path = join(ssh.folder, 'nowhere')
    const options = { server: ssh.server(), secrets: noSecrets, path, location: 'sftp://there/nowhere' }
    for (const call of [
      async (driver: SftpDriver) => listIds(driver, 'packs'),
      async (driver: SftpDriver) => driver.get(freshName()),
      async (driver: SftpDriver) => driver.put(freshName(), [utf8('x')]),
      async (driver: SftpDriver) => driver.space(),
    ]) {
      await using driver = await openSftpDriver(options)
      for (let time = 0; time < 2; time++) {
        await expect(call(driver)).rejects.toMatchObject({ code: 'NO_REPOSITORY' })
      }
    }
    expect(existsSync(path)).toBe(false)
  })

  test.each(['there', 'nowhere'])(
    'is %s: looked for again when the connection broke before it was found',
    async (name) => {
      mkdirSync(join(ssh.folder, 'there'), { recursive: true })
      await using proxy = await startFaultProxy(ssh.port)
      const knownHosts = [ssh.knownHosts.replace(`:${ssh.port}`, `:${proxy.port}`)]
      const server = ssh.server({ port: proxy.port, knownHosts })
      const path = join(ssh.folder, name)
      await using driver = await openSftpDriver({ server, secrets: noSecrets, path, location: `sftp://${name}` })
      proxy.refusing = true
      proxy.cut()
      await expect(listIds(driver, 'dead')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
      proxy.refusing = false
      const listing = expect(listIds(driver, 'dead'))
      if (name === 'there') await listing.resolves.toEqual([])
      else await listing.rejects.toMatchObject({ code: 'NO_REPOSITORY' })
    },
  )

  test('is a file: no repository, and no place for one', async () => {
    const path = join(ssh.folder, 'a-file')
    writeFileSync(path, '')
    const options = { server: ssh.server(), secrets: noSecrets, path, location: 'sftp://there/a-file' }
    await using driver = await openSftpDriver(options)
    for (let time = 0; time < 2; time++) {
      await expect(listIds(driver, 'packs')).rejects.toMatchObject({ code: 'NO_REPOSITORY' })
    }
    await expect(createSftpStore(options)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  })

  test('that holds something else is not taken', async () => {
    const path = join(ssh.folder, 'photos')
    mkdirSync(path)
    writeFileSync(join(path, 'holiday.jpg'), '')
    const options = { server: ssh.server(), secrets: noSecrets, path, location: 'sftp://there/photos' }
    await expect(createSftpStore(options)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringContaining('holiday.jpg') as string,
    })
  })

  test('that vanishes is unavailable, never empty', async () => {
    const { driver, folder } = await openStore()
    const object = freshName()
    await driver.put(object, [utf8('x')])
    rmSync(folder, { recursive: true })
    await expect(listIds(driver, 'packs')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(driver.get(object)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(driver.put(freshName(), [utf8('y')])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  test('whose subfolders vanish is made whole by the next attempt', async () => {
    const { driver, folder } = await openStore()
    await driver.put(freshName(), [utf8('x')])
    rmSync(join(folder, 'tmp'), { recursive: true })
    const object = freshName()
    await retrying(driver).put(object, [utf8('y')])
    expect(await driver.get(object)).toEqual(utf8('y'))
  })

  test('is laid out as a local one, and whatever else lies there is passed over', async () => {
    const { driver, folder } = await openStore()
    const object = freshName()
    await driver.put(object, [utf8('x')])
    expect(existsSync(join(folder, objectPath(object)))).toBe(true)
    expect(readdirSync(join(folder, 'tmp'))).toEqual([])
    const other = freshName()
    mkdirSync(join(folder, 'packs', other.id.slice(0, 2)), { recursive: true })
    symlinkSync('/etc/hostname', join(folder, objectPath(other)))
    writeFileSync(join(folder, 'packs', 'notes.txt'), '')
    const third = freshName()
    mkdirSync(join(folder, objectPath(third)), { recursive: true })
    expect(await listIds(driver, 'packs')).toEqual([object.id])
    for (const name of [other, third]) {
      await expect(driver.get(name)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(driver.stat(name)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  test('is rid of what crashed writers left in it more than a day ago', async () => {
    const { driver, folder } = await openStore()
    const old = join(folder, 'tmp', 'a'.repeat(32))
    const fresh = join(folder, 'tmp', 'b'.repeat(32))
    for (const path of [old, fresh]) writeFileSync(path, 'left')
    utimesSync(old, new Date(0), new Date(0))
    await driver.put(freshName(), [utf8('x')])
    await passes(() => expect(existsSync(old)).toBe(false))
    expect(existsSync(fresh)).toBe(true)
  })
})

rootTest('a full disk of the server is told as such, and nothing is left under the name', async () => {
  const { driver, folder } = await openStore()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder])
  onTestFinished(() => void execFileSync('umount', ['-l', folder]))
  const object = freshName()
  await expect(driver.put(object, [patternBytes(8 << 20, 1)])).rejects.toMatchObject({ code: 'STORE_FULL' })
  expect(await listIds(driver, 'packs')).toEqual([])
  expect(readdirSync(join(folder, 'tmp'))).toEqual([])
  const small = freshName()
  await driver.put(small, [utf8('fits')])
  expect(await driver.get(small)).toEqual(utf8('fits'))
})

rootTest(
  'what is large is stored by a user whom modes bind, in one session, and where nobody changes modes',
  async () => {
    const noModes = 'ForceCommand /usr/lib/openssh/sftp-server -P setstat,fsetstat'
    for (const config of [[SERVED_BY_NOBODY], ['MaxSessions 1'], [noModes]]) {
      await using server = await startSshServer(config)
      chmodSync(server.folder, 0o755)
      const folder = join(server.folder, 'store')
      mkdirSync(folder, { mode: 0o700 })
      chownSync(folder, NOBODY, NOBODY)
      const options = { server: server.server(), secrets: noSecrets, path: folder, location: 'sftp://there' }
      await createSftpStore(options)
      await using driver = await openSftpDriver(options)
      const [object, whole] = [freshName(), patternBytes(5 << 20, 1)]
      await driver.put(object, [whole])
      expect(Buffer.compare(await driver.get(object), whole)).toBe(0)
    }
  },
)

test('how much room there is on the server is told', async () => {
  const { driver, folder } = await openStore()
  const [unit = 0, blocks = 0] = execFileSync('stat', ['-f', '-c', '%S %b', folder], { encoding: 'utf8' })
    .split(' ')
    .map(Number)
  const space = await driver.space()
  expect(space?.total).toBe(unit * blocks)
  expect(space?.free).toBeGreaterThan(0)
  expect(space?.free).toBeLessThan(unit * blocks)
})

test('a server that serves for reading only denies writing, and nothing else', async () => {
  await using server = await startSshServer(['ForceCommand internal-sftp -R'])
  const { driver, folder } = await openStore()
  const object = freshName()
  await driver.put(object, [utf8('x')])
  const options = { server: server.server(), secrets: noSecrets, path: folder, location: 'sftp://there' }
  await using readOnly = await openSftpDriver(options)
  expect(await readOnly.get(object)).toEqual(utf8('x'))
  await expect(readOnly.put(freshName(), [utf8('y')])).rejects.toMatchObject({ code: 'STORE_DENIED' })
  await expect(readOnly.remove(object)).rejects.toMatchObject({ code: 'STORE_DENIED' })
})
