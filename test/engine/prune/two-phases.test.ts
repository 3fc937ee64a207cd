import { rmSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { hexId, type ObjectId, type RunId } from '../../../src/base/ids.ts'
import { systemRandomness } from '../../../src/base/random.ts'
import type { PruneReport } from '../../../src/engine/care-types.ts'
import { closeSharedPool, EngineFixture } from '../../support/engine-fixture.ts'
import { listIds } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { DAY_MS, passTime } from '../../support/pass-time.ts'
import { expectWhole, keepLast, leftovers, packIds, runPrune, withPoints } from '../../support/prune-fixture.ts'

afterAll(closeSharedPool)

describe('two phases', () => {
  test('what nothing needs is marked, deleted a grace later, and the marks go another grace later', async () => {
    const f = await withPoints(3)
    await keepLast(f, 1)
    const before = (await packIds(f)).length
    const first = await runPrune(f)
    expect(first.marked.packs).toBeGreaterThan(1)
    expect(first.freed.packs).toBe(0)
    expect(first.waiting.length).toBe(1)
    expect((await packIds(f)).length).toBeGreaterThanOrEqual(before)
    passTime(f, DAY_MS / 2)
    expect((await runPrune(f)).freed.packs).toBe(0)
    passTime(f, DAY_MS / 2)
    const third = await runPrune(f)
    expect(third.freed).toEqual(first.marked)
    await expectWhole(f)
    expect(await leftovers(f)).toEqual({ marks: 1, dead: 1 })
    passTime(f, DAY_MS)
    await runPrune(f)
    expect(await leftovers(f)).toEqual({})
    await expectWhole(f)
    // Nothing is left to do.
    expect(await runPrune(f)).toMatchObject({
      freed: { packs: 0 },
      marked: { packs: 0 },
      repacked: { packs: 0 },
      waiting: [],
    })
  })

  test('notes about forgotten points go, those about others stay', async () => {
    const f = await withPoints(2)
    const { points } = await f.repository.chain({ reload: true })
    const made = { seconds: 1, nanoseconds: 0 }
    for (const { record } of points) {
      const note = { point: record.point, addTags: ['seen'], removeTags: [], text: '', made }
      await f.repository.records.put('notes', note, f.repository.instance)
    }
    await keepLast(f, 1)
    await runPrune(f, { dryRun: true })
    expect((await listIds(f.driver, 'notes')).length).toBe(2)
    await runPrune(f)
    expect((await listIds(f.driver, 'notes')).length).toBe(1)
    const after = await f.repository.chain({ reload: true })
    expect(after.points.map(({ tags }) => tags)).toEqual([['seen']])
  })

  test('a grace alone is not enough when nobody looked at the runs meanwhile', async () => {
    const f = await withPoints(2)
    await keepLast(f, 1)
    await runPrune(f)
    passTime(f, DAY_MS)
    expect((await runPrune(f)).freed.packs).toBe(0)
    passTime(f, DAY_MS / 2)
    expect((await runPrune(f)).freed.packs).toBeGreaterThan(0)
    await expectWhole(f)
  })

  test('a machine that sees a mark for the first time waits for all of the grace itself', async () => {
    const f = await withPoints(2)
    await keepLast(f, 1)
    await runPrune(f)
    passTime(f, 3 * DAY_MS)
    await f.loseCache()
    expect((await runPrune(f)).freed.packs).toBe(0)
    passTime(f, DAY_MS / 2)
    await runPrune(f)
    passTime(f, DAY_MS / 2)
    expect((await runPrune(f)).freed.packs).toBeGreaterThan(0)
    await expectWhole(f)
  })

  test('a clock that was set back makes it wait anew', async () => {
    const f = await withPoints(2)
    await keepLast(f, 1)
    await runPrune(f)
    passTime(f, -DAY_MS)
    await runPrune(f)
    passTime(f, DAY_MS + DAY_MS / 4)
    expect((await runPrune(f)).freed.packs).toBe(0)
    passTime(f, DAY_MS)
    expect((await runPrune(f)).freed.packs).toBeGreaterThan(0)
  })

  test('a longer grace may be asked for, a shorter one counts for nothing', async () => {
    const f = await withPoints(2)
    await keepLast(f, 1)
    await runPrune(f, { graceSeconds: 1 })
    passTime(f, DAY_MS / 2)
    await runPrune(f, { graceSeconds: 1 })
    expect((await runPrune(f, { graceSeconds: 1 })).freed.packs).toBe(0)
    passTime(f, DAY_MS / 2)
    expect((await runPrune(f, { graceSeconds: 3 * 86_400 })).freed.packs).toBe(0)
    expect((await runPrune(f, { graceSeconds: 1 })).freed.packs).toBeGreaterThan(0)
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
    const { marked } = await runPrune(f)
    expect(marked.packs).toBeGreaterThan(2)
    // A run that does not see the mark takes the old bytes over.
    for (const id of await listIds(f.driver, 'marks')) f.driver.hide({ kind: 'marks', id })
    writeFileSync(f.path('comes back'), patternBytes(40_000, 1))
    expect((await f.backup()).bytesPut).toBeLessThan(30_000)
    f.driver.heal()
    for (let i = 0; i < 2; i++) {
      passTime(f, DAY_MS / 2)
      const { freed, retractedMarks } = await runPrune(f)
      expect(retractedMarks).toBe(0)
      expect(freed.packs > 0).toBe(i === 1)
      expect(freed.packs).toBeLessThan(marked.packs)
    }
    await expectWhole(f)
    passTime(f, DAY_MS)
    expect((await runPrune(f)).retractedMarks).toBe(1)
    expect(await leftovers(f)).toEqual({})
    await expectWhole(f)
  })

  test('a mark of which everything is needed again is taken back at once', async () => {
    const f = await EngineFixture.create()
    writeFileSync(f.path('comes back'), patternBytes(40_000, 1))
    await f.backup()
    const [pack] = await packIds(f)
    const made = { seconds: 0, nanoseconds: 0 }
    await f.repository.records.put('marks', { packs: [pack!], made }, f.repository.instance)
    expect((await runPrune(f)).retractedMarks).toBe(1)
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
    return runPrune(f)
  }

  test('one that lives is waited for, and a grace more after it was seen to have ended', async () => {
    const f = await withPoints(2)
    // It saw which index files are of points before these were forgotten.
    await runPrune(f)
    await keepLast(f, 1)
    const id = hexId<RunId>(systemRandomness.bytes(16))
    let object = await announce(f, id, 0)
    await runPrune(f)
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
    await runPrune(f)
    await keepLast(f, 1)
    await announce(f, hexId<RunId>(systemRandomness.bytes(16)), 5)
    await runPrune(f)
    for (let i = 0; i < 3; i++) expect((await half(f)).freed.packs).toBe(0)
    expect((await half(f)).freed.packs).toBeGreaterThan(0)
    expect((await listIds(f.driver, 'runs')).length).toBe(0)
  })

  test('one that appeared long after the mark has seen it, and is not waited for', async () => {
    const f = await withPoints(2)
    await keepLast(f, 1)
    await runPrune(f)
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
    expect((await packIds(f)).length).toBeGreaterThan(0)
    const object = await announce(f, hexId<RunId>(systemRandomness.bytes(16)), 0)
    expect((await runPrune(f)).marked.packs).toBe(0)
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
    const before = (await packIds(f)).length
    expect((await runPrune(f)).marked.packs).toBeGreaterThan(0)
    await half(f)
    expect((await half(f)).freed.packs).toBeGreaterThan(0)
    expect((await packIds(f)).length).toBeLessThan(before)
    await f.backup()
    await expectWhole(f)
  })
})
