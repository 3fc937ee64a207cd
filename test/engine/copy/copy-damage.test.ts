import { mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { bytesOf } from '../../../src/base/byte-string.ts'
import { copyPoints } from '../../../src/engine/copy/copy.ts'
import type { CopyEvents, CopyOptions, CopyReport } from '../../../src/engine/copy/copy-types.ts'
import type { ObjectName } from '../../../src/storage/driver.ts'
import { careContext, runCheck, runRepair } from '../../support/care-fixture.ts'
import { closeSharedPool, EngineFixture } from '../../support/engine-fixture.ts'
import { listAll } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'

afterAll(closeSharedPool)

/** Makes a repository with three points; only the second one has the file `between`, which lies in a pack of its own. */
async function threePoints(): Promise<EngineFixture & { readonly between: ObjectName }> {
  const fixture = await EngineFixture.create()
  mkdirSync(fixture.path('folder'))
  writeFileSync(fixture.path('first'), 'first')
  writeFileSync(fixture.path('folder', 'large'), patternBytes(1_500_000, 1))
  await fixture.backup()
  const before = new Set((await packsOf(fixture)).map(({ id }) => id))
  writeFileSync(fixture.path('between'), patternBytes(200_000, 2))
  await fixture.backup()
  const [between] = (await packsOf(fixture)).filter(({ id }) => !before.has(id))
  writeFileSync(fixture.path('between'), 'something else')
  writeFileSync(fixture.path('last'), 'last')
  await fixture.backup()
  return Object.assign(fixture, { between: between! })
}

/** The packs of a repository, the largest first. */
async function packsOf({ driver }: EngineFixture): Promise<ObjectName[]> {
  const packs = await listAll(driver, 'packs')
  return packs.toSorted((a, b) => b.bytes - a.bytes).map(({ name }) => name)
}

async function dataPacksOf({ repository }: EngineFixture): Promise<ObjectName[]> {
  const { packs } = await repository.index()
  const rows = Array.from({ length: packs.size }, (_, row) => packs.row(row))
  return rows.flatMap(({ id, kind }) => (kind === 'data' ? [{ kind: 'packs', id }] : []))
}

async function rot({ driver }: EngineFixture, name: ObjectName): Promise<void> {
  const bytes = await driver.get(name)
  // In the middle of what is mostly one frame.
  const at = bytes.byteLength >> 1
  bytes[at] = bytes[at]! ^ 1
  await driver.remove(name)
  await driver.inner.put(name, [bytes])
}

async function copyAll(
  from: EngineFixture,
  to: EngineFixture,
  options: Partial<CopyOptions> = {},
): Promise<CopyReport & { readonly leftOut: readonly string[] }> {
  const leftOut: string[] = []
  const events: CopyEvents = {
    leftOut: ({ point, entries, paths }) => {
      leftOut.push(`${point.record.sequence}: ${entries}: ${paths.map((path) => bytesOf(path).toString()).join()}`)
    },
  }
  await from.reopen()
  await to.reopen()
  const { points } = await from.repository.chain({ reload: true })
  const all = { dryRun: false, bringBack: false, ...options }
  const request = { source: from.repository, points, options: all }
  const report = await copyPoints(careContext(to), request, events, new AbortController().signal)
  return { ...report, leftOut }
}

/** Expects a repository to be whole, whatever this machine keeps of it; returns the numbers of its points. */
async function expectWhole(fixture: EngineFixture): Promise<number[]> {
  await fixture.loseCache()
  const { report, findings, affected } = await runCheck(fixture, { readDataPercent: 100 })
  expect([findings.filter(({ kind }) => kind === 'damage'), affected, report.damage]).toEqual([[], [], 0])
  return (await fixture.repository.chain()).points.map(({ record }) => record.sequence).toSorted((a, b) => a - b)
}

for (const damage of ['gone', 'rotten'] as const) {
  test(`a point whose data is ${damage} is left out and named with its files, its children are copied, and it follows once it is healed`, async () => {
    const source = await threePoints()
    const target = await EngineFixture.create()
    const kept = await source.driver.get(source.between)
    if (damage === 'gone') await source.driver.remove(source.between)
    else await rot(source, source.between)
    const done = await copyAll(source, target)
    expect(done.leftOut).toEqual([`2: 1: ${source.path('between')}`])
    expect(done.copied.map(({ point }) => point.record.sequence)).toEqual([1, 3])
    expect(done.damaged.map(({ point }) => point.record.sequence)).toEqual([2])
    expect(await expectWhole(target)).toEqual([1, 3])
    // Neither a check nor a repair that finds nothing to heal with changes that.
    await runCheck(source, { readDataPercent: 100 })
    await runRepair(source)
    const again = await copyAll(source, target)
    expect([again.leftOut, again.copied]).toEqual([done.leftOut, []])
    if (damage === 'rotten') await source.driver.remove(source.between)
    await source.driver.inner.put(source.between, [kept])
    await source.loseCache()
    for (const { name } of await listAll(source.driver, 'lost')) await source.driver.remove(name)
    const healed = await copyAll(source, target)
    expect([healed.leftOut, healed.copied.length, healed.alreadyThere.length]).toEqual([[], 1, 2])
    expect(await expectWhole(target)).toEqual([1, 2, 3])
  })
}

test('what is lost of points that are there already is copied once more, though no point is, and what cannot be had is counted', async () => {
  const source = await threePoints()
  const target = await EngineFixture.create()
  await copyAll(source, target)
  expect(await copyAll(source, target)).toMatchObject({ healed: { blobs: 0 }, lostThere: 0 })
  const [largest, ...others] = await packsOf(target)
  await target.driver.remove(largest!)
  for (const other of others) await rot(target, other)
  await runCheck(target, { readDataPercent: 100 })
  const dry = await copyAll(source, target, { dryRun: true })
  expect([dry.healed.blobs, dry.lostThere > 0]).toEqual([0, true])
  const done = await copyAll(source, target)
  expect([done.copied, done.alreadyThere.length, done.lostThere]).toEqual([[], 3, 0])
  expect(done.healed.bytes).toBeGreaterThan(1_700_000)
  await target.loseCache()
  expect((await runCheck(target, { readDataPercent: 100 })).affected).toEqual([])
  expect(await copyAll(source, target)).toMatchObject({ healed: { blobs: 0 }, lostThere: 0 })
})

test('what is lost on both sides stays lost there, and is told', async () => {
  const source = await threePoints()
  const target = await EngineFixture.create()
  await copyAll(source, target)
  await source.driver.remove(source.between)
  for (const pack of await dataPacksOf(target)) await target.driver.remove(pack)
  const done = await copyAll(source, target)
  expect(done.healed.bytes).toBeGreaterThan(1_500_000)
  expect([done.copied, done.lostThere > 0]).toEqual([[], true])
  await target.loseCache()
  const { affected } = await runCheck(target)
  expect(affected).toEqual([`2:${source.path('between')}`])
})
