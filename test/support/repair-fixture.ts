import { mkdirSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { type Driver, OBJECT_KINDS, type ObjectName } from '../../src/storage/driver.ts'
import { runCheck } from './care-fixture.ts'
import { EngineFixture } from './engine-fixture.ts'
import { listAll } from './objects.ts'
import { patternBytes } from './pattern-bytes.ts'
import { diskLines, pointLines } from './point-content.ts'

export const READ = { readDataPercent: 100 }

/** Makes a repository with two points: small files in folders, and one of several chunks. */
export async function twoPoints(store?: Driver): Promise<EngineFixture> {
  const fixture = await EngineFixture.create(store)
  mkdirSync(fixture.path('folder', 'inner'), { recursive: true })
  writeFileSync(fixture.path('top'), 'top')
  writeFileSync(fixture.path('folder', 'inner', 'deep'), 'deep')
  writeFileSync(fixture.path('folder', 'large'), patternBytes(5_000_000, 1))
  await fixture.backup()
  writeFileSync(fixture.path('new'), 'new')
  await fixture.backup()
  return fixture
}

/** Flips a bit for good, as a disk does. */
export async function rot(driver: Driver, name: ObjectName, offset: number): Promise<void> {
  const bytes = await driver.get(name)
  const at = offset < 0 ? bytes.byteLength + offset : offset
  await driver.remove(name)
  await driver.put(name, [bytes.with(at, bytes[at]! ^ 4)])
}

/** Copies every object of the fixture's store into a store of its own. */
export async function mirrorOf({ driver }: EngineFixture): Promise<Driver> {
  const mirror = new MemoryDriver()
  for (const kind of OBJECT_KINDS) {
    for (const { name } of await listAll(driver, kind)) await mirror.put(name, [await driver.get(name)])
  }
  return mirror
}

/** Expects that everything can be read, and that the newest point holds what is on the disk. */
export async function expectWhole(fixture: EngineFixture): Promise<void> {
  await fixture.reopen({ cache: undefined })
  const checked = await runCheck(fixture, READ)
  expect(checked.affected).toEqual([])
  expect(checked.findings.filter(({ kind }) => kind === 'damage')).toEqual([])
  expect(await pointLines(await fixture.view(), fixture.source)).toEqual(diskLines(fixture.source))
}
