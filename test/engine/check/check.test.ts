import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { hexId, type ObjectId } from '../../../src/base/ids.ts'
import { objectIdOf } from '../../../src/crypto/blake3.ts'
import { check } from '../../../src/engine/check/check.ts'
import { type CheckReport, isDamaged } from '../../../src/engine/check/check-types.ts'
import { type ObjectName, packPath } from '../../../src/storage/driver.ts'
import { careBasis, careContext, runCheck } from '../../support/care-fixture.ts'
import { closeSharedPool, EngineFixture } from '../../support/engine-fixture.ts'
import { listIds } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { type RealmMachine, twoRealms } from '../../support/two-realms.ts'

afterAll(closeSharedPool)

/** A repository with two points of a few files in folders. */
async function twoPoints(): Promise<EngineFixture> {
  const fixture = await EngineFixture.create()
  mkdirSync(fixture.path('folder', 'inner'), { recursive: true })
  writeFileSync(fixture.path('top'), 'top')
  writeFileSync(fixture.path('folder', 'inner', 'deep'), 'deep')
  writeFileSync(fixture.path('folder', 'large'), patternBytes(3_000_000, 1))
  await fixture.backup()
  writeFileSync(fixture.path('new'), 'new')
  await fixture.backup()
  return fixture
}

/** Returns the packs of a kind; the first backup's data pack is the larger one. */
async function packsOf(fixture: EngineFixture, kind: 'data' | 'tree'): Promise<{ id: ObjectId; bytes: number }[]> {
  const { packs } = await fixture.repository.index()
  const rows = Array.from({ length: packs.size }, (_, row) => packs.row(row))
  return rows.filter((pack) => pack.kind === kind).sort((a, b) => b.bytes - a.bytes)
}

async function flip(fixture: EngineFixture, name: ObjectName, offset: number): Promise<void> {
  const bytes = await fixture.driver.inner.get(name)
  const at = offset < 0 ? bytes.byteLength + offset : offset
  fixture.driver.replace(name, bytes.with(at, bytes[at]! ^ 4))
}

test('a sound repository has no damage, with its data read or not', async () => {
  const fixture = await twoPoints()
  const structure = await runCheck(fixture)
  expect(structure.findings).toEqual([])
  expect(structure.affected).toEqual([])
  expect(structure.report).toMatchObject({ points: 2, damage: 0, notes: 0, dataRead: undefined, blobsCalledLost: 0 })
  expect(structure.report.packs.packs).toBe((await listIds(fixture.driver, 'packs')).length)
  const data = await runCheck(fixture, { readDataPercent: 100 })
  expect(data.findings).toEqual([])
  expect(data.report.dataRead).toMatchObject({ ...data.report.packs, packsBefore: 0, total: data.report.packs })
  expect(await listIds(fixture.driver, 'lost')).toEqual([])
})

test('a rotten frame is found by reading, names the files of all points, and is stored again by the next backup', async () => {
  const fixture = await twoPoints()
  const [pack] = await packsOf(fixture, 'data')
  const bytes = await fixture.driver.get({ kind: 'packs', id: pack!.id })
  // For good, as on a disk.
  await fixture.driver.inner.remove({ kind: 'packs', id: pack!.id })
  await fixture.driver.inner.put({ kind: 'packs', id: pack!.id }, [bytes.with(5000, bytes[5000]! ^ 1)])
  expect(isDamaged((await runCheck(fixture)).report)).toBe(false)
  const { report, findings, affected } = await runCheck(fixture, { readDataPercent: 100 })
  expect(isDamaged(report)).toBe(true)
  expect(findings.map(({ kind, problem }) => [kind, problem.context['object']])).toEqual([
    ['damage', packPath(pack!.id)],
  ])
  const files = affected.filter((line) => line.startsWith('2:')).map((line) => line.slice(2))
  expect(files.length).toBeGreaterThan(0)
  expect(affected).toEqual([...files.map((file) => `2:${file}`), ...files.map((file) => `1:${file}`)])
  expect(report.affected.map(({ entries }) => entries)).toEqual([files.length, files.length])
  expect(report.blobsCalledLost).toBeGreaterThan(0)
  // Known from now on, without reading anything.
  const again = await runCheck(fixture)
  expect(again.affected).toEqual(affected)
  expect(again.report.blobsCalledLost).toBe(0)
  expect((await runCheck(fixture, { readDataPercent: 100 })).report.blobsCalledLost).toBe(0)
  expect(await listIds(fixture.driver, 'lost')).toHaveLength(1)
  const { healed: stored } = await fixture.backup()
  expect(stored.blobs).toBe(report.blobsCalledLost)
  expect(stored.bytes).toBeGreaterThan(stored.blobs)
  expect((await fixture.backup()).healed.blobs).toBe(0)
  const healed = await runCheck(fixture, { readDataPercent: 100 })
  expect(healed.affected).toEqual([])
  // What is left of the pack can be read, and is needed: it should be somewhere better.
  expect(healed.findings.map(({ kind, problem }) => [kind, problem.context['object']])).toEqual([
    ['damage', packPath(pack!.id)],
  ])
  expect(isDamaged((await runCheck(fixture)).report)).toBe(false)
})

test('with a dry run nothing is written', async () => {
  const fixture = await twoPoints()
  const [pack] = await packsOf(fixture, 'data')
  await flip(fixture, { kind: 'packs', id: pack!.id }, 5000)
  const before = fixture.driver.bytesWritten
  expect((await runCheck(fixture, { readDataPercent: 100, dryRun: true })).report.blobsCalledLost).toBeGreaterThan(0)
  expect(fixture.driver.bytesWritten).toBe(before)
})

test('a store that takes nothing is checked all the same', async () => {
  const fixture = await twoPoints()
  const [pack] = await packsOf(fixture, 'data')
  await flip(fixture, { kind: 'packs', id: pack!.id }, 5000)
  const { StorageError } = await import('../../../src/base/errors.ts')
  const error = new StorageError('STORE_READ_ONLY', 'the store is read-only')
  fixture.driver.fail({ method: 'put', when: 'before', lasting: true, error })
  const { report, warnings } = await runCheck(fixture, { readDataPercent: 100 })
  expect(isDamaged(report)).toBe(true)
  expect(warnings).toEqual(['the store is read-only'])
})

test('a damaged tree names its folder, and is called lost without any data being read', async () => {
  const fixture = await twoPoints()
  for (const { id, bytes } of await packsOf(fixture, 'tree')) {
    for (let at = 1300; at < bytes - 700; at += 400) await flip(fixture, { kind: 'packs', id }, at)
  }
  const { report, affected } = await runCheck(fixture)
  expect(affected).toContain('2:/')
  expect(affected).toContain('1:/')
  expect(report.blobsCalledLost).toBeGreaterThan(0)
  fixture.driver.heal()
})

test('a missing pack whose blobs are nowhere else is damage; one that nothing needs is told', async () => {
  const fixture = await twoPoints()
  const [pack] = await packsOf(fixture, 'data')
  fixture.driver.hide({ kind: 'packs', id: pack!.id })
  const lost = await runCheck(fixture)
  expect(lost.findings.map(({ kind }) => kind)).toEqual(['damage'])
  expect(lost.affected.length).toBeGreaterThan(0)
  rmSync(fixture.path('new'))
  fixture.driver.heal()
  await fixture.driver.remove({ kind: 'packs', id: pack!.id })
  await fixture.backup({ options: { full: true } })
  const healed = await runCheck(fixture)
  expect(healed.findings.map(({ kind }) => kind)).toEqual(['note'])
  expect(healed.affected).toEqual([])
})

test('of a pack that was cut off, as many bytes are told as are there to be read', async () => {
  const fixture = await twoPoints()
  const [pack] = await packsOf(fixture, 'data')
  for (const bytes of [pack!.bytes - 100, 0]) {
    await fixture.driver.truncate({ kind: 'packs', id: pack!.id }, bytes)
    const { report } = await runCheck(fixture, { readDataPercent: 100 })
    expect(report.dataRead).toMatchObject({ ...report.packs, total: report.packs })
  }
})

test('an absent pack that a prune announced is not even told, and packs that no index names are no damage', async () => {
  const fixture = await twoPoints()
  const [pack] = await packsOf(fixture, 'data')
  await fixture.driver.remove({ kind: 'packs', id: pack!.id })
  await fixture.backup({ options: { full: true } })
  const made = { seconds: 0, nanoseconds: 0 }
  const mark = hexId<ObjectId>(new Uint8Array(32))
  await fixture.repository.records.put('dead', { packs: [pack!.id], mark, made }, fixture.repository.instance)
  expect((await runCheck(fixture)).findings).toEqual([])
  const [index] = await listIds(fixture.driver, 'index')
  const removed = await fixture.driver.get({ kind: 'index', id: index! })
  await fixture.driver.remove({ kind: 'index', id: index! })
  // Of the pack that nothing names any more then, it is not known that a copy of all it held is there.
  const lost = (await runCheck(fixture)).findings.map(({ kind, problem }) => [kind, problem.message])
  expect(lost).toContainEqual(['damage', expect.stringContaining('the index is lost')])
  await fixture.driver.put({ kind: 'index', id: index! }, [removed])
  const stray = new Uint8Array(100)
  await fixture.driver.put({ kind: 'packs', id: objectIdOf(stray) }, [stray])
  const { findings, report } = await runCheck(fixture)
  expect(findings.map(({ kind, problem }) => [kind, problem.context['packs']])).toEqual([['note', 1]])
  expect(isDamaged(report)).toBe(false)
})

test('a point that vanished is missed by its child, and by who saw it', async () => {
  const fixture = await twoPoints()
  const chain = await fixture.repository.chain({ reload: true })
  const [first, second] = chain.points
  fixture.driver.hide({ kind: 'points', id: first!.object })
  expect((await runCheck(fixture)).findings.map(({ problem }) => problem.code)).toEqual(['RECORD_MISSING'])
  fixture.driver.heal()
  fixture.driver.hide({ kind: 'points', id: second!.object })
  expect((await runCheck(fixture)).findings.map(({ problem }) => problem.code)).toEqual(['ROLLED_BACK'])
})

test('an instance whose record is gone is missed by a process that knows its key, too', async () => {
  const fixture = await twoPoints()
  const [instance] = await listIds(fixture.driver, 'instances')
  fixture.driver.hide({ kind: 'instances', id: instance! })
  const { id } = fixture.repository.instance
  const { findings } = await runCheck(fixture)
  expect(findings.map(({ kind, problem }) => [kind, problem.context['instance']])).toEqual([['damage', id]])
})

test('an instance that one listing leaves out is missed by nobody', async () => {
  const fixture = await twoPoints()
  const { driver } = fixture
  const [instance] = await listIds(driver, 'instances')
  driver.hide({ kind: 'instances', id: instance! })
  const get = driver.get.bind(driver)
  vi.spyOn(driver, 'get').mockImplementation((name, ...rest) => {
    // Points are read once all have been listed.
    if (name.kind === 'points') driver.heal()
    return get(name, ...rest)
  })
  expect((await runCheck(fixture)).findings).toEqual([])
})

test('of a damaged record of a point it is said which point that was, as far as somebody knows', async () => {
  const fixture = await twoPoints()
  const { points } = await fixture.repository.chain({ reload: true })
  await flip(fixture, { kind: 'points', id: points[1]!.object }, 100)
  await fixture.reopen()
  const { findings } = await runCheck(fixture)
  const told = findings.find(({ problem }) => problem.context['object'] === `points/${points[1]!.object}`)
  expect(told?.problem.message).toContain(points[1]!.record.point.slice(0, 8))
})

test('every realm of the opened keys is checked', async () => {
  const { owner, home, other, driver } = await twoRealms()
  const source = join(home.folder, 'source')
  mkdirSync(source)
  writeFileSync(join(source, 'file'), 'content')
  await home.backup(source)
  const packsOfHome = new Set(await listIds(driver, 'packs'))
  await other.backup(source)
  const checkAs = async (machine: RealmMachine): Promise<CheckReport> => {
    const repository = await machine.reopen()
    const context = { ...careBasis(), repository, cache: repository.cache }
    return check(context, { readDataPercent: 100, dryRun: true }, {}, new AbortController().signal)
  }
  const sound = { damage: 0, affected: [], unnamedPacks: { packs: 0 } }
  expect(await checkAs(owner)).toMatchObject({ ...sound, points: 2, packs: { packs: 4 }, dataRead: { packs: 4 } })
  expect(await checkAs(home)).toMatchObject({ ...sound, points: 1, packs: { packs: 2 } })
  for (const id of await listIds(driver, 'packs')) {
    if (!packsOfHome.has(id)) await driver.remove({ kind: 'packs', id })
  }
  expect(await checkAs(owner)).toMatchObject({ affected: [{ entries: 1 }] })
  expect(isDamaged(await checkAs(home))).toBe(false)
})

test('what was verified before is verified again', async () => {
  const fixture = await twoPoints()
  await runCheck(fixture)
  for (const kind of ['index', 'points', 'instances'] as const) {
    const [id] = await listIds(fixture.driver, kind)
    await flip(fixture, { kind, id: id! }, -1)
    const { report } = await runCheck(fixture)
    expect(isDamaged(report), kind).toBe(true)
    fixture.driver.heal()
  }
})

test('a sample goes round all packs; a full read that was interrupted goes on where it ended', async () => {
  const fixture = await twoPoints()
  for (let i = 0; i < 4; i++) {
    writeFileSync(fixture.path(`more-${i}`), patternBytes(100_000, i + 7))
    await fixture.backup()
  }
  const all = (await listIds(fixture.driver, 'packs')).length
  const seen = new Set<string>()
  const lookAt = async (percent: number): Promise<void> => {
    const from = fixture.driver.calls.length
    await runCheck(fixture, { readDataPercent: percent })
    for (const call of fixture.driver.calls.slice(from)) if (call.kind === 'packs' && call.id) seen.add(call.id)
  }
  const reads: number[] = []
  for (let round = 0; round < 30 && seen.size < all; round++) {
    await lookAt(5)
    reads.push(seen.size)
  }
  expect(seen.size).toBe(all)
  const stopped = new AbortController()
  let packs = 0
  const context = careContext(fixture)
  const interrupted = check(
    context,
    { readDataPercent: 100, dryRun: false },
    {
      progress: ({ step }) => {
        if (step === 'data' && ++packs === 3) stopped.abort(new Error('stopped'))
      },
    },
    stopped.signal,
  )
  await expect(interrupted).rejects.toThrow('stopped')
  const { report } = await runCheck(fixture, { readDataPercent: 100 })
  expect(report.dataRead!.packsBefore).toBeGreaterThan(0)
  expect(report.dataRead!.packs + report.dataRead!.packsBefore).toBe(all)
  expect((await runCheck(fixture, { readDataPercent: 100 })).report.dataRead).toMatchObject({
    packs: all,
    packsBefore: 0,
  })
})
