import { expect, test } from 'vitest'
import { type ChainId, type RealmId, shortId } from '../../src/base/ids.ts'
import type { PointRecord } from '../../src/format/records.ts'
import { LocalCache } from '../../src/repository/local-cache.ts'
import { PointChain } from '../../src/repository/point-chain.ts'
import { updateSeenPoints } from '../../src/repository/seen-points.ts'
import { signTombstone } from '../../src/repository/signing.ts'
import { FaultyDriver } from '../support/faulty-driver.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type TinyPoint, TinyRepository } from '../support/tiny-repository.ts'

const at = (seconds: number): { seconds: number; nanoseconds: number } => ({ seconds, nanoseconds: 0 })

async function load(
  tiny: TinyRepository,
  options: { cache?: LocalCache; driver?: FaultyDriver } = {},
): Promise<PointChain> {
  const records = tiny.reopenRecords(options.driver ?? tiny.driver)
  return PointChain.load({ repository: tiny.id, records, ring: tiny.ring, cache: options.cache })
}

function cacheOf(tiny: TinyRepository): LocalCache {
  return LocalCache.open({ directory: temporaryFolder(), repository: tiny.id, machineKey: new Uint8Array(32) })
}

const codes = (chain: PointChain): string[] => chain.alarms.map(({ code }) => code).sort()

async function threePoints(tiny: TinyRepository): Promise<[TinyPoint, TinyPoint, TinyPoint]> {
  const first = await tiny.putPoint()
  const second = await tiny.putPoint({ after: [first] })
  return [first, second, await tiny.putPoint({ after: [second] })]
}

async function forget(
  tiny: TinyRepository,
  { record, innerHash, object }: TinyPoint,
  removes = true,
  made = at(1),
): Promise<void> {
  const tombstone = { target: 'point', id: record.point, hash: innerHash, made } as const
  await tiny.records.put('tombstones', signTombstone(tiny.ring, tiny.id, tombstone), tiny.instance)
  if (removes) await tiny.driver.remove({ kind: 'points', id: object })
}

test('points come in the order of their chain, and the last is the latest', async () => {
  const tiny = await TinyRepository.create()
  const points = await threePoints(tiny)
  const other = await tiny.putPoint()
  const chain = await load(tiny)
  expect(chain.alarms).toEqual([])
  const id = points[0].record.chain
  expect(chain.of(id).map(({ object }) => object)).toEqual(points.map(({ object }) => object))
  expect(chain.latest(id)?.record.point).toBe(points[2].record.point)
  expect(chain.lastSequence(id)).toBe(3)
  expect(chain.chains().map((info) => info.chain)).toEqual([id, other.record.chain].sort())
  expect(chain.get(other.record.point)?.object).toBe(other.object)
  expect(chain.instances.get(tiny.instance.id)?.name).toBe('tiny')
})

test('a repository without points has no chains and no alarms', async () => {
  const tiny = await TinyRepository.create()
  const chain = await load(tiny, { cache: cacheOf(tiny) })
  expect(chain.points).toEqual([])
  expect(chain.alarms).toEqual([])
  expect(chain.lastSequence('00'.repeat(16) as ChainId)).toBe(0)
})

test('records that were verified once are not fetched again, new ones are', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const [, , third] = await threePoints(tiny)
  const fresh = await load(tiny, { cache })
  const driver = new FaultyDriver(tiny.driver)
  const again = await load(tiny, { cache, driver })
  expect(driver.calls.filter(({ method }) => method === 'get')).toEqual([])
  expect(again.points).toEqual(fresh.points)
  await tiny.putPoint({ after: [third] })
  expect((await load(tiny, { cache, driver })).points.length).toBe(4)
  expect(driver.calls.filter(({ method, kind }) => method === 'get' && kind === 'points').length).toBe(1)
})

test('notes change tags, the later note having the last word', async () => {
  const tiny = await TinyRepository.create()
  const { record } = await tiny.putPoint({ tags: ['a', 'b'] })
  const note = { point: record.point, text: '', addTags: [], removeTags: [] }
  await tiny.records.put('notes', { ...note, addTags: ['c', 'd'], made: at(1) }, tiny.instance)
  await tiny.records.put('notes', { ...note, removeTags: ['a', 'c'], made: at(2) }, tiny.instance)
  await tiny.records.put('notes', { ...note, addTags: ['a'], made: at(3) }, tiny.instance)
  expect((await load(tiny)).get(record.point)?.tags).toEqual(['a', 'b', 'd'])
})

test('a parent that is gone is an alarm, one that the owner removed is none', async () => {
  const tiny = await TinyRepository.create()
  const [first, second] = await threePoints(tiny)
  await tiny.driver.remove({ kind: 'points', id: first.object })
  const broken = await load(tiny)
  expect(codes(broken)).toEqual(['RECORD_MISSING'])
  expect(broken.alarms[0]?.message).toContain(shortId(first.record.point))
  expect(broken.points.length).toBe(2)
  await forget(tiny, first)
  expect(codes(await load(tiny))).toEqual([])
  await forget(tiny, second)
  expect(codes(await load(tiny))).toEqual([])
})

test('a forgotten point is gone though its record is still there, or there again', async () => {
  const tiny = await TinyRepository.create()
  const [first] = await threePoints(tiny)
  await forget(tiny, first, false)
  const chain = await load(tiny)
  expect(chain.get(first.record.point)).toBeUndefined()
  expect(codes(chain)).toEqual([])
})

test('a tombstone that the owner did not sign removes nothing', async () => {
  const tiny = await TinyRepository.create()
  const [first] = await threePoints(tiny)
  const forged = { target: 'point', id: first.record.point, hash: first.innerHash, made: at(1) } as const
  await tiny.records.put('tombstones', { ...forged, ownerSignature: new Uint8Array(64) }, tiny.instance)
  const chain = await load(tiny)
  expect(codes(chain)).toEqual(['BAD_SIGNATURE'])
  expect(chain.points.length).toBe(3)
})

test('a parent that is another record than was followed is an alarm', async () => {
  const tiny = await TinyRepository.create()
  const [first] = await threePoints(tiny)
  await tiny.driver.remove({ kind: 'points', id: first.object })
  const { point, chain: id } = first.record
  await tiny.putPoint({ point, chain: id, description: 'not the same' })
  expect(codes(await load(tiny))).toEqual(['ID_MISMATCH'])
})

test('a point signed by another instance than it names is an alarm', async () => {
  const tiny = await TinyRepository.create()
  const other = await tiny.newInstance('other')
  await tiny.putPoint({ instance: tiny.instance.id }, other)
  expect(codes(await load(tiny))).toEqual(['BAD_SIGNATURE'])
})

test('a record that cannot be opened is an alarm, and the others are there', async () => {
  const tiny = await TinyRepository.create()
  const [first, , third] = await threePoints(tiny)
  const driver = new FaultyDriver(tiny.driver)
  await driver.truncate({ kind: 'points', id: third.object }, 100)
  const chain = await load(tiny, { driver })
  expect(codes(chain)).toEqual(['ID_MISMATCH'])
  expect(chain.alarms[0]?.message).toContain(`points/${third.object}`)
  expect(chain.points.length).toBe(2)
  await driver.swap({ kind: 'points', id: first.object }, { kind: 'points', id: third.object })
  expect(codes(await load(tiny, { driver }))).toContain('ID_MISMATCH')
})

test('a store that does not answer is no alarm but an error', async () => {
  const tiny = await TinyRepository.create()
  await threePoints(tiny)
  const driver = new FaultyDriver(tiny.driver)
  driver.fail({ method: 'get', kind: 'points', when: 'before' })
  await expect(load(tiny, { driver })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
})

test('a head that went back is an alarm until it is back, or nothing is remembered any more', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const [, second, third] = await threePoints(tiny)
  await load(tiny, { cache })
  const driver = new FaultyDriver(tiny.driver)
  driver.hide({ kind: 'points', id: third.object })
  const back = await load(tiny, { cache, driver })
  expect(codes(back)).toEqual(['ROLLED_BACK'])
  expect(back.latest(third.record.chain)?.record.point).toBe(second.record.point)
  expect(back.lastSequence(third.record.chain)).toBe(3)
  expect(codes(await load(tiny, { cache, driver }))).toEqual(['ROLLED_BACK'])
  driver.heal()
  expect(codes(await load(tiny, { cache, driver }))).toEqual([])
  driver.hide({ kind: 'points', id: third.object })
  expect(codes(await load(tiny, { cache, driver }))).toEqual(['ROLLED_BACK'])
  cache.remove('heads')
  expect(codes(await load(tiny, { cache, driver }))).toEqual([])
})

test('a later point does not hide that the head before it is gone', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const [, second, third] = await threePoints(tiny)
  await load(tiny, { cache })
  await tiny.driver.remove({ kind: 'points', id: third.object })
  await tiny.putPoint({ after: [second], sequence: 4 })
  expect(codes(await load(tiny, { cache }))).toEqual(['ROLLED_BACK'])
  expect(codes(await load(tiny, { cache }))).toEqual(['ROLLED_BACK'])
})

test('a point that was seen is missed for as long as it is gone, also where it was there for a moment beside a later one of its number', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const [, second, third] = await threePoints(tiny)
  await tiny.putPoint({ after: [second], sequence: 3 })
  const driver = new FaultyDriver(tiny.driver)
  for (const isThere of [true, false, true, false]) {
    if (isThere) driver.heal()
    else driver.hide({ kind: 'points', id: third.object })
    expect(codes(await load(tiny, { cache, driver }))).toEqual(isThere ? [] : ['ROLLED_BACK'])
  }
})

test('through a frozen cache nothing is remembered', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const [, , third] = await threePoints(tiny)
  await load(tiny, { cache: cache.frozen() })
  expect(cache.list()).toEqual([])
  const driver = new FaultyDriver(tiny.driver)
  driver.hide({ kind: 'points', id: third.object })
  expect(codes(await load(tiny, { cache, driver }))).toEqual([])
})

test('of several points that are gone each is named with its number, and giving up one leaves the others missing', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const points = await threePoints(tiny)
  await load(tiny, { cache })
  for (const { object } of points) await tiny.driver.remove({ kind: 'points', id: object })
  const ids = points.map(({ record }) => shortId(record.point))
  const [alarm, ...others] = (await load(tiny, { cache })).alarms
  expect(others).toEqual([])
  for (const [i, id] of ids.entries()) expect(alarm?.message).toContain(`${id}, number ${i + 1}`)
  expect(alarm?.hint).toContain(`tidemark forget ${ids.join(' ')}`)
  await forget(tiny, points[2], false)
  const after = await load(tiny, { cache })
  expect(after.losses.lost.map(({ point }) => point)).toEqual(points.slice(0, 2).map(({ record }) => record.point))
  expect(after.alarms[0]?.message).not.toContain(ids[2])
})

test('who never saw what is gone is told which numbers of the chain are not there', async () => {
  const tiny = await TinyRepository.create()
  const [, second, third] = await threePoints(tiny)
  await tiny.putPoint({ after: [third] })
  await tiny.driver.remove({ kind: 'points', id: second.object })
  await tiny.driver.remove({ kind: 'points', id: third.object })
  const chain = await load(tiny)
  expect(codes(chain)).toEqual(['RECORD_MISSING'])
  expect(chain.alarms[0]?.message).toContain('numbers 2 to 3 of its chain are not there')
})

test('a machine that opens one realm alone misses nothing of the others', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const { chain, point } = (await tiny.putPoint()).record
  const realm = tiny.randomId<RealmId>(12)
  updateSeenPoints(cache, (seen) => seen.set(point, { chain, sequence: 9, point, hash: new Uint8Array(64), realm }))
  expect(codes(await load(tiny, { cache: cache.frozen() }))).toEqual([])
})

test('of a point whose signer alone is unknown, nothing advises to give it up', async () => {
  const tiny = await TinyRepository.create()
  await threePoints(tiny)
  const cache = cacheOf(tiny)
  await load(tiny, { cache })
  for (const id of await tiny.records.list('instances')) await tiny.driver.remove({ kind: 'instances', id })
  const records = tiny.reopenRecords()
  for (const kept of [undefined, cache]) {
    const chain = await PointChain.load({ repository: tiny.id, records, ring: tiny.ring, cache: kept, forCheck: true })
    expect(chain.alarms.length).toBe(3)
    for (const { hint } of chain.alarms) {
      expect(hint).toContain('next backup of that machine')
      expect(hint).not.toContain('forget')
    }
  }
})

test('a whole chain that is gone is an alarm, unless it was forgotten', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const point = await tiny.putPoint()
  await load(tiny, { cache })
  await tiny.driver.remove({ kind: 'points', id: point.object })
  expect(codes(await load(tiny, { cache }))).toEqual(['ROLLED_BACK'])
  await forget(tiny, point)
  expect(codes(await load(tiny, { cache }))).toEqual([])
  expect(codes(await load(tiny, { cache }))).toEqual([])
})

test('a store that shows forgotten points again is an alarm until their tombstones are back, whatever is forgotten meanwhile', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const [first, second] = await threePoints(tiny)
  await forget(tiny, first, false)
  expect(codes(await load(tiny, { cache }))).toEqual([])
  // The copy from before has the point, and no tombstone.
  const older = new FaultyDriver(tiny.driver)
  for (const id of await tiny.records.list('tombstones')) older.hide({ kind: 'tombstones', id })
  const back = await load(tiny, { cache, driver: older })
  expect(codes(back)).toEqual(['ROLLED_BACK'])
  expect(back.alarms[0]?.hint).toContain('cache clear --accept-rollback')
  expect(back.get(first.record.point)).toBeDefined()
  await forget(tiny, second)
  for (let i = 0; i < 2; i++) expect(codes(await load(tiny, { cache, driver: older }))).toEqual(['ROLLED_BACK'])
  // Another machine never saw it.
  expect(codes(await load(tiny, { cache: cacheOf(tiny), driver: older }))).toEqual([])
  older.heal()
  expect(codes(await load(tiny, { cache, driver: older }))).toEqual([])
})

test('of many tombstones the newest are remembered, which every older state lacks', async () => {
  const tiny = await TinyRepository.create()
  const cache = cacheOf(tiny)
  const [first, second] = await threePoints(tiny)
  for (let i = 0; i < 70; i++) await forget(tiny, first, false)
  const before = await tiny.records.list('tombstones')
  await forget(tiny, second, false, at(2))
  await load(tiny, { cache })
  const driver = new FaultyDriver(tiny.driver)
  for (const id of await tiny.records.list('tombstones')) {
    if (!before.includes(id)) driver.hide({ kind: 'tombstones', id })
  }
  expect(codes(await load(tiny, { cache, driver }))).toEqual(['ROLLED_BACK'])
  cache.remove('removals')
  expect(codes(await load(tiny, { cache, driver }))).toEqual([])
})

test('two points with one sequence are both there; the one that ended later is the latest', async () => {
  const tiny = await TinyRepository.create()
  const first = await tiny.putPoint()
  const fork: Partial<PointRecord> = { sequence: 2 }
  const late = await tiny.putPoint({ ...fork, after: [first], finished: at(1_800_000_000) })
  await tiny.putPoint({ ...fork, after: [first] })
  const chain = await load(tiny)
  expect(chain.points.length).toBe(3)
  expect(chain.latest(first.record.chain)?.object).toBe(late.object)
  expect(codes(chain)).toEqual([])
})
