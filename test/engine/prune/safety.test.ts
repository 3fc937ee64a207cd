import { rmSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { TidemarkError } from '../../../src/base/errors.ts'
import { hexId, type PointId } from '../../../src/base/ids.ts'
import { systemRandomness } from '../../../src/base/random.ts'
import { pruneRules } from '../../../src/engine/prune/prune-rules.ts'
import { closeSharedPool, EngineFixture } from '../../support/engine-fixture.ts'
import { listIds } from '../../support/objects.ts'
import { DAY_MS, passTime } from '../../support/pass-time.ts'
import { patternBytes } from '../../support/pattern-bytes.ts'
import { expectWhole, keepLast, leftovers, packIds, runPrune, withPoints } from '../../support/prune-fixture.ts'

afterAll(closeSharedPool)

describe('what must not be believed', () => {
  test('a store that hides a point: nothing is marked or deleted', async () => {
    const f = await withPoints(3)
    const { points } = await f.repository.chain({ reload: true })
    const before = await packIds(f)
    for (const { object } of points) {
      f.driver.hide({ kind: 'points', id: object })
      await f.reopen()
      await expect(runPrune(f, { exclusive: true })).rejects.toMatchObject({ code: 'RECORD_MISSING' })
      f.driver.heal()
    }
    expect(await packIds(f)).toEqual(before)
    expect(await leftovers(f)).toEqual({})
  })

  test.each(['points', 'index', 'packs'] as const)('damage in %s: nothing is marked or deleted', async (kind) => {
    const f = await withPoints(3)
    await keepLast(f, 2)
    const before = await packIds(f)
    for (const id of await listIds(f.driver, kind)) {
      await f.driver.truncate({ kind, id }, 300)
      await f.loseCache()
      const codes = ['ID_MISMATCH', 'AUTH_FAILED', 'MALFORMED', 'RECORD_MISSING', 'BLOB_MISSING']
      await runPrune(f, { exclusive: true }).catch((error: unknown) => {
        expect(codes).toContain(error instanceof TidemarkError ? error.code : error)
      })
      f.driver.heal()
      if (kind !== 'packs') expect(await packIds(f)).toEqual(before)
    }
    await f.loseCache()
    await expectWhole(f)
  })

  test('packs that are gone: how many points suffer is told, and that they may be forgotten', async () => {
    const f = await withPoints(3)
    const { packs } = await f.repository.index()
    const data = Array.from({ length: packs.size }, (_, row) => packs.row(row)).filter(({ kind }) => kind === 'data')
    for (const { id } of data) await f.driver.remove({ kind: 'packs', id })
    const refused = await runPrune(f).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'BLOB_MISSING', context: { points: 3 } })
    expect((refused as TidemarkError).message).toMatch(/blobs? that 3 points need$/)
    expect((refused as TidemarkError).hint).toContain('`tidemark forget`')
  })

  test('a point that a later version made', async () => {
    const f = await withPoints(1)
    const [point] = (await f.repository.chain({ reload: true })).points
    const features = { read: [], write: [], prune: ['later'] }
    const record = {
      ...point!.record,
      point: hexId<PointId>(systemRandomness.bytes(16)),
      features,
    }
    await f.repository.records.put('points', record, f.repository.instance)
    await expect(runPrune(f)).rejects.toMatchObject({ code: 'UNSUPPORTED_FEATURE' })
  })
})

/** Makes a repository with something to mark, to write anew and to merge. */
async function worthPruning(): Promise<EngineFixture> {
  const f = await EngineFixture.create()
  for (let i = 0; i < 6; i++) writeFileSync(f.path(`f${i}`), patternBytes(30_000, i))
  await f.backup()
  for (let i = 0; i < 4; i++) rmSync(f.path(`f${i}`))
  await f.backup()
  await keepLast(f, 1)
  return f
}

/** Calls to the store of one exclusive prune between which it is interrupted: every one in the long run. */
const STEP = process.env['TIDEMARK_TEST_LONG'] === '1' ? 1 : 5

test('interrupted at a call to the store, nothing is lost, and the next prune goes on', async () => {
  for (let nth = 1, isDone = false; !isDone; nth += STEP) {
    for (const when of ['before', 'after'] as const) {
      const f = await worthPruning()
      f.driver.fail({ nth, when, lasting: true })
      isDone = await runPrune(f, { exclusive: true }).then(
        () => true,
        () => false,
      )
      f.driver.heal()
      await expectWhole(f)
      await runPrune(f, { exclusive: true })
      await expectWhole(f)
      expect(await leftovers(f)).toEqual({})
    }
  }
})

test.each([true, false])(
  'a point that comes in after the dead record is seen, if one looks again: %s',
  async (looksAgain) => {
    const f = await EngineFixture.create()
    writeFileSync(f.path('comes back'), patternBytes(40_000, 1))
    await f.backup()
    rmSync(f.path('comes back'))
    await f.backup()
    await keepLast(f, 1)
    for (let i = 0; i < 2; i++) {
      await runPrune(f)
      passTime(f, DAY_MS / 2)
    }
    const look = pruneRules.lookAgain.bind(pruneRules)
    vi.spyOn(pruneRules, 'lookAgain').mockImplementation(async (before, lookAtRealm) => {
      // A run that began before the mark and commits now.
      for (const kind of ['marks', 'dead'] as const) {
        for (const id of await listIds(f.driver, kind)) f.driver.hide({ kind, id })
      }
      writeFileSync(f.path('comes back'), patternBytes(40_000, 1))
      await f.backup()
      f.driver.heal()
      return looksAgain ? look(before, lookAtRealm) : before
    })
    await runPrune(f)
    vi.restoreAllMocks()
    if (looksAgain) await expectWhole(f)
    else await expect(expectWhole(f)).rejects.toThrow()
  },
)
