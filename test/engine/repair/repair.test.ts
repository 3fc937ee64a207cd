import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openLocalDriver } from '../../../drivers/local/local-driver.ts'
import { IntegrityError } from '../../../src/base/errors.ts'
import type { ObjectId } from '../../../src/base/ids.ts'
import { isDamaged } from '../../../src/engine/check/check-types.ts'
import { folderSource } from '../../../src/engine/repair/folder-source.ts'
import { repositorySource } from '../../../src/engine/repair/repository-source.ts'
import { openRepository } from '../../../src/repository/repository.ts'
import type { Driver, ObjectName } from '../../../src/storage/driver.ts'
import { runCheck, runRepair } from '../../support/care-fixture.ts'
import { closeSharedPool, EngineFixture } from '../../support/engine-fixture.ts'
import { listIds } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { keepLast, runPrune } from '../../support/prune-fixture.ts'
import { expectWhole, mirrorOf, READ, rot, twoPoints } from '../../support/repair-fixture.ts'
import { STRANGE_THINGS } from '../../support/strange-things.ts'
import { temporaryMemoryFolder } from '../../support/temporary-folder.ts'
import { pointLines } from '../../support/point-content.ts'
import { testSecret } from '../../support/test-machine.ts'

afterAll(closeSharedPool)

async function packsOf(
  fixture: EngineFixture,
  kind: 'data' | 'tree',
): Promise<{ id: ObjectId; frames: { offset: number; storedBytes: number }[] }[]> {
  const index = await fixture.repository.index()
  const rows = Array.from({ length: index.packs.size }, (_, row) => index.packs.row(row))
  return rows
    .filter((pack) => pack.kind === kind)
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ id, firstFrame = 0, frames = 0 }) => ({
      id,
      frames: Array.from({ length: frames }, (_, i) => index.blobs.frames.get(firstFrame + i)),
    }))
}

/** Spoils every frame of a pack. */
async function rotFrames(fixture: EngineFixture, kind: 'data' | 'tree', every = 1): Promise<void> {
  for (const { id, frames } of await packsOf(fixture, kind)) {
    for (const [i, { offset }] of frames.entries()) {
      if (i % every === 0) await rot(fixture.driver.inner, { kind: 'packs', id }, offset + 3)
    }
  }
}

test('a lost index is made again from the packs, and nothing is missing then', async () => {
  const fixture = await twoPoints()
  const indexes = await listIds(fixture.driver, 'index')
  for (const id of indexes) await fixture.driver.remove({ kind: 'index', id })
  expect(isDamaged((await runCheck(fixture)).report)).toBe(true)
  const dry = await runRepair(fixture, { dryRun: true })
  expect(dry.report.packsIndexed).toBeGreaterThan(2)
  expect(await listIds(fixture.driver, 'index')).toEqual([])
  const { report, left } = await runRepair(fixture)
  expect(report.packsIndexed).toBe(dry.report.packsIndexed)
  expect(left).toEqual([])
  expect(isDamaged(report.after!)).toBe(false)
  await expectWhole(fixture)
})

test('a damaged index is made again and removed', async () => {
  const fixture = await twoPoints()
  const [id] = await listIds(fixture.driver, 'index')
  await rot(fixture.driver.inner, { kind: 'index', id: id! }, -5)
  const { report } = await runRepair(fixture)
  expect(report.objectsRemoved).toBe(1)
  expect(await listIds(fixture.driver, 'index')).not.toContain(id)
  await expectWhole(fixture)
})

test('packs of nobody known are not entered into an index', async () => {
  const fixture = await twoPoints()
  const [stranger] = await listIds(fixture.driver, 'instances')
  for (const id of await listIds(fixture.driver, 'index')) await fixture.driver.remove({ kind: 'index', id })
  fixture.driver.hide({ kind: 'instances', id: stranger! })
  await fixture.reopen({
    cache: undefined,
    instanceStore: { load: async () => undefined, save: async () => undefined },
  })
  const { report, findings } = await runRepair(fixture)
  expect(report.packsIndexed).toBe(0)
  expect(findings.some(({ problem }) => problem.message.includes('unknown here'))).toBe(true)
})

test('a pack that rots where nothing lies is stored again whole from itself', async () => {
  for (const offset of [40, -40]) {
    const fixture = await twoPoints()
    const [pack] = await packsOf(fixture, 'data')
    await rot(fixture.driver.inner, { kind: 'packs', id: pack!.id }, offset)
    expect(isDamaged((await runCheck(fixture, READ)).report), `${offset}`).toBe(true)
    const { report, affected, left } = await runRepair(fixture, READ)
    expect([affected, left]).toEqual([[], []])
    expect(report.blobsHealed).toBeGreaterThan(0)
    expect(report.notesPut).toBe(0)
    await expectWhole(fixture)
  }
})

/** Cuts the end of a pack off for good. */
async function cutOff(driver: Driver, name: ObjectName, bytes: number): Promise<void> {
  const whole = await driver.get(name)
  await driver.remove(name)
  await driver.put(name, [whole.subarray(0, bytes)])
}

test('of a pack that was cut off, what lies before the cut is stored again from itself', async () => {
  const fixture = await twoPoints()
  const [pack] = await packsOf(fixture, 'data')
  const last = pack!.frames.at(-1)
  // Its footer is gone, and every frame is there.
  await cutOff(fixture.driver.inner, { kind: 'packs', id: pack!.id }, last.offset + last.storedBytes)
  const { report, affected, left } = await runRepair(fixture)
  expect([report.before.damage, report.before.affected.length, affected, left]).toEqual([1, 0, [], []])
  expect(report.blobsHealed).toBeGreaterThan(5)
  await expectWhole(fixture)
})

test('a backup stores again what a pack that was cut off held; a prune takes nothing out of it, and then deletes it', async () => {
  const fixture = await twoPoints()
  const [pack] = await packsOf(fixture, 'data')
  await cutOff(fixture.driver.inner, { kind: 'packs', id: pack!.id }, pack!.frames[2]!.offset)
  expect((await runCheck(fixture)).affected.length).toBeGreaterThan(0)
  await expect(runPrune(fixture, { exclusive: true })).rejects.toMatchObject({ code: 'BLOB_MISSING' })
  const [first] = (await fixture.repository.chain()).points
  expect((await fixture.backup()).healed.blobs).toBeGreaterThan(3)
  await expectWhole(fixture)
  const { freed, repacked } = await runPrune(fixture, { exclusive: true })
  expect([freed.packs, repacked.packs]).toEqual([1, 0])
  expect(await listIds(fixture.driver, 'packs')).not.toContain(pack!.id)
  await expectWhole(fixture)
  expect((await pointLines(await fixture.view(first!.record.point), fixture.source)).length).toBeGreaterThan(3)
})

test('what is no file in place of a pack stops no backup, and no prune after it', async () => {
  const store = await openLocalDriver({ root: temporaryMemoryFolder() })
  const fixture = await twoPoints(store)
  const packs = [...(await packsOf(fixture, 'data')), ...(await packsOf(fixture, 'tree'))]
  for (const [i, { id }] of packs.entries()) {
    const path = store.localFile({ kind: 'packs', id })
    rmSync(path)
    await STRANGE_THINGS[i % STRANGE_THINGS.length]![1](path)
  }
  await fixture.reopen()
  await expect(runPrune(fixture, { exclusive: true })).rejects.toBeInstanceOf(IntegrityError)
  await fixture.backup()
  // Trees of the points before cannot be made again.
  await keepLast(fixture, 1)
  await expectWhole(fixture)
  expect((await runPrune(fixture, { exclusive: true })).needed.packs).toBe(2)
  await expectWhole(fixture)
})

test('files that rotted are healed from where they still are, and from nothing else', async () => {
  const fixture = await twoPoints()
  await rotFrames(fixture, 'data')
  const lost = await runCheck(fixture, READ)
  expect(lost.affected.length).toBe(7)
  const elsewhere = join(fixture.folder, 'elsewhere')
  const copy = join(elsewhere, fixture.source)
  cpSync(fixture.source, copy, { recursive: true })
  writeFileSync(join(copy, 'top'), 'pot')
  const dry = await runRepair(fixture, { sources: [folderSource(elsewhere)], dryRun: true })
  expect(dry.report.after).toBeUndefined()
  const { report, left } = await runRepair(fixture, { sources: [folderSource(elsewhere)] })
  expect(dry.report.blobsHealed).toBe(report.blobsHealed)
  expect(left).toEqual([`2:${fixture.path('top')}`, `1:${fixture.path('top')}`])
  expect(report.notesPut).toBe(2)
  const { points } = await fixture.repository.chain({ reload: true })
  expect(points.map(({ tags }) => tags)).toEqual([['damaged'], ['damaged']])
  // The folder itself, where the file still is.
  const again = await runRepair(fixture, { sources: [folderSource(fixture.source)] })
  expect(again.left).toEqual([])
  expect(again.report).toMatchObject({ blobsHealed: 1, notesPut: 2 })
  const marked = await fixture.repository.chain({ reload: true })
  expect(marked.points.map(({ tags }) => tags)).toEqual([[], []])
  await expectWhole(fixture)
})

test('of a large file that lost little, little is read', async () => {
  const fixture = await twoPoints()
  const [pack] = await packsOf(fixture, 'data')
  await rot(fixture.driver.inner, { kind: 'packs', id: pack!.id }, pack!.frames[5]!.offset + 9)
  await runCheck(fixture, READ)
  let bytes = 0
  const source = folderSource('/')
  const { left, report } = await runRepair(fixture, {
    sources: [
      {
        async *files(path) {
          for await (const file of source.files(path)) {
            const read = async (offset: number, length: number): Promise<Uint8Array | undefined> => {
              bytes += length
              return file.read(offset, length)
            }
            yield { size: file.size, isSparse: file.isSparse, read, data: () => expect.fail('it was read whole') }
          }
        },
      },
    ],
  })
  expect(left).toEqual([])
  // What the pack still gives comes from there.
  expect(report.blobsHealed).toBeGreaterThan(1)
  expect(bytes).toBeLessThan(2 << 20)
  await expectWhole(fixture)
})

test('sparse files are healed in the chunks that a backup makes of them', async () => {
  const fixture = await EngineFixture.create()
  const { openSync, writeSync, closeSync } = await import('node:fs')
  const fd = openSync(fixture.path('sparse'), 'w')
  writeSync(fd, patternBytes(700_000, 3), 0, 700_000, 4 << 20)
  writeSync(fd, patternBytes(700_000, 4), 0, 700_000, 12 << 20)
  closeSync(fd)
  await fixture.backup()
  const [pack] = await packsOf(fixture, 'data')
  await fixture.driver.remove({ kind: 'packs', id: pack!.id })
  for (const id of await listIds(fixture.driver, 'index')) await fixture.driver.remove({ kind: 'index', id })
  const { left } = await runRepair(fixture, { sources: [folderSource('/')] })
  expect(left).toEqual([])
  await expectWhole(fixture)
})

test('another repository with other keys gives the bytes of its points', async () => {
  const fixture = await twoPoints()
  const other = await EngineFixture.create()
  await other.backup({ source: fixture.directories() })
  // Newer versions of the same path come first, and are not what is wanted.
  const large = fixture.path('folder', 'large')
  writeFileSync(large, patternBytes(2_000_000, 99))
  await other.backup({ source: fixture.directories() })
  writeFileSync(large, patternBytes(5_000_000, 1))
  await rotFrames(fixture, 'data')
  await runCheck(fixture, READ)
  const healed = { repository: fixture.repository.id, realm: fixture.repository.realm.realm }
  const source = await repositorySource(other.repository, healed)
  expect(source.blob).toBeUndefined()
  const { left } = await runRepair(fixture, { sources: [source] })
  expect(left).toEqual([])
  const checked = await runCheck(fixture, READ)
  expect(checked.affected).toEqual([])
})

test('a copy of the store gives everything by its id, trees of trees too', async () => {
  const fixture = await twoPoints()
  const mirror = await mirrorOf(fixture)
  await rotFrames(fixture, 'data')
  await rotFrames(fixture, 'tree')
  const { affected } = await runCheck(fixture, READ)
  expect(affected).toEqual(['2:/', '1:/'])
  using other = await openRepository({ ...fixture.ports(), driver: mirror, cache: undefined, secret: testSecret })
  const healed = { repository: fixture.repository.id, realm: fixture.repository.realm.realm }
  const { left, report } = await runRepair(fixture, { sources: [await repositorySource(other, healed)] })
  expect(left).toEqual([])
  expect(isDamaged(report.after!)).toBe(false)
  await expectWhole(fixture)
})

test('a tree that nobody has any more stays listed, and what is beside it can be restored', async () => {
  const fixture = await twoPoints()
  rmSync(fixture.path('folder', 'inner', 'deep'))
  const [, tree] = await packsOf(fixture, 'tree')
  for (const { offset } of tree!.frames) await rot(fixture.driver.inner, { kind: 'packs', id: tree!.id }, offset + 3)
  const { left, report } = await runRepair(fixture, READ)
  expect(left.length).toBeGreaterThan(0)
  expect(report.notesPut).toBe(new Set(left.map((line) => line[0])).size)
})

test('a dry run tells what would stay lost, also with the index made anew', async () => {
  const fixture = await twoPoints()
  for (const id of await listIds(fixture.driver, 'index')) await fixture.driver.remove({ kind: 'index', id })
  const whole = await runRepair(fixture, { dryRun: true })
  expect([whole.report.left, whole.left]).toEqual([[], []])
  expect(whole.report.before.affected.length).toBe(2)
  await runRepair(fixture)
  await rotFrames(fixture, 'data')
  await runCheck(fixture, READ)
  const copied = join(fixture.folder, 'copied')
  mkdirSync(join(copied, fixture.source), { recursive: true })
  writeFileSync(join(copied, fixture.source, 'top'), 'top')
  const sources = [folderSource(copied)]
  const dry = await runRepair(fixture, { sources, dryRun: true })
  const done = await runRepair(fixture, { sources })
  expect(dry.left.length).toBeGreaterThan(0)
  expect(dry.left).not.toContain(`1:${fixture.path('top')}`)
  expect(done.left).toEqual(dry.left)
  expect(done.report.left).toEqual(dry.report.left)
})

test('objects that only rot are removed, and points that nobody can write again never are', async () => {
  const fixture = await twoPoints()
  const { records, instance } = fixture.repository
  const made = { seconds: 0, nanoseconds: 0 }
  const { id: mark } = await records.put('marks', { packs: [], made }, instance)
  const [point] = await listIds(fixture.driver, 'points')
  await rot(fixture.driver.inner, { kind: 'marks', id: mark }, -1)
  await rot(fixture.driver.inner, { kind: 'points', id: point! }, -1)
  await fixture.loseCache()
  const { report } = await runRepair(fixture)
  expect(report.objectsRemoved).toBe(1)
  expect(await listIds(fixture.driver, 'points')).toContain(point)
  expect(isDamaged(report.after!)).toBe(true)
  expect(await listIds(fixture.driver, 'runs')).toEqual([])
})
