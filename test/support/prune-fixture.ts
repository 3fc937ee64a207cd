import { writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { ObjectId } from '../../src/base/ids.ts'
import type { CareEvents, PruneOptions, PruneReport } from '../../src/engine/care-types.ts'
import { forget } from '../../src/engine/forget/forget.ts'
import { prune } from '../../src/engine/prune/prune.ts'
import { careContext } from './care-fixture.ts'
import { EngineFixture } from './engine-fixture.ts'
import { listIds } from './objects.ts'
import { patternBytes } from './pattern-bytes.ts'
import { diskLines, pointLines } from './point-content.ts'

/** Prunes the fixture's repository. */
export async function runPrune(
  f: EngineFixture,
  options: Partial<PruneOptions> = {},
  events: CareEvents = {},
): Promise<PruneReport> {
  const all = { dryRun: false, exclusive: false, unusedPercentMax: 5, ...options }
  return prune(careContext(f), all, events, new AbortController().signal)
}

/** Forgets all points but the last. */
export async function keepLast(f: EngineFixture, last: number): Promise<void> {
  const request = { policy: { last }, timeZone: 'UTC', allInstances: false }
  await forget(careContext(f), request, { dryRun: false, estimate: false }, {}, new AbortController().signal)
}

/** Makes points that share one file and have one of their own each. */
export async function withPoints(count: number): Promise<EngineFixture> {
  const f = await EngineFixture.create()
  writeFileSync(f.path('shared'), patternBytes(50_000, 1))
  for (let i = 0; i < count; i++) {
    writeFileSync(f.path('changing'), patternBytes(40_000, 10 + i))
    await f.backup()
  }
  return f
}

/** Opens the repository anew and compares its newest point with what was backed up. */
export async function expectWhole(f: EngineFixture): Promise<void> {
  await f.reopen()
  expect((await f.repository.chain({ reload: true })).alarms).toEqual([])
  expect(await pointLines(await f.view(), f.source)).toEqual(diskLines(f.source))
}

/** Returns how many records there are that are of no use for good. */
export async function leftovers(f: EngineFixture): Promise<Record<string, number>> {
  const kinds = ['marks', 'dead', 'lost', 'runs'] as const
  const counts = await Promise.all(kinds.map(async (kind) => [kind, (await listIds(f.driver, kind)).length] as const))
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

export async function packIds(f: EngineFixture): Promise<ObjectId[]> {
  return listIds(f.driver, 'packs')
}
