import { expect, test } from 'vitest'
import { present } from '../../src/base/assert.ts'
import type { PointRecord } from '../../src/format/records.ts'
import { LocalCache } from '../../src/repository/local-cache.ts'
import { PointChain } from '../../src/repository/point-chain.ts'
import { onePerPoint } from '../../src/repository/point-records.ts'
import { signTombstone } from '../../src/repository/signing.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type TinyPoint, TinyRepository } from '../support/tiny-repository.ts'

/** A repository, and another one with a point that is copied into the first. */
class Copies {
  readonly here: TinyRepository
  readonly #there: TinyRepository
  readonly #point: TinyPoint

  private constructor(here: TinyRepository, there: TinyRepository, point: TinyPoint) {
    this.here = here
    this.#there = there
    this.#point = point
  }

  static async create(): Promise<Copies> {
    const there = await TinyRepository.create()
    return new Copies(await TinyRepository.create(), there, await there.putPoint())
  }

  /** Stores a record of the copied point, another one each time. */
  async put(bytesStored: number): Promise<TinyPoint> {
    const { id, records } = this.#there
    const { inner, signer } = await records.get('points', this.#point.object)
    const original = { repository: id, inner, publicKey: present(await records.publicKeyOf(signer), 'a key') }
    return this.here.putPoint({ ...this.#point.record, bytesStored, original } satisfies PointRecord)
  }

  async forget({ record, innerHash, object }: TinyPoint): Promise<void> {
    const { records, ring, id, instance, driver } = this.here
    const made = { seconds: 1, nanoseconds: 0 }
    const tombstone = { target: 'point', id: record.point, hash: innerHash, made } as const
    await records.put('tombstones', signTombstone(ring, id, tombstone), instance)
    await driver.remove({ kind: 'points', id: object })
  }

  /** Loads the points, on a machine that remembers what it saw when it is given a cache. */
  async load(cache?: LocalCache): Promise<PointChain> {
    const { id, ring } = this.here
    return PointChain.load({ repository: id, records: this.here.reopenRecords(), ring, cache })
  }
}

test('two records of a point that was copied twice at once are one point, and either may be followed', async () => {
  const copies = await Copies.create()
  const [one, two] = [await copies.put(1), await copies.put(2)]
  await copies.here.putPoint({ after: [one] })
  await copies.here.putPoint({ after: [two] })
  const chain = await copies.load()
  expect(chain.alarms).toEqual([])
  expect(chain.points).toHaveLength(3)
  expect(chain.records).toHaveLength(4)
  expect(chain.get(one.record.point)?.object).toBe([one.object, two.object].sort()[0])
})

test('two records of a point stay two, and an alarm, when the owner did not certify who signed one', async () => {
  const copies = await Copies.create()
  await copies.put(1)
  await copies.put(2)
  const { records, instances } = await copies.load()
  expect(onePerPoint(records, instances)).toHaveLength(1)
  const uncertified = [...instances].map(([id, record]) => [id, { ...record, certificate: new Uint8Array(0) }] as const)
  expect(onePerPoint(records, new Map(uncertified))).toHaveLength(2)
})

test('two records of a point that is no copy stay two, and an alarm', async () => {
  const { here } = await Copies.create()
  const { record } = await here.putPoint()
  await here.putPoint({ ...record, bytesStored: 7 })
  const chain = await PointChain.load({ repository: here.id, records: here.reopenRecords(), ring: here.ring })
  expect(chain.points).toHaveLength(2)
  expect(chain.alarms.map(({ code }) => code)).toEqual(['ID_MISMATCH'])
})

test('a copy that was forgotten and made again is there; what followed the first is no alarm; both tombstones count', async () => {
  const copies = await Copies.create()
  const first = await copies.put(1)
  await copies.here.putPoint({ after: [first] })
  await copies.forget(first)
  const second = await copies.put(2)
  const chain = await copies.load()
  expect(chain.alarms).toEqual([])
  expect(chain.get(first.record.point)?.object).toBe(second.object)
  await copies.forget(second)
  // A store that shows them again shows nothing.
  await copies.put(1)
  await copies.put(2)
  const after = await copies.load()
  expect(after.alarms).toEqual([])
  expect(after.records).toHaveLength(1)
})

test('who remembers the record of a chain’s last point takes another copy of it for the same', async () => {
  const copies = await Copies.create()
  const cache = LocalCache.open({
    directory: temporaryFolder(),
    repository: copies.here.id,
    machineKey: new Uint8Array(32),
  })
  const first = await copies.put(1)
  await copies.load(cache)
  await copies.forget(first)
  const second = await copies.put(2)
  expect((await copies.load(cache)).alarms).toEqual([])
  // Without the owner's word it would be a store that shows another state.
  await copies.here.driver.remove({ kind: 'points', id: second.object })
  await copies.put(3)
  expect((await copies.load(cache)).alarms.map(({ code }) => code)).toEqual(['ROLLED_BACK'])
})
