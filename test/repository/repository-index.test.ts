import { expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import type { TidemarkError } from '../../src/base/errors.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import { LocalCache } from '../../src/repository/local-cache.ts'
import { type IndexLoadOptions, RepositoryIndex } from '../../src/repository/repository-index.ts'
import { FaultyDriver } from '../support/faulty-driver.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type TinyBlob, type TinyPack, TinyRepository } from '../support/tiny-repository.ts'

const made = { seconds: 1, nanoseconds: 0 }

function cacheOf(tiny: TinyRepository, directory = temporaryFolder()): LocalCache {
  return LocalCache.open({ directory, repository: tiny.id, machineKey: new Uint8Array(32).fill(1) })
}

/** Loads through a driver that counts, so that a test sees what was downloaded. */
async function load(
  tiny: TinyRepository,
  options: Partial<IndexLoadOptions> = {},
): Promise<{ index: RepositoryIndex; driver: FaultyDriver; downloads: number; problems: TidemarkError[] }> {
  const driver = options.driver instanceof FaultyDriver ? options.driver : new FaultyDriver(tiny.driver)
  const problems: TidemarkError[] = []
  const index = await RepositoryIndex.load({
    driver,
    repository: tiny.id,
    records: tiny.reopenRecords(driver),
    realm: tiny.ring.realm(),
    onProblem: (problem) => problems.push(problem),
    ...options,
  })
  const downloads = driver.calls.filter(({ method, kind }) => method === 'get' && kind === 'index').length
  return { index, driver, downloads, problems }
}

function packHolding(index: RepositoryIndex, blob: TinyBlob): ObjectId | undefined {
  const place = index.locate(blob.id)
  return place === undefined ? undefined : index.packs.row(place.frameLocation.pack).id
}

/** Two packs that hold the same blob, the one with the smaller id first. */
async function twoCopies(tiny: TinyRepository, blob: TinyBlob): Promise<[TinyPack, TinyPack]> {
  const packs = [await tiny.putPack([[tiny.blob('other 1'), blob]]), await tiny.putPack([[blob]])]
  return packs.sort((a, b) => (a.id < b.id ? -1 : 1)) as [TinyPack, TinyPack]
}

test('every blob of every index file is found where its pack holds it', async () => {
  const tiny = await TinyRepository.create()
  const blobs = Array.from({ length: 50 }, (_, i) => tiny.blob(`blob ${i}`))
  const first = await tiny.putPack([blobs.slice(0, 10), blobs.slice(10, 20)])
  const second = await tiny.putPack([blobs.slice(20, 50)])
  const ids = [await tiny.putIndex([first]), await tiny.putIndex([second])]
  const { index } = await load(tiny)
  expect([...index.indexIds].sort()).toEqual(ids.sort())
  blobs.forEach((blob, i) => {
    const place = index.locate(blob.id)!
    expect(place.length).toBe(blob.bytes.byteLength)
    expect(packHolding(index, blob)).toBe(i < 20 ? first.id : second.id)
    expect(index.frameNumber(place.frame)).toBe(i >= 10 && i < 20 ? 1 : 0)
    expect(index.isSound(blob.id)).toBe(true)
  })
  expect(index.locate(tiny.blob('unknown').id)).toBeUndefined()
})

test('an empty repository has an empty index', async () => {
  const tiny = await TinyRepository.create()
  const { index } = await load(tiny, { forWriting: true, cache: cacheOf(tiny) })
  expect(index.indexIds).toEqual([])
  expect(index.packs.size).toBe(0)
})

test('the merged file serves when the listing is the same, and only what is new is downloaded', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const [a, b, c] = [tiny.blob('a'), tiny.blob('b'), tiny.blob('c')]
  await tiny.putIndex([await tiny.putPack([[a]])])
  await tiny.putIndex([await tiny.putPack([[b, a]])])
  expect((await load(tiny, { cache })).downloads).toBe(2)
  const again = await load(tiny, { cache })
  expect(again.downloads).toBe(0)
  expect(again.index.locate(b.id)?.length).toBe(1)
  await tiny.putIndex([await tiny.putPack([[c]])])
  const third = await load(tiny, { cache })
  expect(third.downloads).toBe(1)
  for (const blob of [a, b, c]) expect(third.index.locate(blob.id)).toBeDefined()
  expect((await load(tiny, { cache })).downloads).toBe(0)
})

test('with or without a merged file, at any size, the same blobs lie at the same places', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const blobs = Array.from({ length: 12_000 }, (_, i) => tiny.blob(`blob number ${i}`))
  // In four files that overlap, so that the kept table has to be moved into a larger one on the way.
  for (let file = 0; file < 4; file++) {
    const part = blobs.slice(file * 2500, file * 2500 + 4500)
    await tiny.putIndex([await tiny.putPack([part.slice(0, 2000), part.slice(2000)])])
    await load(tiny, { cache })
  }
  const kept = await load(tiny, { cache })
  expect(kept.downloads).toBe(0)
  const fresh = await load(tiny)
  for (const blob of blobs) {
    expect(packHolding(kept.index, blob)).toBe(packHolding(fresh.index, blob))
    const [here, there] = [kept.index.locate(blob.id)!, fresh.index.locate(blob.id)!]
    expect([here.offset, here.length]).toEqual([there.offset, there.length])
    expect(kept.index.frameNumber(here.frame)).toBe(fresh.index.frameNumber(there.frame))
    expect(kept.index.otherPlaces(blob.id).length).toBe(fresh.index.otherPlaces(blob.id).length)
  }
})

test('what an index file that is gone alone named is gone, and copies elsewhere take its place', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const shared = tiny.blob('shared')
  const [smaller, larger] = await twoCopies(tiny, shared)
  const only = tiny.blob('only')
  const removed = await tiny.putIndex([smaller, await tiny.putPack([[only]])])
  await tiny.putIndex([larger])
  await load(tiny, { cache })
  await tiny.driver.remove({ kind: 'index', id: removed })
  const { index, downloads } = await load(tiny, { cache })
  expect(downloads).toBe(0)
  expect(index.locate(only.id)).toBeUndefined()
  expect(packHolding(index, shared)).toBe(larger.id)
  expect(index.packs.rowOf(smaller.id)).toBeUndefined()
  expect((await load(tiny, { cache })).downloads).toBe(0)
})

test('index files merged by maintenance change nothing but what is downloaded', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const [a, b] = [tiny.blob('a'), tiny.blob('b')]
  const packs = [await tiny.putPack([[a]]), await tiny.putPack([[b]])]
  const old = [await tiny.putIndex([packs[0]!]), await tiny.putIndex([packs[1]!])]
  await load(tiny, { cache })
  await tiny.putIndex(packs)
  for (const id of old) await tiny.driver.remove({ kind: 'index', id })
  const { index, downloads } = await load(tiny, { cache })
  expect(downloads).toBe(1)
  expect(packHolding(index, a)).toBe(packs[0]!.id)
  expect(packHolding(index, b)).toBe(packs[1]!.id)
  expect(index.otherPlaces(a.id)).toEqual([])
})

test('a listing that maintenance overtakes is made again', async () => {
  const tiny = await TinyRepository.create()
  const a = tiny.blob('a')
  const pack = await tiny.putPack([[a]])
  const old = await tiny.putIndex([pack])
  const driver = new FaultyDriver(tiny.driver)
  const list = driver.list.bind(driver)
  let isFirst = true
  driver.list = async function* (kind, signal) {
    yield* list(kind, signal)
    if (kind !== 'index' || !isFirst) return
    isFirst = false
    await tiny.putIndex([pack, await tiny.putPack([[tiny.blob('b')]])])
    await tiny.driver.remove({ kind: 'index', id: old })
  }
  const { index } = await load(tiny, { driver })
  expect(index.locate(a.id)).toBeDefined()
  expect(index.locate(tiny.blob('b').id)).toBeDefined()
})

test('a damaged local cache costs a download, never a blob', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const a = tiny.blob('a')
  await tiny.putIndex([await tiny.putPack([[a]])])
  await load(tiny, { cache })
  const names = cache.list('index').map(({ name }) => name)
  expect(names.length).toBe(6)
  for (const name of names) {
    await load(tiny, { cache })
    cache.write(cache.list('index').find((entry) => entry.name.at(-2) === name.at(-2))!.name, [new Uint8Array(3)])
    const { index, downloads } = await load(tiny, { cache })
    expect(downloads).toBe(1)
    expect(index.locate(a.id)).toBeDefined()
  }
})

test('of two copies the one in the smaller pack id counts, whichever index came first', async () => {
  for (const seed of ['one', 'two', 'three', 'four']) {
    const tiny = await TinyRepository.create({ seed })
    const blob = tiny.blob('twice')
    const [smaller, larger] = await twoCopies(tiny, blob)
    await tiny.putIndex([larger])
    await tiny.putIndex([smaller])
    const { index } = await load(tiny)
    expect(packHolding(index, blob)).toBe(smaller.id)
    const others = index.otherPlaces(blob.id).map(({ frameLocation }) => index.packs.row(frameLocation.pack).id)
    expect(others).toEqual([larger.id])
  }
})

test.each(['marks', 'dead', 'lost'] as const)(
  'blobs of packs named in %s are stored again, yet readable',
  async (kind) => {
    const tiny = await TinyRepository.create()
    const [a, b] = [tiny.blob('a'), tiny.blob('b')]
    const [packA, packB] = [await tiny.putPack([[a]]), await tiny.putPack([[b]])]
    await tiny.putIndex([packA, packB])
    const packs = [packA.id]
    if (kind === 'marks') await tiny.records.put('marks', { packs, made }, tiny.instance)
    if (kind === 'dead') await tiny.records.put('dead', { packs, mark: packA.id, made }, tiny.instance)
    if (kind === 'lost') await tiny.records.put('lost', { packs, blobs: new Uint8Array(), made }, tiny.instance)
    const { index } = await load(tiny)
    expect(index.isSound(a.id)).toBe(false)
    expect(index.locate(a.id)?.length).toBe(1)
    expect(index.blobs.claim(a.id)).toBeGreaterThanOrEqual(0)
    expect(index.blobs.claim(b.id)).toBeLessThan(0)
  },
)

test('of two copies the one of the higher level counts, whatever the pack ids and whichever index came first', async () => {
  for (const newFirst of [false, true]) {
    const tiny = await TinyRepository.create({ seed: `levels ${newFirst}` })
    const blob = tiny.blob('stored again')
    // As many as it takes for the pack of the higher level to have the larger id.
    const old = await tiny.putPack([[blob]])
    let again = await tiny.putPack([[blob, tiny.blob('0')]], 'data', 1)
    for (let i = 1; again.id < old.id; i++) again = await tiny.putPack([[blob, tiny.blob(`${i}`)]], 'data', 1)
    for (const pack of newFirst ? [again, old] : [old, again]) await tiny.putIndex([pack])
    const cache = cacheOf(tiny)
    for (const time of ['loaded', 'out of the cache']) {
      const { index } = await load(tiny, { cache })
      expect(index.packs.row(index.locate(blob.id)!.frameLocation.pack).id, time).toBe(again.id)
    }
  }
})

test('packs written now rank above all that are in doubt, and at 0 when none is', async () => {
  const tiny = await TinyRepository.create()
  const packs = []
  for (const level of [0, 4, 2]) packs.push(await tiny.putPack([[tiny.blob(`level ${level}`)]], 'data', level))
  await tiny.putIndex(packs)
  expect((await load(tiny)).index.packs.levelOfNew).toBe(0)
  await tiny.records.put('marks', { packs: [packs[2]!.id], made: { seconds: 0, nanoseconds: 0 } }, tiny.instance)
  const marked = (await load(tiny)).index
  expect(marked.packs.levelOfNew).toBe(3)
  marked.doubt(tiny.blob('level 4').id)
  expect(marked.packs.levelOfNew).toBe(5)
  await tiny.driver.remove({ kind: 'packs', id: packs[1]!.id })
  expect((await load(tiny, { forWriting: true })).index.packs.levelOfNew).toBe(5)
})

test('a sound copy stands in for one in a lost pack', async () => {
  const tiny = await TinyRepository.create()
  const blob = tiny.blob('twice')
  const [smaller, larger] = await twoCopies(tiny, blob)
  await tiny.putIndex([smaller])
  await tiny.putIndex([larger])
  await tiny.records.put('lost', { packs: [smaller.id], blobs: new Uint8Array(), made }, tiny.instance)
  const { index } = await load(tiny)
  expect(packHolding(index, blob)).toBe(larger.id)
  expect(index.isSound(blob.id)).toBe(true)
})

test('a lost record that names blobs speaks of their copies in its packs, and of nothing else', async () => {
  const tiny = await TinyRepository.create()
  const [blob, other] = [tiny.blob('twice'), tiny.blob('of another frame')]
  const [smaller, larger] = await twoCopies(tiny, blob)
  const third = await tiny.putPack([[other], [blob]])
  for (const pack of [smaller, larger, third]) await tiny.putIndex([pack])
  const lose = async (packs: ObjectId[]): Promise<RepositoryIndex> => {
    await tiny.records.put('lost', { packs, blobs: blob.id, made }, tiny.instance)
    return (await load(tiny)).index
  }
  expect((await lose([])).isSound(blob.id)).toBe(true)
  const healed = await lose([smaller.id, third.id])
  expect(packHolding(healed, blob)).toBe(larger.id)
  expect(healed.isSound(blob.id)).toBe(true)
  expect(healed.isSound(other.id)).toBe(true)
  expect((await lose([larger.id])).isSound(blob.id)).toBe(false)
})

test('for a check every index file is read again, and marked packs are as good as others', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const [marked, lost] = [tiny.blob('marked'), tiny.blob('lost')]
  const packs = [await tiny.putPack([[marked]]), await tiny.putPack([[lost]])] as const
  await tiny.putIndex(packs)
  await load(tiny, { cache })
  await tiny.records.put('marks', { packs: [packs[0].id], made }, tiny.instance)
  await tiny.records.put('lost', { packs: [packs[1].id], blobs: new Uint8Array(), made }, tiny.instance)
  const { index, downloads } = await load(tiny, { cache, forCheck: true })
  expect(downloads).toBe(1)
  expect([index.isSound(marked.id), index.isSound(lost.id)]).toEqual([true, false])
})

test('copies elsewhere take the places of blobs in frames that turned out unreadable', async () => {
  const tiny = await TinyRepository.create()
  const blob = tiny.blob('twice')
  const [smaller, larger] = await twoCopies(tiny, blob)
  await tiny.putIndex([smaller])
  await tiny.putIndex([larger])
  const { index } = await load(tiny)
  index.doubtStored({ frames: [index.locate(blob.id)!.frame], packs: [] })
  expect(packHolding(index, blob)).toBe(larger.id)
  expect(index.isSound(blob.id)).toBe(true)
  index.doubtStored({ frames: [], packs: [index.packs.rowOf(larger.id)!] })
  expect(index.isSound(blob.id)).toBe(false)
})

test('a pack that the store lacks, or holds at another size, is noticed by writers', async () => {
  const tiny = await TinyRepository.create()
  const [a, b, c] = [tiny.blob('a'), tiny.blob('b'), tiny.blob('c')]
  const packs = [await tiny.putPack([[a]]), await tiny.putPack([[b]]), await tiny.putPack([[c]])]
  await tiny.putIndex(packs)
  const driver = new FaultyDriver(tiny.driver)
  driver.hide({ kind: 'packs', id: packs[0]!.id })
  await driver.truncate({ kind: 'packs', id: packs[1]!.id }, 1000)
  const { index } = await load(tiny, { driver, forWriting: true })
  expect([a, b, c].map((blob) => index.isSound(blob.id))).toEqual([false, false, true])
  expect((await load(tiny, { driver })).index.isSound(a.id)).toBe(true)
})

test('writers learn which blobs the store lost: of what a prune marked or is deleting, and of what has a sound copy, none', async () => {
  const tiny = await TinyRepository.create()
  const names = ['sound', 'named', 'of a pack', 'absent', 'marked', 'dead', 'twice']
  const blobs = names.map((name) => tiny.blob(name))
  const packs = await Promise.all(blobs.map(async (blob) => tiny.putPack([[blob]])))
  await tiny.putIndex(packs)
  await tiny.putIndex([await tiny.putPack([[tiny.blob('beside'), blobs[6]!]])])
  const idOf = (name: string): ObjectId => packs[names.indexOf(name)]!.id
  const { records, instance } = tiny
  await records.put('lost', { packs: [idOf('named')], blobs: blobs[1]!.id, made }, instance)
  await records.put('lost', { packs: [idOf('of a pack'), idOf('twice')], blobs: new Uint8Array(), made }, instance)
  const { id: mark } = await records.put('marks', { packs: [idOf('marked'), idOf('dead')], made }, instance)
  await records.put('dead', { packs: [idOf('dead')], mark, made }, instance)
  for (const name of ['absent', 'dead']) await tiny.driver.remove({ kind: 'packs', id: idOf(name) })
  const { index } = await load(tiny, { forWriting: true })
  const lost = names.filter((_, i) => index.lost?.has(index.blobs.find(blobs[i]!.id)))
  expect(lost).toEqual(['named', 'of a pack', 'absent'])
  expect(names.filter((_, i) => !index.isSound(blobs[i]!.id))).toEqual([...lost, 'marked', 'dead'])
  expect((await load(tiny)).index.lost).toBeUndefined()
})

test('doubts are of today: the merged file keeps none of them', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const a = tiny.blob('a')
  const pack = await tiny.putPack([[a]])
  await tiny.putIndex([pack])
  const { id } = await tiny.records.put('marks', { packs: [pack.id], made }, tiny.instance)
  expect((await load(tiny, { cache })).index.isSound(a.id)).toBe(false)
  await tiny.driver.remove({ kind: 'marks', id })
  const { index, downloads } = await load(tiny, { cache })
  expect(downloads).toBe(0)
  expect(index.isSound(a.id)).toBe(true)
})

test('a damaged index file is named, reported and left out, and tried again next time', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const [a, b] = [tiny.blob('a'), tiny.blob('b')]
  await tiny.putIndex([await tiny.putPack([[a]])])
  const damaged = await tiny.putIndex([await tiny.putPack([[b]])])
  const driver = new FaultyDriver(tiny.driver)
  await driver.truncate({ kind: 'index', id: damaged }, 200)
  const { index, problems } = await load(tiny, { driver, cache })
  expect(problems.map(({ code }) => code)).toEqual(['ID_MISMATCH'])
  expect(problems[0]!.message).toContain(`index/${damaged}`)
  expect(problems[0]!.hint).toBeDefined()
  expect(index.locate(a.id)).toBeDefined()
  expect(index.locate(b.id)).toBeUndefined()
  expect(index.indexIds).not.toContain(damaged)
  driver.heal()
  expect((await load(tiny, { driver, cache })).index.locate(b.id)).toBeDefined()
  await driver.truncate({ kind: 'index', id: damaged }, 200)
  await expect(load(tiny, { driver, onProblem: undefined })).rejects.toMatchObject({ code: 'ID_MISMATCH' })
})

test('two index files that contradict each other about a pack: the second is refused whole', async () => {
  const tiny = await TinyRepository.create()
  const pack = await tiny.putPack([[tiny.blob('a')]])
  const other = await tiny.putPack([[tiny.blob('b')], [tiny.blob('c')]])
  await tiny.putIndex([pack])
  await tiny.putIndex([{ ...other, id: pack.id }])
  const { index, problems } = await load(tiny)
  expect(problems.map(({ code }) => code)).toEqual(['MALFORMED'])
  expect(index.packs.size).toBe(1)
  expect(index.indexIds.length).toBe(1)
})

test("a pack's key opens once and is kept, sealed, for the next process", async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  await tiny.putIndex([await tiny.putPack([[tiny.blob('a')]]), await tiny.putPack([[tiny.blob('b')]])])
  const realm = tiny.ring.realm()
  let opened = 0
  const counting = new Proxy(realm, {
    get: (target, name) => {
      if (name === 'openWriterKey') opened++
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const { index } = await load(tiny, { cache, realm: counting })
  const keys = [index.packKey(0), index.packKey(1), index.packKey(0)] as const
  expect(opened).toBe(1)
  expect(toHex(keys[0])).toBe(toHex(keys[2]))
  expect(toHex(keys[0])).not.toBe(toHex(keys[1]))
  const again = await load(tiny, { cache, realm: counting })
  expect(toHex(again.index.packKey(0))).toBe(toHex(keys[0]))
  expect(opened).toBe(1)
})
