import { expect, test } from 'vitest'
import type { TidemarkError } from '../../src/base/errors.ts'
import { BlobReader, type BlobReaderOptions } from '../../src/repository/blob-reader.ts'
import { LocalCache } from '../../src/repository/local-cache.ts'
import { RepositoryIndex } from '../../src/repository/repository-index.ts'
import { FaultyDriver } from '../support/faulty-driver.ts'
import { patternBytes } from '../support/pattern-bytes.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { TinyRepository } from '../support/tiny-repository.ts'

async function openReader(
  tiny: TinyRepository,
  options: Partial<BlobReaderOptions> = {},
): Promise<{ reader: BlobReader; driver: FaultyDriver; problems: TidemarkError[]; gets: () => number }> {
  const driver = options.driver instanceof FaultyDriver ? options.driver : new FaultyDriver(tiny.driver)
  const realm = tiny.ring.realm()
  const problems: TidemarkError[] = []
  const index = await RepositoryIndex.load({ driver, repository: tiny.id, records: tiny.records, realm })
  const onProblem = (problem: TidemarkError): number => problems.push(problem)
  const reader = new BlobReader({ driver, repository: tiny.id, realm, index, onProblem, ...options })
  const gets = (): number => driver.calls.filter(({ method, kind }) => method === 'get' && kind === 'packs').length
  return { reader, driver, problems, gets }
}

function cacheOf(tiny: TinyRepository): LocalCache {
  return LocalCache.open({ directory: temporaryFolder(), repository: tiny.id, machineKey: new Uint8Array(32) })
}

test('blobs come back as they were, in the order asked for, twice when asked twice', async () => {
  const tiny = await TinyRepository.create()
  const blobs = [
    tiny.blob('a'),
    tiny.blob(patternBytes(100_000, 1)),
    tiny.blob('c'.repeat(5000)),
    tiny.blob(new Uint8Array(1 << 20)),
  ]
  await tiny.putIndex([await tiny.putPack([blobs.slice(0, 2), blobs.slice(2)])])
  const { reader } = await openReader(tiny)
  const order = [3, 0, 2, 0, 1]
  const read = await reader.readAll(
    order.map((i) => blobs[i]!.id),
    'data',
  )
  order.forEach((i, row) => expect(Buffer.compare(read[row]!, blobs[i]!.bytes)).toBe(0))
  expect(await reader.readAll([], 'data')).toEqual([])
})

test('neighbouring frames come in one request, and a frame still decoded in none', async () => {
  const tiny = await TinyRepository.create()
  const frames = Array.from({ length: 20 }, (_, i) => [tiny.blob(`blob ${i}`), tiny.blob(`another ${i}`)])
  await tiny.putIndex([await tiny.putPack(frames)])
  const { reader, gets, driver } = await openReader(tiny)
  await reader.readAll(
    frames.map(([blob]) => blob!.id),
    'data',
  )
  expect(gets()).toBe(1)
  await reader.readAll(
    frames.map(([, blob]) => blob!.id),
    'data',
  )
  expect(gets()).toBe(1)
  reader.clear()
  await reader.read(frames[3]![0]!.id, 'data')
  expect(gets()).toBe(2)
  expect(driver.bytesRead).toBeLessThan(20_000)
})

test('frames far apart come in requests of their own', async () => {
  const tiny = await TinyRepository.create()
  const frames = [[tiny.blob('first')], [tiny.blob(patternBytes(200_000, 2))], [tiny.blob('last')]]
  await tiny.putIndex([await tiny.putPack(frames)])
  const { reader, gets, driver } = await openReader(tiny)
  const before = driver.bytesRead
  await reader.readAll([frames[0]![0]!.id, frames[2]![0]!.id], 'data')
  expect(gets()).toBe(2)
  expect(driver.bytesRead - before).toBeLessThan(1000)
})

test('decoded frames are forgotten beyond the bound, and read again', async () => {
  const tiny = await TinyRepository.create()
  const frames = [[tiny.blob(patternBytes(1000, 1))], [tiny.blob(patternBytes(1000, 2))]]
  await tiny.putIndex([await tiny.putPack(frames)])
  const { reader, gets } = await openReader(tiny, { cacheBytesMax: 1500 })
  for (const [blob] of [frames[0]!, frames[1]!, frames[1]!, frames[0]!]) await reader.read(blob!.id, 'data')
  expect(gets()).toBe(3)
})

test('a blob no index names is missing, by name', async () => {
  const tiny = await TinyRepository.create()
  const { reader } = await openReader(tiny)
  await expect(reader.read(tiny.blob('x').id, 'data')).rejects.toMatchObject({ code: 'BLOB_MISSING' })
})

test('a blob whose pack is gone is missing, and the pack is named', async () => {
  const tiny = await TinyRepository.create()
  const blob = tiny.blob('x')
  const pack = await tiny.putPack([[blob]])
  await tiny.putIndex([pack])
  const { reader, driver } = await openReader(tiny)
  driver.hide({ kind: 'packs', id: pack.id })
  const reading = reader.read(blob.id, 'data')
  await expect(reading).rejects.toMatchObject({ code: 'BLOB_MISSING' })
  await expect(reading).rejects.toThrow(pack.id)
})

test('a changed byte anywhere in a frame is noticed, and a truncated pack too', async () => {
  const tiny = await TinyRepository.create()
  const blob = tiny.blob('some content')
  const pack = await tiny.putPack([[blob]])
  await tiny.putIndex([pack])
  const name = { kind: 'packs', id: pack.id } as const
  const whole = await tiny.driver.get(name)
  const { reader, driver } = await openReader(tiny)
  const [offset, storedBytes] = pack.tables.frames
  for (let at = offset!; at < offset! + storedBytes!; at++) {
    const changed = Uint8Array.from(whole)
    changed[at]! ^= 0x80
    driver.replace(name, changed)
    await expect(reader.read(blob.id, 'data')).rejects.toMatchObject({ code: 'AUTH_FAILED' })
  }
  await driver.truncate(name, offset! + 5)
  await expect(reader.read(blob.id, 'data')).rejects.toMatchObject({ code: 'BLOB_MISSING' })
  driver.heal()
  expect(await reader.read(blob.id, 'data')).toEqual(blob.bytes)
})

test('packs swapped by the store do not pass for each other', async () => {
  const tiny = await TinyRepository.create()
  const [a, b] = [tiny.blob('aaaa'), tiny.blob('bbbb')]
  const packs = [await tiny.putPack([[a]]), await tiny.putPack([[b]])]
  await tiny.putIndex(packs)
  const { reader, driver } = await openReader(tiny)
  await driver.swap({ kind: 'packs', id: packs[0]!.id }, { kind: 'packs', id: packs[1]!.id })
  await expect(reader.read(a.id, 'data')).rejects.toMatchObject({ code: 'AUTH_FAILED' })
})

test('a blob is not taken for one of another type, nor one whose writer lied about its id', async () => {
  const tiny = await TinyRepository.create()
  const blob = tiny.blob('content')
  const liar = { ...tiny.blob('claimed'), bytes: new Uint8Array(7) }
  await tiny.putIndex([await tiny.putPack([[blob, liar]])])
  const { reader } = await openReader(tiny)
  await expect(reader.read(blob.id, 'tree')).rejects.toMatchObject({ code: 'ID_MISMATCH' })
  await expect(reader.read(liar.id, 'data')).rejects.toMatchObject({ code: 'ID_MISMATCH' })
})

test('another copy stands in for a rotten one, and the rotten one is reported', async () => {
  const tiny = await TinyRepository.create()
  const blob = tiny.blob('twice')
  const packs = [await tiny.putPack([[blob]]), await tiny.putPack([[tiny.blob('x'), blob]])]
  await tiny.putIndex([packs[0]!])
  await tiny.putIndex([packs[1]!])
  for (const { id } of packs) {
    const { reader, driver, problems } = await openReader(tiny)
    driver.hide({ kind: 'packs', id })
    expect(await reader.read(blob.id, 'data')).toEqual(blob.bytes)
    expect(problems.length).toBe(id === [...packs].sort((a, b) => (a.id < b.id ? -1 : 1))[0]!.id ? 1 : 0)
  }
  const { reader, driver } = await openReader(tiny)
  for (const { id } of packs) driver.hide({ kind: 'packs', id })
  await expect(reader.read(blob.id, 'data')).rejects.toMatchObject({ code: 'BLOB_MISSING' })
})

test('a store that does not answer is its own error, not damage', async () => {
  const tiny = await TinyRepository.create()
  const blob = tiny.blob('x')
  await tiny.putIndex([await tiny.putPack([[blob]])])
  const { reader, driver } = await openReader(tiny)
  driver.fail({ method: 'get', when: 'before' })
  await expect(reader.read(blob.id, 'data')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await reader.read(blob.id, 'data')).toEqual(blob.bytes)
})

test('packs of trees are fetched whole once and kept for the next reader', async () => {
  const tiny = await TinyRepository.create()
  const frames = Array.from({ length: 5 }, (_, i) => [tiny.blob(patternBytes(100_000, i + 1), 'tree')])
  const pack = await tiny.putPack(frames, 'tree')
  await tiny.putIndex([pack])
  const cache = cacheOf(tiny)
  const first = await openReader(tiny, { cache })
  for (const [blob] of frames) await first.reader.read(blob!.id, 'tree')
  expect(first.gets()).toBe(1)
  const second = await openReader(tiny, { cache })
  expect(await second.reader.read(frames[4]![0]!.id, 'tree')).toEqual(frames[4]![0]!.bytes)
  expect(second.gets()).toBe(0)
  const direct = await openReader(tiny)
  await direct.reader.read(frames[0]![0]!.id, 'tree')
  expect(direct.driver.bytesRead).toBeLessThan(pack.bytes)
})

test('a kept pack that the store damaged is fetched again once the store is repaired', async () => {
  const tiny = await TinyRepository.create()
  const blob = tiny.blob('tree', 'tree')
  const pack = await tiny.putPack([[blob]], 'tree')
  await tiny.putIndex([pack])
  const { reader, driver } = await openReader(tiny, { cache: cacheOf(tiny) })
  driver.replace({ kind: 'packs', id: pack.id }, new Uint8Array(pack.bytes))
  await expect(reader.read(blob.id, 'tree')).rejects.toMatchObject({ code: 'AUTH_FAILED' })
  driver.heal()
  expect(await reader.read(blob.id, 'tree')).toEqual(blob.bytes)
})
