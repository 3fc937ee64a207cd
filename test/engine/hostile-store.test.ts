import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { byteStringOf } from '../../src/base/byte-string.ts'
import { TidemarkError } from '../../src/base/errors.ts'
import { objectIdOf } from '../../src/crypto/blake3.ts'
import { openPointView } from '../../src/engine/point-view.ts'
import type { RepositoryConfig } from '../../src/format/config.ts'
import { putConfig, updateConfig } from '../../src/repository/config-store.ts'
import { LocalCache } from '../../src/repository/local-cache.ts'
import { openRepository, type Repository } from '../../src/repository/repository.ts'
import type { Driver, ObjectKind, ObjectName } from '../../src/storage/driver.ts'
import { EngineFixture, closeSharedPool } from '../support/engine-fixture.ts'
import { FaultyDriver } from '../support/faulty-driver.ts'
import { listIds } from '../support/objects.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { diskLines, pointLines } from '../support/point-content.ts'
import { testPorts, testSecret } from '../support/test-machine.ts'

afterAll(closeSharedPool)

/** Points of a small source; each has a data pack, a tree pack and an index file of its own. */
async function withPoints(count: number): Promise<EngineFixture> {
  const f = await EngineFixture.create()
  mkdirSync(f.path('d'))
  writeFileSync(f.path('d/text'), 'some text, '.repeat(20))
  writeFileSync(f.path('noise'), patternBytes(3000, 1))
  for (let i = 0; i < count; i++) {
    writeFileSync(f.path('each'), `point ${i}`)
    await f.backup()
  }
  return f
}

/** Opens a store as a machine without a cache would. */
async function openPlain(driver: Driver): Promise<Repository> {
  return openRepository({ ...testPorts(driver), secret: testSecret, onProblem: () => undefined })
}

/** Reads the newest point that can be seen, whole; returns what it holds, or the code of what was noticed. */
async function readAll(driver: Driver, source: string): Promise<string[] | string> {
  try {
    using repository = await openPlain(driver)
    const { points, alarms } = await repository.chain()
    if (alarms.length > 0) return alarms[0]!.code
    const last = points.at(-1)
    if (last === undefined) return 'no point'
    return await pointLines(openPointView(await repository.blobs(), last.record.parts), source)
  } catch (error) {
    if (error instanceof TidemarkError) return error.code
    throw error
  }
}

async function named(driver: Driver, kind: ObjectKind): Promise<ObjectName[]> {
  return (await listIds(driver, kind)).map((id) => ({ kind, id }))
}

describe.each(['packs', 'index', 'points', 'instances', 'config', 'keys'] as const)('damage in %s', (kind) => {
  test('at any place never gives other bytes than were backed up', async () => {
    const f = await withPoints(1)
    const right = diskLines(f.source)
    expect(await readAll(f.driver.inner, f.source)).toEqual(right)
    const noticed = new Map<string, number>()
    for (const name of await named(f.driver, kind)) {
      const bytes = await f.driver.inner.get(name)
      const damaged: Uint8Array[] = []
      // Densely where headers and trailers are, then all over.
      const step = Math.max(1, Math.floor(bytes.byteLength / 24))
      const places = new Set([0, 5, 6, 7, 8, 20, 24, 60, bytes.byteLength - 1, bytes.byteLength - 12])
      for (let at = 0; at < bytes.byteLength; at += step) places.add(at)
      for (const at of places) {
        const flipped = bytes.slice()
        flipped[at]! ^= 1 << (at % 8)
        damaged.push(flipped)
      }
      for (const length of [0, 1, 11, 100, bytes.byteLength >> 1, bytes.byteLength - 1]) {
        damaged.push(bytes.slice(0, length))
      }
      damaged.push(Buffer.concat([bytes, bytes.subarray(0, 1)]))
      for (const instead of damaged) {
        f.driver.heal()
        f.driver.replace(name, instead)
        const outcome = await readAll(f.driver, f.source)
        if (typeof outcome === 'string') noticed.set(outcome, (noticed.get(outcome) ?? 0) + 1)
        else expect(outcome).toEqual(right)
      }
    }
    expect(noticed.size, [...noticed.keys()].join()).toBeGreaterThan(0)
    expect([...noticed.keys()]).not.toContain('no point')
  })
})

describe('a store that lies', () => {
  test('by an old config is found out by who saw the new one', async () => {
    const f = await withPoints(1)
    const { driver } = f
    const { id } = await updateConfig(driver, { ring: f.repository.keyRing, memory: undefined }, (config) => config)
    await f.reopen()
    driver.hide({ kind: 'config', id })
    await expect(f.reopen()).rejects.toMatchObject({ code: 'ROLLED_BACK' })
  })

  test('by hiding the last point is found out by who saw it, and the chain goes on behind it', async () => {
    const f = await withPoints(3)
    const { points } = await f.repository.chain({ reload: true })
    f.driver.hide({ kind: 'points', id: points[2]!.object })
    await f.reopen()
    const made = await f.backup()
    expect(made.warnings.join()).toMatch(/point|chain/)
    expect(made).toMatchObject({ parent: points[1]!.record.point })
    const later = await f.repository.chain({ reload: true })
    expect(later.latest(made.chain)?.record.sequence).toBe(4)
  })

  test('by hiding a point in the middle is found out by everybody', async () => {
    const f = await withPoints(3)
    const { points } = await f.repository.chain({ reload: true })
    f.driver.hide({ kind: 'points', id: points[1]!.object })
    expect(await readAll(f.driver, f.source)).toBe('RECORD_MISSING')
  })

  test('by hiding an index file gives errors, and no other bytes', async () => {
    const f = await withPoints(2)
    for (const name of await named(f.driver, 'index')) {
      f.driver.heal()
      f.driver.hide(name)
      expect(await readAll(f.driver, f.source)).toBe('BLOB_MISSING')
    }
    // A backup meanwhile stores again what it cannot see.
    await f.loseCache()
    await f.backup()
    expect(await readAll(f.driver, f.source)).toEqual(diskLines(f.source))
  })

  test.each(['packs', 'points', 'index'] as const)('by swapping two %s is found out', async (kind) => {
    const f = await withPoints(2)
    const objects = await named(f.driver, kind)
    for (const [i, a] of objects.entries()) {
      for (const b of objects.slice(i + 1)) {
        f.driver.heal()
        await f.driver.swap(a, b)
        const outcome = await readAll(f.driver, f.source)
        expect(['ID_MISMATCH', 'AUTH_FAILED', 'BLOB_MISSING', 'MALFORMED']).toContain(outcome)
      }
    }
  })

  test('by showing an object as one of another kind is found out', async () => {
    const f = await withPoints(2)
    const [point] = await named(f.driver, 'points')
    const [index] = await named(f.driver, 'index')
    const [bytesOfPoint, bytesOfIndex] = [await f.driver.get(point!), await f.driver.get(index!)]
    for (const kind of ['points', 'notes', 'tombstones', 'instances'] as const) {
      f.driver.heal()
      f.driver.replace({ kind, id: index!.id }, bytesOfIndex)
      expect(await readAll(f.driver, f.source), kind).toMatch(/^(MALFORMED|AUTH_FAILED)$/)
    }
    for (const kind of ['notes', 'tombstones', 'index', 'marks'] as const) {
      f.driver.heal()
      f.driver.replace({ kind, id: point!.id }, bytesOfPoint)
      const problems: string[] = []
      const onProblem = ({ code }: TidemarkError): void => void problems.push(code)
      using repository = await openRepository({ ...testPorts(f.driver), secret: testSecret, onProblem })
      const { alarms } = await repository.chain()
      await repository.index()
      expect([...problems, ...alarms.map(({ code }) => code)].join(), kind).toMatch(/MALFORMED|AUTH_FAILED/)
    }
  })
})

describe('what a later version wrote', () => {
  test('is not guessed at', async () => {
    const f = await withPoints(1)
    for (const kind of ['points', 'index'] as const) {
      f.driver.heal()
      const [name] = await named(f.driver.inner, kind)
      const later = (await f.driver.inner.get(name!)).slice()
      later[5]!++
      f.driver.hide(name!)
      f.driver.replace({ kind, id: objectIdOf(later) }, later)
      expect(await readAll(f.driver, f.source), kind).toBe('UNSUPPORTED_VERSION')
    }
  })

  test('may forbid writing, and then nothing is written', async () => {
    const f = await withPoints(1)
    const change = { features: { read: [], write: ['later'], prune: [] } }
    const by = { ring: f.repository.keyRing, memory: undefined }
    await updateConfig(f.driver, by, (config) => ({ ...config, ...change }))
    await f.reopen()
    f.driver.calls.length = 0
    await expect(f.backup()).rejects.toMatchObject({ code: 'UNSUPPORTED_FEATURE' })
    expect(f.driver.calls.filter(({ method }) => method === 'put')).toEqual([])
    expect(await readAll(f.driver, f.source)).toEqual(diskLines(f.source))
  })

  test('that cuts content in a way nobody knows is read, and not written to', async () => {
    const f = await withPoints(1)
    const by = { ring: f.repository.keyRing, memory: undefined }
    const change = (config: RepositoryConfig): RepositoryConfig => {
      return { ...config, chunker: { ...config.chunker, normalisation: 2 } }
    }
    await updateConfig(f.driver, by, change)
    await f.reopen()
    await expect(f.backup()).rejects.toMatchObject({ code: 'UNSUPPORTED_FEATURE' })
    expect(await readAll(f.driver, f.source)).toEqual(diskLines(f.source))
  })

  test('may forbid reading, and then it is not opened', async () => {
    const f = await withPoints(1)
    const { config, keyRing } = f.repository
    const features = { read: ['later'], write: [], prune: [] }
    await putConfig(f.driver, keyRing, { ...config, features, revision: config.revision + 1 })
    await expect(f.reopen()).rejects.toMatchObject({ code: 'UNSUPPORTED_FEATURE' })
  })
})

describe('sources that cannot be', () => {
  test('a root that is not there, or cannot be a path', async () => {
    const f = await EngineFixture.create()
    const roots = (path: string): { pass: { roots: ReturnType<typeof byteStringOf>[] } } => ({
      pass: { roots: [byteStringOf(path)] },
    })
    writeFileSync(f.path('file'), 'x')
    await expect(f.backup(roots(f.path('nothing')))).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' })
    await expect(f.backup(roots(f.path('file/below')))).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' })
    for (const path of ['relative', `${f.source}/../x`, `${f.source}//x`, `${f.source}/.`, '']) {
      await expect(f.backup(roots(path)), path).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
    }
    expect(await listIds(f.driver, 'points')).toEqual([])
    expect(await listIds(f.driver, 'runs')).toEqual([])
  })

  test('a root that has gone stops no other, is told, and is not taken for removed', async () => {
    const f = await EngineFixture.create()
    for (const name of ['a', 'b']) {
      mkdirSync(f.path(name))
      for (let i = 0; i < 3; i++) writeFileSync(f.path(name, `f${i}`), `${name} ${i}`)
    }
    const pass = { roots: [byteStringOf(f.path('a')), byteStringOf(f.path('b'))] }
    const first = await f.backup({ pass })
    renameSync(f.path('b'), f.path('elsewhere'))
    rmSync(f.path('a/f0'))
    for (const filesRemoved of [1, 0]) {
      const made = await f.backup({ pass })
      expect(made).toMatchObject({ chain: first.chain, filesNew: 0, filesUnchanged: 2, filesRemoved })
      expect(made.told).toMatchObject([{ path: f.path('b'), reason: 'missing' }])
      expect(made.troubles).toEqual(new Map([['missing', 1]]))
    }
    const view = await f.view()
    expect(await view.lookup(byteStringOf(f.path('a/f1')))).toBeDefined()
    expect(await view.lookup(byteStringOf(f.path('b')))).toBeUndefined()
    renameSync(f.path('elsewhere'), f.path('b'))
    const back = await f.backup({ pass })
    expect(back).toMatchObject({ filesNew: 3, filesUnchanged: 2 })
    expect(back.told).toEqual([])
    rmSync(f.path('a'), { recursive: true })
    rmSync(f.path('b'), { recursive: true })
    await expect(f.backup({ pass })).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' })
  })

  test('an empty folder makes an empty point', async () => {
    const f = await EngineFixture.create()
    expect(await f.backup()).toMatchObject({ filesNew: 0, dirs: 1, bytes: 0, type: 'full' })
    expect(await readAll(f.driver, f.source)).toEqual([])
    expect(await f.backup()).toMatchObject({ type: 'incremental', bytesStored: 0 })
  })
})

test('a cache of another machine, or a damaged one, costs time and nothing else', async () => {
  const f = await withPoints(1)
  const cache = f.openCache()
  const foreign = LocalCache.open({
    directory: f.cacheFolder,
    repository: f.repository.id,
    machineKey: new Uint8Array(32).fill(9),
  })
  const names = cache.list().map(({ name }) => name)
  expect(names).not.toEqual([])
  for (const name of names) expect(foreign.read(name), name).toBeUndefined()
  for (const name of names) cache.write(name, [patternBytes(500, 3)])
  await f.reopen()
  expect(await f.backup()).toMatchObject({ bytesRead: 0 })
  expect(await readAll(new FaultyDriver(f.driver.inner), f.source)).toEqual(diskLines(f.source))
})
