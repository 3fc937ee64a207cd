import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { byteStringOf } from '../../../src/base/byte-string.ts'
import { systemRandomness } from '../../../src/base/random.ts'
import type { CareContext } from '../../../src/engine/care-types.ts'
import { forget } from '../../../src/engine/forget/forget.ts'
import { forgetLost } from '../../../src/engine/forget/forget-lost.ts'
import { openPointView } from '../../../src/engine/point-view.ts'
import { prune } from '../../../src/engine/prune/prune.ts'
import type { Repository } from '../../../src/repository/repository.ts'
import { systemScheduler } from '../../../src/repository/run-object.ts'
import { sharedPool } from '../../support/engine-fixture.ts'
import { listIds } from '../../support/objects.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { diskLines, pointLines } from '../../support/point-content.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { aheadClock } from '../../support/test-machine.ts'
import { closeRealms, type RealmMachine, twoRealms, type TwoRealms } from '../../support/two-realms.ts'

afterAll(closeRealms)

const never = new AbortController().signal

function care(repository: Repository): CareContext {
  const common = { workers: sharedPool(), clock: aheadClock, randomness: systemRandomness }
  return { repository, cache: repository.cache, ...common, scheduler: systemScheduler, tool: 'test' }
}

async function pruneAll(machine: RealmMachine): Promise<void> {
  await prune(care(await machine.reopen()), { dryRun: false, exclusive: true, unusedPercentMax: 5 }, {}, never)
}

/** Makes two points of a folder in each realm; the first holds a file that the second lacks. */
async function filled(): Promise<{ readonly realms: TwoRealms; readonly source: string }> {
  const realms = await twoRealms()
  const source = temporaryFolder()
  writeFileSync(join(source, 'stays'), patternBytes(40_000, 1))
  writeFileSync(join(source, 'goes'), patternBytes(40_000, 2))
  const machines = [realms.home, realms.other]
  for (const machine of machines) await machine.backup(source)
  rmSync(join(source, 'goes'))
  for (const machine of machines) await machine.backup(source)
  return { realms, source }
}

async function keepLast(machine: RealmMachine): Promise<void> {
  const request = { policy: { last: 1 }, timeZone: 'UTC', allInstances: true }
  await forget(care(await machine.reopen()), request, { dryRun: false, estimate: false }, {}, never)
}

async function expectWhole(machine: RealmMachine, source: string): Promise<void> {
  const repository = await machine.reopen()
  const latest = (await repository.chain({ reload: true })).points.at(-1)
  const view = openPointView(await repository.blobs(), latest!.record.parts)
  expect(await view.lookup(byteStringOf(source))).toBeDefined()
  expect(await pointLines(view, source)).toEqual(diskLines(source))
}

test('whoever lacks the keys of a realm leaves all of it alone', async () => {
  const { realms, source } = await filled()
  const before = await listIds(realms.driver, 'packs')
  await keepLast(realms.home)
  await pruneAll(realms.home)
  const after = new Set(await listIds(realms.driver, 'packs'))
  expect(before.some((id) => !after.has(id))).toBe(true)
  for (const machine of [realms.home, realms.other]) await expectWhole(machine, source)
  // Every pack of the other realm is there: its owner would not prune otherwise.
  await pruneAll(realms.other)
  await expectWhole(realms.other, source)
})

test('whoever holds both realms prunes both', async () => {
  const { realms, source } = await filled()
  await keepLast(realms.owner)
  await pruneAll(realms.owner)
  for (const machine of [realms.home, realms.other]) await expectWhole(machine, source)
  const left = await listIds(realms.driver, 'packs')
  for (const machine of [realms.home, realms.other]) await pruneAll(machine)
  expect(await listIds(realms.driver, 'packs')).toEqual(left)
})

test('a backup-only key prunes nothing, and forgets nothing, not even points of its own or on trial', async () => {
  const { realms, source } = await filled()
  for (let i = 0; i < 2; i++) await realms.backupOnly.backup(source)
  const before = await listIds(realms.driver, 'points')
  await expect(pruneAll(realms.backupOnly)).rejects.toMatchObject({ code: 'KEY_NOT_FULL' })
  const repository = await realms.backupOnly.reopen()
  const { points } = await repository.chain({ reload: true })
  expect(points.length).toBeGreaterThan(1)
  const within = { years: 0, months: 0, days: 0, hours: 1 }
  const policies = [{ last: 1 }, { within }].map((policy) => ({ policy, timeZone: 'UTC', allInstances: true }))
  const refused = { code: 'KEY_NOT_FULL', message: expect.stringContaining('cannot remove points') as string }
  for (const request of [...policies, { points: points.slice(0, 1) }]) {
    for (const dryRun of [true, false]) {
      const forgetting = forget(care(repository), request, { dryRun, estimate: false }, {}, never)
      await expect(forgetting).rejects.toMatchObject(refused)
    }
  }
  await expect(forgetLost(care(repository), { lost: [], unreadable: [] }, never)).rejects.toMatchObject(refused)
  expect(await listIds(realms.driver, 'points')).toEqual(before)
  expect(await listIds(realms.driver, 'tombstones')).toEqual([])
})
