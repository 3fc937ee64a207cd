import { writeFileSync } from 'node:fs'
import { afterAll, expect, test, vi } from 'vitest'
import { hexId, type PointId } from '../../../src/base/ids.ts'
import { systemRandomness } from '../../../src/base/random.ts'
import type { ForgetReport, ForgetRequest } from '../../../src/engine/care-types.ts'
import { forget, forgetRules } from '../../../src/engine/forget/forget.ts'
import { openInstance, type Instance } from '../../../src/repository/instance-key.ts'
import { careContext } from '../../support/care-fixture.ts'
import { closeSharedPool, EngineFixture } from '../../support/engine-fixture.ts'
import { listIds } from '../../support/objects.ts'
import { diskLines, pointLines } from '../../support/point-content.ts'
import { aheadClock } from '../../support/test-machine.ts'

afterAll(closeSharedPool)

async function withPoints(count: number): Promise<EngineFixture> {
  const f = await EngineFixture.create()
  for (let i = 0; i < count; i++) {
    writeFileSync(f.path(`file ${i}`), `content ${i}`)
    await f.backup({ options: { tags: [`number-${i}`] } })
  }
  return f
}

function last(count: number, allInstances = false): ForgetRequest {
  return { policy: { last: count }, timeZone: 'UTC', allInstances }
}

async function run(f: EngineFixture, request: ForgetRequest, dryRun = false): Promise<ForgetReport> {
  return forget(
    careContext(f),
    request,
    { dryRun, estimate: { unusedPercentMax: 5 } },
    {},
    new AbortController().signal,
  )
}

/** Returns the sequences of the points that are there, and whatever looks wrong about them. */
async function state(f: EngineFixture): Promise<{ points: number[]; alarms: string[] }> {
  await f.reopen()
  const chain = await f.repository.chain({ reload: true })
  return { points: chain.points.map(({ record }) => record.sequence), alarms: chain.alarms.map(({ code }) => code) }
}

async function otherInstance(f: EngineFixture, isCertified: boolean): Promise<Instance> {
  const store = { load: async () => undefined, save: async () => undefined }
  const describe = (): { name: string; host: string; user: string } => ({ name: 'other', host: 'host', user: 'user' })
  const instance = await openInstance(store, { describe, clock: aheadClock, randomness: systemRandomness })
  const { id, name, host, user, publicKey, created } = instance
  const record = { instance: id, name, host, user, publicKey, created, certificate: new Uint8Array() }
  if (isCertified) await f.repository.records.register(instance)
  else await f.repository.records.put('instances', record, instance)
  return instance
}

/** Makes another instance's points out of one that is there. */
async function pointsOf(f: EngineFixture, instance: Instance, count: number): Promise<void> {
  const [first] = (await f.repository.chain({ reload: true })).points
  for (let i = 0; i < count; i++) {
    const point = hexId<PointId>(systemRandomness.bytes(16))
    await f.repository.records.put(
      'points',
      { ...first!.record, point, instance: instance.id, sequence: i + 1, parents: [] },
      instance,
    )
  }
}

test('a policy forgets what it does not keep, and the chain stays sound without its parents', async () => {
  const f = await withPoints(4)
  const report = await run(f, last(2))
  expect(report.verdicts.map(({ point, keep }) => [point.record.sequence, keep])).toEqual([
    [4, true],
    [3, true],
    [2, false],
    [1, false],
  ])
  expect(await state(f)).toEqual({ points: [3, 4], alarms: [] })
  expect((await listIds(f.driver, 'points')).length).toBe(2)
  // The next point goes on from the last one, and everything is there.
  writeFileSync(f.path('more'), 'more')
  expect(await f.backup()).toMatchObject({ type: 'incremental', filesNew: 1 })
  expect(await state(f)).toEqual({ points: [3, 4, 5], alarms: [] })
  expect(await pointLines(await f.view(), f.source)).toEqual(diskLines(f.source))
})

test('a dry run says the same and changes nothing', async () => {
  const f = await withPoints(3)
  const before = await listIds(f.driver, 'points')
  const report = await run(f, last(1), true)
  expect(report.verdicts.filter(({ keep }) => !keep).length).toBe(2)
  expect(await listIds(f.driver, 'points')).toEqual(before)
  expect(await listIds(f.driver, 'tombstones')).toEqual([])
})

test('named points go, the last one of a chain too; the next backup begins anew', async () => {
  const f = await withPoints(2)
  const { points } = await f.repository.chain({ reload: true })
  await run(f, { points: [points[1]!, points[1]!] })
  expect(await state(f)).toEqual({ points: [1], alarms: [] })
  expect(await f.backup()).toMatchObject({ type: 'incremental', parent: points[0]!.record.point })
  await run(f, { points: (await f.repository.chain({ reload: true })).points })
  expect(await state(f)).toEqual({ points: [], alarms: [] })
  expect(await f.backup()).toMatchObject({ type: 'full' })
  expect(await pointLines(await f.view(), f.source)).toEqual(diskLines(f.source))
})

test('a point that somebody else forgot meanwhile is unknown', async () => {
  const f = await withPoints(2)
  const { points } = await f.repository.chain({ reload: true })
  await run(f, { points: [points[0]!] })
  await expect(run(f, { points: [points[0]!] })).rejects.toMatchObject({ code: 'UNKNOWN_POINT' })
})

test('a crash after the tombstone leaves a point forgotten, and one before it leaves it whole', async () => {
  const f = await withPoints(3)
  f.driver.fail({ method: 'put', kind: 'tombstones', when: 'before', lasting: true })
  await expect(run(f, last(1))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  f.driver.heal()
  expect(await state(f)).toEqual({ points: [1, 2, 3], alarms: [] })
  f.driver.fail({ method: 'remove', kind: 'points', when: 'before', lasting: true })
  await expect(run(f, last(1))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  f.driver.heal()
  const { points, alarms } = await state(f)
  expect(alarms).toEqual([])
  expect(points.length).toBeLessThan(3)
  expect((await listIds(f.driver, 'points')).length).toBe(3)
  await run(f, last(1))
  expect(await state(f)).toEqual({ points: [3], alarms: [] })
})

test('without the tombstone the chain would be broken', async () => {
  const f = await withPoints(2)
  vi.spyOn(forgetRules, 'putTombstone').mockResolvedValueOnce()
  await run(f, last(1))
  expect((await state(f)).alarms).toEqual(['RECORD_MISSING'])
})

test('points of other instances are judged when asked, each instance by itself', async () => {
  const f = await withPoints(3)
  const other = await otherInstance(f, true)
  await pointsOf(f, other, 3)
  expect((await run(f, last(1))).verdicts.length).toBe(3)
  const report = await run(f, last(1, true))
  const keptByOther = report.verdicts.filter(({ point, keep }) => keep && point.record.instance === other.id)
  expect(keptByOther.length).toBe(1)
})

test('points of other instances that a policy leaves out are counted', async () => {
  const f = await withPoints(1)
  await pointsOf(f, await otherInstance(f, true), 3)
  expect(await run(f, last(1))).toMatchObject({ leftOut: 3 })
  expect(await run(f, last(1, true), true)).toMatchObject({ leftOut: 0 })
})

test('a tag that no point has is refused where nothing else keeps points, and told where something does', async () => {
  const f = await withPoints(3)
  const policy = { tags: ['nosuch'] }
  for (const dryRun of [true, false]) {
    await expect(run(f, { policy, timeZone: 'UTC', allInstances: true }, dryRun)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: 'the policy would keep nothing: no point is tagged nosuch',
    })
  }
  expect((await state(f)).points).toEqual([1, 2, 3])
  const warnings: string[] = []
  const warning = ({ message }: Error): number => warnings.push(message)
  const both = { policy: { last: 1, tags: ['nosuch', 'number-0'] }, timeZone: 'UTC', allInstances: false }
  await forget(careContext(f), both, { dryRun: false, estimate: false }, { warning }, new AbortController().signal)
  expect(warnings).toEqual(['no point is tagged nosuch: --keep-tag nosuch keeps nothing'])
  expect((await state(f)).points).toEqual([1, 3])
})

test('a backup-only instance cannot push points out: a policy over it says how long all are kept', async () => {
  const f = await withPoints(1)
  await pointsOf(f, await otherInstance(f, false), 3)
  await expect(run(f, last(1, true))).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  expect((await listIds(f.driver, 'tombstones')).length).toBe(0)
  const within = { years: 0, months: 0, days: 1, hours: 0 }
  const report = await run(f, { policy: { last: 1, within }, timeZone: 'UTC', allInstances: true })
  expect(report.verdicts.every(({ keep }) => keep)).toBe(true)
})

test('a policy that keeps nothing, and a named point that is protected, are refused', async () => {
  const f = await withPoints(2)
  await expect(run(f, { policy: { last: 0 }, timeZone: 'UTC', allInstances: false })).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
  })
  const { points } = await f.repository.chain({ reload: true })
  const note = {
    point: points[1]!.record.point,
    addTags: ['suspect'],
    removeTags: [],
    text: '',
    made: { seconds: 1, nanoseconds: 0 },
  }
  await f.repository.records.put('notes', note, f.repository.instance)
  await expect(run(f, { points: [points[0]!] })).rejects.toMatchObject({ code: 'BAD_ARGUMENT' })
  expect((await state(f)).points).toEqual([1, 2])
})
