import { rmSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { hexId, type ObjectId, type RunId } from '../../../src/base/ids.ts'
import { systemRandomness } from '../../../src/base/random.ts'
import type { PruneOptions, PruneReport } from '../../../src/engine/care-types.ts'
import { forget } from '../../../src/engine/forget/forget.ts'
import { prune } from '../../../src/engine/prune/prune.ts'
import { pruneRules } from '../../../src/engine/prune/prune-rules.ts'
import { careContext } from '../../support/care-fixture.ts'
import { closeSharedPool, EngineFixture } from '../../support/engine-fixture.ts'
import { listIds } from '../../support/objects.ts'
import { DAY_MS, passTime } from '../../support/pass-time.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { diskLines, pointLines } from '../../support/point-content.ts'

afterAll(closeSharedPool)

async function run(f: EngineFixture, options: Partial<PruneOptions> = {}): Promise<PruneReport> {
  const all = { dryRun: false, exclusive: false, unusedPercentMax: 5, ...options }
  return prune(careContext(f), all, {}, new AbortController().signal)
}

async function keepLast(f: EngineFixture, last: number): Promise<void> {
  const request = { policy: { last }, timeZone: 'UTC', allInstances: false }
  await forget(careContext(f), request, { dryRun: false, estimate: false }, {}, new AbortController().signal)
}

/** Makes points that share one file and have one of their own each. */
async function withPoints(count: number): Promise<EngineFixture> {
  const f = await EngineFixture.create()
  writeFileSync(f.path('shared'), patternBytes(50_000, 1))
  for (let i = 0; i < count; i++) {
    writeFileSync(f.path('changing'), patternBytes(40_000, 10 + i))
    await f.backup()
  }
  return f
}

async function expectWhole(f: EngineFixture): Promise<void> {
  await f.reopen()
  expect((await f.repository.chain({ reload: true })).alarms).toEqual([])
  expect(await pointLines(await f.view(), f.source)).toEqual(diskLines(f.source))
}

async function leftovers(f: EngineFixture): Promise<Record<string, number>> {
  const kinds = ['marks', 'dead', 'lost', 'runs'] as const
  const counts = await Promise.all(kinds.map(async (kind) => [kind, (await listIds(f.driver, kind)).length] as const))
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

const packs = async (f: EngineFixture): Promise<ObjectId[]> => listIds(f.driver, 'packs')

describe('two phases', () => {
  test('what nothing needs is marked, deleted a grace later, and the marks go another grace later', async () => {
    const f = await withPoints(3)
    await keepLast(f, 1)
    const before = (await packs(f)).length
    const first = await run(f)
    expect(first.marked.packs).toBeGreaterThan(1)
    expect(first.freed.packs).toBe(0)
    expect(first.waiting.length).toBe(1)
    expect((await packs(f)).length).toBeGreaterThanOrEqual(before)
    passTime(f, DAY_MS / 2)
    expect((await run(f)).freed.packs).toBe(0)
    passTime(f, DAY_MS / 2)
    const third = await run(f)
    expect(third.freed).toEqual(first.marked)
    await expectWhole(f)
    expect(await leftovers(f)).toEqual({ marks: 1, dead: 1 })
    passTime(f, DAY_MS)
    await run(f)
    expect(await leftovers(f)).toEqual({})
    await expectWhole(f)
    // Nothing is left to do.
    expect(await run(f)).toMatchObject({
      freed: { packs: 0 },
      marked: { packs: 0 },
      repacked: { packs: 0 },
      waiting: [],
    })
  })

  test('a grace alone is not enough when nobody looked at the runs meanwhile', async () => {
    const f = await withPoints(2)
    await keepLast(f, 1)
    await run(f)
    passTime(f, DAY_MS)
    expect((await run(f)).freed.packs).toBe(0)
    passTime(f, DAY_MS / 2)
    expect((await run(f)).freed.packs).toBeGreaterThan(0)
    await expectWhole(f)
  })

  test('a machine that sees a mark for the first time waits for all of the grace itself', async () => {
    const f = await withPoints(2)
    await keepLast(f, 1)
    await run(f)
    passTime(f, 3 * DAY_MS)
    await f.loseCache()
    expect((await run(f)).freed.packs).toBe(0)
    passTime(f, DAY_MS / 2)
    await run(f)
    passTime(f, DAY_MS / 2)
    expect((await run(f)).freed.packs).toBeGreaterThan(0)
    await expectWhole(f)
  })

  test('a clock that was set back makes it wait anew', async () => {
    const f = await withPoints(2)
    await keepLast(f, 1)
    await run(f)
    passTime(f, -DAY_MS)
    await run(f)
    passTime(f, DAY_MS + DAY_MS / 4)
    expect((await run(f)).freed.packs).toBe(0)
    passTime(f, DAY_MS)
    expect((await run(f)).freed.packs).toBeGreaterThan(0)
  })

  test('a longer grace may be asked for, a shorter one counts for nothing', async () => {
    const f = await withPoints(2)
    await keepLast(f, 1)
    await run(f, { graceSeconds: 1 })
    passTime(f, DAY_MS / 2)
    await run(f, { graceSeconds: 1 })
    expect((await run(f, { graceSeconds: 1 })).freed.packs).toBe(0)
    passTime(f, DAY_MS / 2)
    expect((await run(f, { graceSeconds: 3 * 86_400 })).freed.packs).toBe(0)
    expect((await run(f, { graceSeconds: 1 })).freed.packs).toBeGreaterThan(0)
  })

  test('a pack that is needed again is spared, and the others of its mark go', async () => {
    const f = await EngineFixture.create()
    writeFileSync(f.path('comes back'), patternBytes(40_000, 1))
    await f.backup()
    writeFileSync(f.path('stays away'), patternBytes(40_000, 2))
    await f.backup()
    rmSync(f.path('comes back'))
    rmSync(f.path('stays away'))
    await f.backup()
    await keepLast(f, 1)
    const { marked } = await run(f)
    expect(marked.packs).toBeGreaterThan(2)
    // A run that does not see the mark takes the old bytes over.
    for (const id of await listIds(f.driver, 'marks')) f.driver.hide({ kind: 'marks', id })
    writeFileSync(f.path('comes back'), patternBytes(40_000, 1))
    expect((await f.backup()).bytesPut).toBeLessThan(30_000)
    f.driver.heal()
    for (let i = 0; i < 2; i++) {
      passTime(f, DAY_MS / 2)
      const { freed, retractedMarks } = await run(f)
      expect(retractedMarks).toBe(0)
      expect(freed.packs > 0).toBe(i === 1)
      expect(freed.packs).toBeLessThan(marked.packs)
    }
    await expectWhole(f)
    passTime(f, DAY_MS)
    expect((await run(f)).retractedMarks).toBe(1)
    expect(await leftovers(f)).toEqual({})
    await expectWhole(f)
  })

  test('a mark of which everything is needed again is taken back at once', async () => {
    const f = await EngineFixture.create()
    writeFileSync(f.path('comes back'), patternBytes(40_000, 1))
    await f.backup()
    const [pack] = await packs(f)
    const made = { seconds: 0, nanoseconds: 0 }
    await f.repository.records.put('marks', { packs: [pack!], made }, f.repository.instance)
    expect((await run(f)).retractedMarks).toBe(1)
    expect(await leftovers(f)).toEqual({})
  })
})

describe('runs', () => {
  async function announce(f: EngineFixture, run: RunId, counter: number): Promise<ObjectId> {
    const record = { run, instance: f.repository.instance.id, counter, started: { seconds: 0, nanoseconds: 0 } }
    return (await f.repository.records.put('runs', record, f.repository.instance)).id
  }

  async function half(f: EngineFixture): Promise<PruneReport> {
    passTime(f, DAY_MS / 2)
    return run(f)
  }

  test('one that lives is waited for, and a grace more after it was seen to have ended', async () => {
    const f = await withPoints(2)
    // It saw which index files are of points before these were forgotten.
    await run(f)
    await keepLast(f, 1)
    const id = hexId<RunId>(systemRandomness.bytes(16))
    let object = await announce(f, id, 0)
    await run(f)
    for (let counter = 1; counter < 8; counter++) {
      await f.driver.remove({ kind: 'runs', id: object })
      object = await announce(f, id, counter)
      const report = await half(f)
      expect(report.freed.packs).toBe(0)
      expect(report.waiting[0]?.runs).toMatchObject([{ run: id, isAlive: true }])
    }
    await f.driver.remove({ kind: 'runs', id: object })
    expect((await half(f)).waiting[0]?.runs).toMatchObject([{ run: id, isAlive: false }])
    expect((await half(f)).freed.packs).toBe(0)
    expect((await half(f)).freed.packs).toBeGreaterThan(0)
    await expectWhole(f)
  })

  test('one whose counter stands still for a grace counts as ended, and its object goes', async () => {
    const f = await withPoints(2)
    await run(f)
    await keepLast(f, 1)
    await announce(f, hexId<RunId>(systemRandomness.bytes(16)), 5)
    await run(f)
    for (let i = 0; i < 3; i++) expect((await half(f)).freed.packs).toBe(0)
    expect((await half(f)).freed.packs).toBeGreaterThan(0)
    expect((await listIds(f.driver, 'runs')).length).toBe(0)
  })

  test('one that appeared long after the mark has seen it, and is not waited for', async () => {
    const f = await withPoints(2)
    await keepLast(f, 1)
    await run(f)
    await half(f)
    await announce(f, hexId<RunId>(systemRandomness.bytes(16)), 0)
    expect((await half(f)).freed.packs).toBeGreaterThan(0)
  })

  test('what an interrupted run left is not marked while the next run of its instance lives, and is used by it', async () => {
    const f = await EngineFixture.create()
    writeFileSync(f.path('a'), patternBytes(3_000_000, 1))
    f.driver.fail({ method: 'put', kind: 'points', when: 'before' })
    await expect(f.backup()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    f.driver.heal()
    expect((await packs(f)).length).toBeGreaterThan(0)
    const object = await announce(f, hexId<RunId>(systemRandomness.bytes(16)), 0)
    expect((await run(f)).marked.packs).toBe(0)
    await f.driver.remove({ kind: 'runs', id: object })
    expect((await f.backup()).bytesPut).toBeLessThan(100_000)
    await expectWhole(f)
  })

  test('what a crashed run left without an index goes by the same steps', async () => {
    const f = await withPoints(1)
    writeFileSync(f.path('lost'), patternBytes(300_000, 77))
    f.driver.fail({ method: 'put', kind: 'index', when: 'before', lasting: true })
    await expect(f.backup()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    f.driver.heal()
    await f.reopen()
    const before = (await packs(f)).length
    expect((await run(f)).marked.packs).toBeGreaterThan(0)
    await half(f)
    expect((await half(f)).freed.packs).toBeGreaterThan(0)
    expect((await packs(f)).length).toBeLessThan(before)
    await f.backup()
    await expectWhole(f)
  })
})

describe('exclusive', () => {
  test('both phases at once, and nothing is left behind', async () => {
    const f = await withPoints(4)
    await keepLast(f, 1)
    const dry = await run(f, { exclusive: true, dryRun: true })
    expect(await leftovers(f)).toEqual({})
    const report = await run(f, { exclusive: true })
    expect(report.freed.packs).toBeGreaterThanOrEqual(dry.freed.packs)
    expect(dry.freed.packs).toBeGreaterThan(0)
    expect(await leftovers(f)).toEqual({})
    await expectWhole(f)
    const stored = (await listIds(f.driver, 'packs')).length
    expect(stored).toBe((await run(f, { exclusive: true })).needed.packs)
    await f.loseCache()
    await expectWhole(f)
  })

  test('an empty repository and one without garbage are left as they are', async () => {
    const f = await EngineFixture.create()
    expect(await run(f, { exclusive: true })).toMatchObject({ freed: { packs: 0 }, needed: { packs: 0, bytes: 0 } })
    writeFileSync(f.path('a'), 'a')
    await f.backup()
    const before = [await packs(f), await listIds(f.driver, 'index')]
    expect(await run(f, { exclusive: true })).toMatchObject({ freed: { packs: 0 }, indexesPut: 0 })
    expect([await packs(f), await listIds(f.driver, 'index')]).toEqual(before)
  })

  test('after every point is gone, nothing is left but index files of nothing', async () => {
    const f = await withPoints(2)
    const { points } = await f.repository.chain({ reload: true })
    await forget(careContext(f), { points }, { dryRun: false, estimate: false }, {}, new AbortController().signal)
    await run(f, { exclusive: true })
    expect(await packs(f)).toEqual([])
    expect(await listIds(f.driver, 'index')).toEqual([])
    await f.backup()
    await expectWhole(f)
  })
})

describe('writing anew', () => {
  test('packs that are mostly unneeded are written anew, and what is kept restores', async () => {
    const f = await EngineFixture.create()
    for (let i = 0; i < 40; i++) writeFileSync(f.path(`f${i}`), patternBytes(30_000, i))
    writeFileSync(f.path('large'), patternBytes(5_000_000, 99))
    await f.backup()
    for (let i = 0; i < 36; i++) rmSync(f.path(`f${i}`))
    await f.backup()
    await keepLast(f, 1)
    const sizes = async (): Promise<number> => (await run(f, { dryRun: true, exclusive: true })).needed.bytes
    const before = await sizes()
    const report = await run(f, { exclusive: true })
    expect(report.repacked.packs).toBeGreaterThan(0)
    expect(report.unusedBytes).toBeLessThanOrEqual(report.needed.bytes * 0.06)
    expect(await sizes()).toBeLessThan(before - 900_000)
    await expectWhole(f)
    await f.loseCache()
    await expectWhole(f)
    expect((await run(f, { exclusive: true })).repacked.packs).toBe(0)
  })

  test('as much as it may cost, and no more', async () => {
    const f = await EngineFixture.create()
    for (let i = 0; i < 10; i++) writeFileSync(f.path(`f${i}`), patternBytes(200_000, i))
    await f.backup()
    for (let i = 0; i < 5; i++) rmSync(f.path(`f${i}`))
    await f.backup()
    await keepLast(f, 1)
    expect((await run(f, { exclusive: true, repackBytesMax: 100_000 })).repacked.bytes).toBeLessThanOrEqual(100_000)
    expect((await run(f, { exclusive: true, unusedPercentMax: 1000 })).repacked.packs).toBe(0)
    expect((await run(f, { exclusive: true })).repacked.packs).toBeGreaterThan(0)
    await expectWhole(f)
  })

  test('many small packs become few, many index files one', async () => {
    const f = await EngineFixture.create()
    for (let i = 0; i < 18; i++) {
      writeFileSync(f.path(`f${i}`), patternBytes(2_000, i))
      await f.backup()
    }
    expect((await packs(f)).length).toBe(36)
    const report = await run(f, { exclusive: true })
    expect(report.indexesPut).toBe(1)
    expect((await listIds(f.driver, 'index')).length).toBe(1)
    expect((await packs(f)).length).toBe(2)
    await expectWhole(f)
    const { points } = await f.repository.chain({ reload: true })
    for (const { record } of points) await pointLines(await f.view(record.point), f.source)
  })

  test('without room for it, what nothing needs is freed all the same', async () => {
    const f = await EngineFixture.create()
    for (let i = 0; i < 40; i++) writeFileSync(f.path(`f${i}`), patternBytes(30_000, i))
    await f.backup()
    writeFileSync(f.path('in a pack of its own'), patternBytes(30_000, 50))
    await f.backup()
    rmSync(f.path('in a pack of its own'))
    for (let i = 0; i < 36; i++) rmSync(f.path(`f${i}`))
    await f.backup()
    await keepLast(f, 1)
    const { StorageError } = await import('../../../src/base/errors.ts')
    f.driver.fail({
      method: 'put',
      kind: 'packs',
      when: 'before',
      lasting: true,
      error: new StorageError('STORE_FULL', 'full'),
    })
    const warnings: string[] = []
    const report = await prune(
      careContext(f),
      { dryRun: false, exclusive: true, unusedPercentMax: 5 },
      { warning: ({ code }) => warnings.push(code) },
      new AbortController().signal,
    )
    expect(report.freed.packs).toBeGreaterThan(0)
    expect(warnings).toContain('STORE_FULL')
    f.driver.heal()
    await expectWhole(f)
  })
})

describe('what must not be believed', () => {
  test('a store that hides a point: nothing is marked or deleted', async () => {
    const f = await withPoints(3)
    const { points } = await f.repository.chain({ reload: true })
    const before = await packs(f)
    for (const { object } of points) {
      f.driver.hide({ kind: 'points', id: object })
      await f.reopen()
      await expect(run(f, { exclusive: true })).rejects.toMatchObject({ code: 'RECORD_MISSING' })
      f.driver.heal()
    }
    expect(await packs(f)).toEqual(before)
    expect(await leftovers(f)).toEqual({})
  })

  test.each(['points', 'index', 'packs'] as const)('damage in %s: nothing is marked or deleted', async (kind) => {
    const f = await withPoints(3)
    await keepLast(f, 2)
    const before = await packs(f)
    for (const id of await listIds(f.driver, kind)) {
      await f.driver.truncate({ kind, id }, 300)
      await f.loseCache()
      await run(f, { exclusive: true }).catch((error: { code: string }) => {
        expect(['ID_MISMATCH', 'AUTH_FAILED', 'MALFORMED', 'RECORD_MISSING', 'BLOB_MISSING']).toContain(error.code)
      })
      f.driver.heal()
      if (kind !== 'packs') expect(await packs(f)).toEqual(before)
    }
    await f.loseCache()
    await expectWhole(f)
  })

  test('a point that a later version made', async () => {
    const f = await withPoints(1)
    const [point] = (await f.repository.chain({ reload: true })).points
    const features = { read: [], write: [], prune: ['later'] }
    const record = {
      ...point!.record,
      point: hexId<typeof point extends undefined ? never : NonNullable<typeof point>['record']['point']>(
        systemRandomness.bytes(16),
      ),
      features,
    }
    await f.repository.records.put('points', record, f.repository.instance)
    await expect(run(f)).rejects.toMatchObject({ code: 'UNSUPPORTED_FEATURE' })
  })
})

test('interrupted after any call to the store, nothing is lost, and the next prune goes on', async () => {
  for (let nth = 1; ; nth++) {
    const f = await EngineFixture.create()
    for (let i = 0; i < 6; i++) writeFileSync(f.path(`f${i}`), patternBytes(30_000, i))
    await f.backup()
    for (let i = 0; i < 4; i++) rmSync(f.path(`f${i}`))
    await f.backup()
    await keepLast(f, 1)
    f.driver.fail({ nth, when: nth % 2 === 0 ? 'before' : 'after', lasting: true })
    const isDone = await run(f, { exclusive: true }).then(
      () => true,
      () => false,
    )
    f.driver.heal()
    await expectWhole(f)
    await run(f, { exclusive: true })
    await expectWhole(f)
    expect(await leftovers(f)).toEqual({})
    if (isDone) break
  }
}, 120_000)

describe('rules', () => {
  test('the listing after the dead record is what saves a point that came in between', async () => {
    const f = await EngineFixture.create()
    writeFileSync(f.path('comes back'), patternBytes(40_000, 1))
    await f.backup()
    rmSync(f.path('comes back'))
    await f.backup()
    await keepLast(f, 1)
    const { lookAgain } = pruneRules
    const spy = vi.spyOn(pruneRules, 'lookAgain').mockImplementation(async (before, look) => {
      // A run that began before the mark and commits now.
      for (const id of [...(await listIds(f.driver, 'marks')), ...(await listIds(f.driver, 'dead'))]) {
        f.driver.hide({ kind: 'marks', id })
        f.driver.hide({ kind: 'dead', id })
      }
      writeFileSync(f.path('comes back'), patternBytes(40_000, 1))
      await f.backup()
      f.driver.heal()
      return lookAgain(before, look)
    })
    await run(f, { exclusive: true })
    spy.mockRestore()
    await expectWhole(f)
  })
})
