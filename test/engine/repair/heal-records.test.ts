import { writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { copyPoints } from '../../../src/engine/copy/copy.ts'
import { isDamaged } from '../../../src/engine/check/check-types.ts'
import { forgetLost } from '../../../src/engine/forget/forget-lost.ts'
import { repositorySource } from '../../../src/engine/repair/repository-source.ts'
import { openRepository } from '../../../src/repository/repository.ts'
import { careContext, runCheck, runRepair } from '../../support/care-fixture.ts'
import { closeSharedPool, EngineFixture } from '../../support/engine-fixture.ts'
import { listIds } from '../../support/objects.ts'
import { expectWhole, mirrorOf, READ, rot, twoPoints } from '../../support/repair-fixture.ts'
import { testSecret } from '../../support/test-machine.ts'

afterAll(closeSharedPool)

test('records are healed from a copy of the repository, whether they are rotten or gone', async () => {
  const fixture = await twoPoints()
  writeFileSync(fixture.path('third'), 'third')
  await fixture.backup()
  const mirror = await mirrorOf(fixture)
  const { points } = await fixture.repository.chain({ reload: true })
  const [first, second, third] = points.map(({ object }) => ({ kind: 'points', id: object }) as const)
  await fixture.driver.remove(first!)
  await rot(fixture.driver.inner, second!, -1)
  await rot(fixture.driver.inner, third!, -1)
  const [instance] = await listIds(fixture.driver, 'instances')
  await rot(fixture.driver.inner, { kind: 'instances', id: instance! }, -1)
  await fixture.reopen({ cache: undefined })
  using other = await openRepository({ ...fixture.ports(), driver: mirror, cache: undefined, secret: testSecret })
  const healed = { repository: fixture.repository.id, realm: fixture.repository.realm.realm }
  const sources = [await repositorySource(other, healed)]
  const dry = await runRepair(fixture, { sources, dryRun: true })
  expect([dry.report.recordsHealed, dry.left]).toEqual([4, []])
  expect(await listIds(fixture.driver, 'points')).not.toContain(first!.id)
  const { report } = await runRepair(fixture, { sources })
  expect(report.recordsHealed).toBe(4)
  expect(isDamaged(report.after!)).toBe(false)
  expect((await fixture.repository.chain({ reload: true })).points.length).toBe(3)
  await expectWhole(fixture)
})

test('a dry run remembers nothing of what it would bring back, and the repair then brings it back beside a later point of its number', async () => {
  const fixture = await twoPoints()
  const mirror = await mirrorOf(fixture)
  const { points } = await fixture.repository.chain({ reload: true })
  const lost = points[1]!
  await fixture.driver.remove({ kind: 'points', id: lost.object })
  await fixture.reopen()
  await fixture.backup()
  using copy = await openRepository({ ...fixture.ports(), driver: mirror, secret: testSecret })
  const healed = { repository: fixture.repository.id, realm: fixture.repository.realm.realm }
  const sources = [await repositorySource(copy.over(mirror), healed)]
  const before = cacheBytes(fixture)
  const dry = await runRepair(fixture, { sources, dryRun: true, ...READ })
  expect(dry.report.recordsHealed).toBe(1)
  expect(cacheBytes(fixture)).toEqual(before)
  expect((await runCheck(fixture)).findings.map(({ problem }) => problem.code)).toEqual(['ROLLED_BACK'])
  const { report } = await runRepair(fixture, { sources })
  expect([report.recordsHealed, report.pointsLost, isDamaged(report.after!)]).toEqual([1, 0, false])
  const { points: after } = await fixture.repository.chain({ reload: true })
  expect(after.map(({ innerHash }) => innerHash)).toContainEqual(lost.innerHash)
  expect(after.length).toBe(3)
})

/** Returns what is kept on this machine, by its name. */
function cacheBytes(fixture: EngineFixture): Map<string, Uint8Array | undefined> {
  const cache = fixture.openCache()
  return new Map(cache.list().map(({ name }) => [name, cache.read(name)]))
}

test('a rotten record of a point of this machine is written again from what the machine knows, without any copy', async () => {
  const fixture = await twoPoints()
  const { points } = await fixture.repository.chain({ reload: true })
  for (const { object } of points) await rot(fixture.driver.inner, { kind: 'points', id: object }, -1)
  const { report, findings } = await runRepair(fixture)
  for (const { problem } of findings) expect(problem.hint).toContain('On the machine that made it')
  expect([report.recordsHealed, report.pointsLost]).toEqual([2, 0])
  // They have other names now, which this machine knows.
  for (const id of await listIds(fixture.driver, 'points')) await rot(fixture.driver.inner, { kind: 'points', id }, -1)
  expect((await runRepair(fixture)).report).toMatchObject({ recordsHealed: 2, pointsLost: 0 })
  await fixture.loseCache()
  const { points: after, alarms } = await fixture.repository.chain({ reload: true })
  expect(alarms).toEqual([])
  expect(after.map(({ innerHash }) => innerHash)).toEqual(points.map(({ innerHash }) => innerHash))
})

/** Copies all points into a repository with other keys. */
async function copyOf({ repository: source }: EngineFixture): Promise<EngineFixture> {
  const other = await EngineFixture.create()
  const { points } = await source.chain({ reload: true })
  const request = { source, points, options: { dryRun: false, bringBack: false } }
  await copyPoints(careContext(other), request, {}, new AbortController().signal)
  return other
}

test('a rotten record of which nobody knows whose it was is left to a person, who is told that no point is missing', async () => {
  const fixture = await twoPoints()
  for (let i = 3; i <= 5; i++) await fixture.backup()
  const other = await copyOf(fixture)
  const { points } = await fixture.repository.chain({ reload: true })
  const rotten = { kind: 'points', id: points[1]!.object } as const
  await rot(fixture.driver.inner, rotten, -1)
  await fixture.driver.remove({ kind: 'points', id: points[3]!.object })
  await fixture.loseCache()
  const healed = { repository: fixture.repository.id, realm: fixture.repository.realm.realm }
  const { report, leftFindings } = await runRepair(fixture, {
    sources: [await repositorySource(other.repository, healed)],
  })
  expect(report).toMatchObject({ recordsHealed: 2, pointsLost: 1 })
  expect(leftFindings.map(({ problem }) => problem.hint)).toEqual([
    expect.stringMatching(`No point is known to be missing.*tidemark forget points/${rotten.id.slice(0, 8)}`),
  ])
  const { losses, points: after } = await fixture.repository.chain({ reload: true })
  expect(after.map(({ innerHash }) => innerHash)).toEqual(points.map(({ innerHash }) => innerHash))
  await forgetLost(careContext(fixture), losses, new AbortController().signal)
  await expectWhole(fixture)
})

test('a point that was copied gives its record back, whatever the keys of that repository are', async () => {
  const fixture = await twoPoints()
  const points = (await fixture.repository.chain({ reload: true })).points
  const other = await copyOf(fixture)
  await fixture.driver.remove({ kind: 'points', id: points[0]!.object })
  const healed = { repository: fixture.repository.id, realm: fixture.repository.realm.realm }
  const source = await repositorySource(other.repository, healed)
  const { report } = await runRepair(fixture, { sources: [source] })
  expect(report.recordsHealed).toBe(1)
  const after = await fixture.repository.chain({ reload: true })
  expect(after.alarms).toEqual([])
  expect(after.points.map(({ innerHash }) => innerHash)).toEqual(points.map(({ innerHash }) => innerHash))
  await expectWhole(fixture)
})
