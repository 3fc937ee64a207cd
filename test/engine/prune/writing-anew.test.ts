import { rmSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { StorageError } from '../../../src/base/errors.ts'
import { repositoryStats } from '../../../src/engine/look/stats.ts'
import { forget } from '../../../src/engine/forget/forget.ts'
import { careContext } from '../../support/care-fixture.ts'
import { closeSharedPool, EngineFixture } from '../../support/engine-fixture.ts'
import { listIds } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { pointLines } from '../../support/point-content.ts'
import { expectWhole, keepLast, leftovers, packIds, runPrune, withPoints } from '../../support/prune-fixture.ts'

afterAll(closeSharedPool)

describe('exclusive', () => {
  test('both phases at once, and nothing is left behind', async () => {
    const f = await withPoints(4)
    await keepLast(f, 1)
    const dry = await runPrune(f, { exclusive: true, dryRun: true })
    expect(await leftovers(f)).toEqual({})
    const report = await runPrune(f, { exclusive: true })
    expect(report.freed.packs).toBeGreaterThanOrEqual(dry.freed.packs)
    expect(dry.freed.packs).toBeGreaterThan(0)
    expect(await leftovers(f)).toEqual({})
    await expectWhole(f)
    const stored = (await listIds(f.driver, 'packs')).length
    expect(stored).toBe((await runPrune(f, { exclusive: true })).needed.packs)
    await f.loseCache()
    await expectWhole(f)
  })

  test('an empty repository and one without garbage are left as they are', async () => {
    const f = await EngineFixture.create()
    expect(await runPrune(f, { exclusive: true })).toMatchObject({
      freed: { packs: 0 },
      needed: { packs: 0, bytes: 0 },
    })
    writeFileSync(f.path('a'), 'a')
    await f.backup()
    const before = [await packIds(f), await listIds(f.driver, 'index')]
    expect(await runPrune(f, { exclusive: true })).toMatchObject({ freed: { packs: 0 }, indexesPut: 0 })
    expect([await packIds(f), await listIds(f.driver, 'index')]).toEqual(before)
  })

  test('after every point is gone, nothing is left but index files of nothing', async () => {
    const f = await withPoints(2)
    const { points } = await f.repository.chain({ reload: true })
    await forget(careContext(f), { points }, { dryRun: false, estimate: false }, {}, new AbortController().signal)
    await runPrune(f, { exclusive: true })
    expect(await packIds(f)).toEqual([])
    expect(await listIds(f.driver, 'index')).toEqual([])
    await f.backup()
    await expectWhole(f)
  })
})

describe('writing anew', () => {
  test('packs that are mostly unneeded are written anew, and what is kept restores', async () => {
    const f = await EngineFixture.create()
    for (let i = 0; i < 18; i++) writeFileSync(f.path(`f${i}`), patternBytes(60_000, i))
    writeFileSync(f.path('large'), patternBytes(5_000_000, 99))
    await f.backup()
    for (let i = 0; i < 16; i++) rmSync(f.path(`f${i}`))
    await f.backup()
    await keepLast(f, 1)
    const sizes = async (): Promise<number> => (await runPrune(f, { dryRun: true, exclusive: true })).needed.bytes
    const before = await sizes()
    const { signal } = new AbortController()
    const { space } = await repositoryStats(f.repository, { signal })
    expect(space.needed.bytes).toBe(before)
    const dry = await runPrune(f, { dryRun: true, exclusive: true })
    const marking = await runPrune(f, { dryRun: true })
    const report = await runPrune(f, { exclusive: true })
    expect(report.repacked.packs).toBeGreaterThan(0)
    // A dry run tells of the packs that writing anew empties, too.
    expect(dry.freed).toEqual(report.freed)
    expect(marking).toMatchObject({ freed: { packs: 0 }, marked: report.freed })
    // What is written anew needs a header and a footer of its own, and may compress otherwise.
    const freed = report.freed.bytes - report.repackedInto.bytes
    expect(Math.abs(space.freeableBytes - freed)).toBeLessThan(space.freeableBytes * 0.05)
    expect(report.unusedBytes).toBeLessThanOrEqual(report.needed.bytes * 0.06)
    expect(await sizes()).toBeLessThan(before - 900_000)
    await expectWhole(f)
    await f.loseCache()
    await expectWhole(f)
    expect((await runPrune(f, { exclusive: true })).repacked.packs).toBe(0)
  })

  test('what the newest point has left in many frames comes together, in the order of its paths', async () => {
    const f = await EngineFixture.create()
    const kept = Array.from({ length: 30 }, (_, i) => `f${String(i).padStart(2, '0')}-0`)
    for (const [i, name] of kept.entries()) {
      writeFileSync(f.path(name), patternBytes(30_000, i))
      for (let more = 1; more < 3; more++) {
        writeFileSync(f.path(name.replace(/0$/, `${more}`)), patternBytes(510_000, i + 100 * more))
      }
    }
    await f.backup()
    for (const name of kept) for (const more of [1, 2]) rmSync(f.path(name.replace(/0$/, `${more}`)))
    await f.backup()
    // Nothing is written anew for the sake of what is unused.
    const report = await runPrune(f, { exclusive: true, unusedPercentMax: 100 })
    expect(report.repackedInto.packs).toBe(1)
    const index = await f.repository.index()
    const view = await f.view()
    const places: number[] = []
    for (const name of kept) {
      const file = await view.lookup(byteStringOf(f.path(name)))
      if (file?.kind !== 'file') throw new Error('the file is in the point')
      const { frame, offset } = index.locate(file.content.ids)!
      places.push(frame * 2 ** 23 + offset)
    }
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(new Set(places.map((place) => Math.floor(place / 2 ** 23))).size).toBe(1)
    await expectWhole(f)
  })

  test('as much as it may cost, and no more', async () => {
    const f = await EngineFixture.create()
    for (let i = 0; i < 10; i++) writeFileSync(f.path(`f${i}`), patternBytes(200_000, i))
    await f.backup()
    for (let i = 0; i < 5; i++) rmSync(f.path(`f${i}`))
    await f.backup()
    await keepLast(f, 1)
    expect((await runPrune(f, { exclusive: true, repackBytesMax: 100_000 })).repacked.bytes).toBeLessThanOrEqual(
      100_000,
    )
    expect((await runPrune(f, { exclusive: true, unusedPercentMax: 1000 })).repacked.packs).toBe(0)
    expect((await runPrune(f, { exclusive: true })).repacked.packs).toBeGreaterThan(0)
    await expectWhole(f)
  })

  test('many small packs become few, many index files one', async () => {
    const f = await EngineFixture.create()
    for (let i = 0; i < 18; i++) {
      writeFileSync(f.path(`f${i}`), patternBytes(2_000, i))
      await f.backup()
    }
    expect((await packIds(f)).length).toBe(36)
    const report = await runPrune(f, { exclusive: true })
    expect(report.indexesPut).toBe(1)
    expect((await listIds(f.driver, 'index')).length).toBe(1)
    expect((await packIds(f)).length).toBe(2)
    await expectWhole(f)
    const { points } = await f.repository.chain({ reload: true })
    for (const { record } of points) await pointLines(await f.view(record.point), f.source)
  })

  test('without room for it, what nothing needs is freed all the same', async () => {
    const f = await EngineFixture.create()
    for (let i = 0; i < 18; i++) writeFileSync(f.path(`f${i}`), patternBytes(60_000, i))
    await f.backup()
    writeFileSync(f.path('in a pack of its own'), patternBytes(30_000, 50))
    await f.backup()
    rmSync(f.path('in a pack of its own'))
    for (let i = 0; i < 16; i++) rmSync(f.path(`f${i}`))
    await f.backup()
    await keepLast(f, 1)
    f.driver.fail({
      method: 'put',
      kind: 'packs',
      when: 'before',
      lasting: true,
      error: new StorageError('STORE_FULL', 'full'),
    })
    const warnings: string[] = []
    const report = await runPrune(f, { exclusive: true }, { warning: ({ code }) => warnings.push(code) })
    expect(report.freed.packs).toBeGreaterThan(0)
    expect(warnings).toContain('STORE_FULL')
    f.driver.heal()
    await expectWhole(f)
  })
})
