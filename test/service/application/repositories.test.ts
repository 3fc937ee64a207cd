import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { MemoryDriver } from '../../../drivers/memory/memory-driver.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { collect } from '../../../src/base/collect.ts'
import { StorageError } from '../../../src/base/errors.ts'
import { systemRandomness } from '../../../src/base/random.ts'
import { KDF_DEFAULT, KDF_MEMORY_KIB_MIN } from '../../../src/crypto/kdf.ts'
import { Repositories, type Stores } from '../../../src/service/application/repositories.ts'
import { RepositoryDesk } from '../../../src/service/application/repository-desk.ts'
import { addRepository } from '../../../src/service/configuration.ts'
import type { RepositoryEdit } from '../../../src/service/configuration-file.ts'
import { ManualTimers, secretOf } from '../../support/application-fixture.ts'
import { temporaryMemoryFolder } from '../../support/temporary-folder.ts'

const unused = async (): Promise<never> => Promise.reject(new Error('nothing of it is asked'))
const STORES: Stores = {
  ...{ driverName: () => 'memory', open: unused, openToTest: unused, create: unused },
  acceptHostKey: unused,
}

/** Repositories in stores that a test makes, and the desk over them. */
function openDesk(stores: Partial<Stores> = {}) {
  const folder = temporaryMemoryFolder()
  const paths = { configFile: join(folder, 'config.yaml'), stateDirectory: folder, cacheDirectory: folder }
  const common = { paths, clock: systemClock, randomness: systemRandomness, stores: { ...STORES, ...stores } }
  const repositories = new Repositories({
    ...{ ...common, workingDirectory: folder, given: undefined, givenSecret: async () => undefined },
    ...{ after: new ManualTimers().after, onChange: () => undefined },
    describeInstance: () => ({ name: 'me', host: 'h', user: 'u' }),
  })
  onTestFinished(() => repositories[Symbol.asyncDispose]())
  const kdf = { ...KDF_DEFAULT, memoryKib: KDF_MEMORY_KIB_MIN }
  const desk = new RepositoryDesk({ ...common, repositories, kdf, onChange: () => undefined })
  return { desk, repositories, configFile: paths.configFile }
}

test('a repository whose limits are changed elsewhere stays as it is, open or not; what is opened otherwise is another one', async () => {
  const { configFile, repositories } = openDesk()
  const known = async (edit: Partial<RepositoryEdit>): Promise<unknown> => {
    await addRepository(configFile, { name: 'home', url: '/r', makeDefault: false, ...edit })
    return (await repositories.all()).get('home')
  }
  const first = await known({})
  const limits = { upload: 1 << 20, download: undefined }
  expect(await known({ limits })).toBe(first)
  expect(first).toMatchObject({ place: { configured: { limits } } })
  const other = await known({ secrets: new Map([['password', { from: 'env', name: 'OTHER' }]]) })
  expect(other).not.toBe(first)
})

const FORM = { name: 'home', url: '/r', create: true }

test('making a repository stops where nobody waits for it any more, unless it is made: then it is added', async () => {
  const leaving = new AbortController()
  const driver = new MemoryDriver()
  const before = openDesk({ create: async () => leaving.abort(), open: async () => driver })
  await expect(before.desk.add(FORM, secretOf('geheim'), leaving.signal)).rejects.toThrow('aborted')
  expect((await before.repositories.all()).size).toBe(0)
  for (const kind of ['config', 'keys'] as const) expect(await collect(driver.list(kind))).toEqual([])

  const late = new AbortController()
  const put = driver.put.bind(driver)
  driver.put = async (...given) => put(...given).then(() => late.abort())
  const behind = openDesk({ create: async () => undefined, open: async () => driver })
  await behind.desk.add(FORM, secretOf('geheim'), late.signal)
  expect(late.signal.aborted).toBe(true)
  expect((await behind.repositories.get('home')).state.kind).toBe('open')
})

test('the recovery code of a repository that was made is told, though its store is away by then', async () => {
  const driver = new MemoryDriver()
  let opened = 0
  const open = async () => {
    if (opened++ === 0) return driver
    throw new StorageError('STORE_UNAVAILABLE', 'it is away')
  }
  const { desk, repositories } = openDesk({ create: async () => undefined, open })
  expect(await desk.add(FORM, secretOf('geheim'), new AbortController().signal)).toMatch(/^[0-9A-Z-]{20,}$/)
  expect((await repositories.get('home')).state).toMatchObject({ kind: 'unreachable', message: 'it is away' })
})

test('what cannot be where a repository lies is refused before anything is made there', async () => {
  const { desk } = openDesk()
  for (const url of ['', 'folder', '/a\0b', 's3://ada:geheim@bucket', `/${'x'.repeat(5000)}`]) {
    const added = desk.add({ ...FORM, url }, secretOf('geheim'), new AbortController().signal)
    await expect(added).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  }
})
