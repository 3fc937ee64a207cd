import { beforeEach, expect, test } from 'vitest'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import type { TidemarkError } from '../../src/base/errors.ts'
import type { RepositoryId } from '../../src/base/ids.ts'
import { updateConfig } from '../../src/repository/config-store.ts'
import { createRepository } from '../../src/repository/create-repository.ts'
import { LocalCache } from '../../src/repository/local-cache.ts'
import type { OpenedKeys } from '../../src/repository/open-keys.ts'
import { openRepository, type OpenRepositoryOptions, type Repository } from '../../src/repository/repository.ts'
import { passwordSecret } from '../../src/repository/slot-key.ts'
import type { Driver } from '../../src/storage/driver.ts'
import { FaultyDriver } from '../support/faulty-driver.ts'
import { listIds } from '../support/objects.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const secret = passwordSecret('correct horse')
const clock = { nowMs: () => 1_700_000_000_000, monotonicMs: () => 0 }
const kdf = { memoryKib: 8 << 10, passes: 1, lanes: 1 }
let randomness = seededRandomness('repository')

beforeEach(() => {
  randomness = seededRandomness('repository')
})

async function create(driver: Driver): Promise<OpenedKeys> {
  return createRepository(driver, { slots: [{ secret, label: 'first', kdf }], clock, randomness })
}

function cacheIn(directory: string): (repository: RepositoryId) => LocalCache {
  return (repository) => LocalCache.open({ directory, repository, machineKey: new Uint8Array(32) })
}

async function open(driver: Driver, options: Partial<OpenRepositoryOptions> = {}): Promise<Repository> {
  return openRepository({
    driver,
    secret,
    instanceStore: { load: async () => undefined, save: async () => undefined },
    describeInstance: () => ({ name: 'laptop', host: 'host', user: 'user' }),
    clock,
    randomness,
    ...options,
  })
}

test('an opened repository knows its keys, config and instance, and has read nothing else', async () => {
  const driver = new FaultyDriver(new MemoryDriver())
  const { repository: id } = await create(driver)
  driver.calls.length = 0
  using repository = await open(driver)
  expect(repository.id).toBe(id)
  expect(repository.config.revision).toBe(1)
  expect(repository.keyRing.full).toBe(true)
  expect(repository.realm.realm).toBe(repository.keyRing.realms()[0])
  expect(repository.instance.name).toBe('laptop')
  expect(new Set(driver.calls.map(({ kind }) => kind))).toEqual(new Set(['config', 'keys']))
})

test('index, blobs and points are loaded when asked for, once', async () => {
  const driver = new FaultyDriver(new MemoryDriver())
  await create(driver)
  using repository = await open(driver)
  const [index, again] = await Promise.all([repository.index(), repository.index()])
  expect(again).toBe(index)
  expect(await repository.blobs()).toBe(await repository.blobs())
  expect(await repository.chain()).toBe(await repository.chain())
  expect(await repository.chain({ reload: true })).not.toBe(index)
  const forWriting = await repository.index({ forWriting: true })
  expect(forWriting).not.toBe(index)
  expect(await repository.index()).toBe(forWriting)
  repository.releaseIndex()
  expect(await repository.index()).not.toBe(forWriting)
})

test('points and index are loaded together, the points listed first: what they need is in the index then', async () => {
  const driver = new FaultyDriver(new MemoryDriver())
  await create(driver)
  using repository = await open(driver)
  driver.calls.length = 0
  const points = await repository.chainAndIndex()
  expect(await repository.chain()).toBe(points)
  await repository.index()
  const listed = driver.calls.filter(({ method }) => method === 'list').map(({ kind }) => kind)
  expect(listed.filter((kind) => kind === 'index')).toHaveLength(1)
  expect(listed.indexOf('index')).toBeGreaterThan(listed.indexOf('points'))
})

test('what could not be loaded may be asked for again', async () => {
  const driver = new FaultyDriver(new MemoryDriver())
  await create(driver)
  using repository = await open(driver)
  driver.fail({ method: 'list', kind: 'index', when: 'before' })
  await expect(repository.index()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await repository.index()
  driver.fail({ method: 'list', kind: 'points', when: 'before' })
  await expect(repository.chain()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect((await repository.chain()).points).toEqual([])
})

test('a config that somebody without the owner key wrote is refused', async () => {
  const driver = new MemoryDriver()
  await create(driver)
  const stranger = new MemoryDriver()
  await createRepository(stranger, { slots: [{ secret, label: 'x', kdf }], clock, randomness: seededRandomness('x') })
  const [id] = await listIds(stranger, 'config')
  await driver.put({ kind: 'config', id: id! }, [await stranger.get({ kind: 'config', id: id! })])
  await expect(open(driver)).rejects.toMatchObject({ code: 'BAD_SIGNATURE' })
})

test('an older config than this machine has seen is refused', async () => {
  const driver = new MemoryDriver()
  const keys = await create(driver)
  const cache = cacheIn(temporaryFolder())
  const first = (await listIds(driver, 'config'))[0]!
  ;(await open(driver, { cache }))[Symbol.dispose]()
  const older = new FaultyDriver(driver)
  const { id } = await updateConfig(driver, { ring: keys.ring, memory: undefined }, (config) => config)
  ;(await open(driver, { cache }))[Symbol.dispose]()
  older.hide({ kind: 'config', id })
  expect(await listIds(older, 'config')).toEqual([first])
  await expect(open(older, { cache })).rejects.toMatchObject({ code: 'ROLLED_BACK' })
  using elsewhere = await open(older, { cache: cacheIn(temporaryFolder()) })
  expect(elsewhere.config.revision).toBe(1)
})

test('a wrong password and a missing repository are errors of their own', async () => {
  const driver = new MemoryDriver()
  await expect(open(driver)).rejects.toMatchObject({ code: 'NO_REPOSITORY' })
  await create(driver)
  await expect(open(driver, { secret: passwordSecret('wrong') })).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
})

test('features that only later versions know stop writing and pruning, not reading', async () => {
  const driver = new MemoryDriver()
  const { ring } = await create(driver)
  await updateConfig(driver, { ring, memory: undefined }, (config) => {
    return { ...config, features: { read: [], write: ['later'], prune: ['later'] } }
  })
  using repository = await open(driver)
  for (const use of ['write', 'prune'] as const) {
    expect(() => repository.requireFeatures(use)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }))
  }
  await repository.index()
})

test('damage that keeps nothing from going on is reported', async () => {
  const driver = new MemoryDriver()
  await create(driver)
  const problems: TidemarkError[] = []
  using repository = await open(driver, { onProblem: (problem) => problems.push(problem) })
  const { id } = await repository.records.put(
    'marks',
    { packs: [], made: { seconds: 0, nanoseconds: 0 } },
    repository.instance,
  )
  const damaged = new FaultyDriver(driver)
  await damaged.truncate({ kind: 'marks', id }, 60)
  using again = await open(damaged, { onProblem: (problem) => problems.push(problem) })
  await again.index()
  expect(problems.map(({ code }) => code)).toEqual(['ID_MISMATCH'])
})
