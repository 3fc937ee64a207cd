import { expect, test, vi } from 'vitest'
import { present } from '../../src/base/assert.ts'
import { timespecOfMs } from '../../src/base/clock.ts'
import { copyThrough, withStages } from './copying.ts'
import { Script } from './script.ts'
import { GRACE_MS, type Stage } from './stage.ts'
import { HOUR_MS } from './world.ts'

vi.mock(import('../../src/base/limits.ts'), async (original) =>
  (await import('./small-limits.ts')).smallLimits(await original()),
)
vi.mock(import('../../src/crypto/secret.ts'), async (original) =>
  (await import('./plain-secrets.ts')).plainSecrets(await original()),
)
vi.mock(import('../../src/crypto/ed25519.ts'), async (original) =>
  (await import('./verified-once.ts')).verifiedOnce(await original()),
)

const SEEDS = 6
const PROGRAMS = 6
/** One seed alone: TIDEMARK_SIMULATION_SEED=42 vitest run test/simulation/copying.test.ts */
const ONLY = Number(process.env['TIDEMARK_SIMULATION_SEED'] ?? 0)

test.runIf(ONLY > 0)(`seed ${ONLY} loses no copied point`, async () => {
  await copyThrough({ from: ONLY, seeds: 1, programs: PROGRAMS, isLate: false })
})

test.skipIf(ONLY > 0)(
  `${SEEDS} seeds of copies that crash, sleep, and are forgotten and pruned lose no point`,
  async () => {
    const seen = await copyThrough({ from: 1, seeds: SEEDS, programs: PROGRAMS, isLate: false })
    expect(seen.points).toBeGreaterThan(SEEDS)
    expect(seen.crashes).toBeGreaterThan(SEEDS / 4)
  },
  600_000,
)

/** Prunes by which what was forgotten is gone, one each half grace. */
const UNTIL_SWEPT = 5
const FILES = new Map([
  ['/a', 0],
  ['/d/b', 1],
])

/** Makes a point and copies it, and then another one of the same files, which is not copied yet. */
async function oneOfTwoCopied(source: Stage, script: Script): Promise<void> {
  const machine = present(source.machines[0], 'a machine')
  await source.alone(() => source.backup(machine, { files: FILES }))
  script.stage.copy(script.writer)
  await script.finish(script.writer)
  await source.alone(() => source.backup(machine, { files: FILES }))
}

async function expectBothWhole({ stage }: Script): Promise<void> {
  await stage.verifyAll()
  expect(stage.counts).toMatchObject({ failed: 0, voided: 0 })
  expect((await stage.chainNow()).points).toHaveLength(2)
}

test('a copy that waits while the copied parent is forgotten and swept does not go by it', async () => {
  await withStages({ seed: 2, lagMs: 0 }, async (source, target) => {
    const script = new Script(target)
    await oneOfTwoCopied(source, script)
    target.copy(script.writer)
    await script.until(script.writer, /put runs\//)
    script.writing.sleep()
    target.forget(script.pruner, (points) => points)
    await script.finish(script.pruner)
    await script.pruneTimes(UNTIL_SWEPT)
    script.writing.wake()
    await script.finish(script.writer)
    target.copy(script.writer, { bringBack: true })
    await script.finish(script.writer)
    await expectBothWhole(script)
  })
})

test.each(['gone, and called lost', 'gone, and not known to be', 'cut off'])(
  'packs of the copied parent that are %s are copied again',
  async (how) => {
    await withStages({ seed: 2, lagMs: 0 }, async (source, target) => {
      const script = new Script(target)
      await oneOfTwoCopied(source, script)
      const { nowMs } = target.world
      const packs = target.store.list('packs', () => nowMs).map(({ name }) => name.id)
      for (const id of packs) {
        const name = { kind: 'packs', id } as const
        const bytes = target.store.get(name, undefined)
        target.store.remove(name, nowMs)
        if (how === 'cut off') target.store.put(name, [bytes.subarray(0, bytes.byteLength / 2)], nowMs)
      }
      if (how === 'gone, and called lost') {
        target.program(script.pruner, 'check', async ({ repository: { records, instance } }) => {
          await records.put('lost', { packs, blobs: new Uint8Array(0), made: timespecOfMs(nowMs) }, instance)
        })
        // What is wrong with the copied parent until then is no surprise.
        for (const point of target.model.points.values()) point.fate = 'committing'
        await script.finish(script.pruner)
      }
      target.copy(script.writer)
      await script.finish(script.writer)
      for (const point of target.model.points.values()) point.fate = 'committed'
      await expectBothWhole(script)
    })
  },
)

test('a point that was forgotten where it was copied to stays so, until it is asked for', async () => {
  await withStages({ seed: 2, lagMs: 0 }, async (source, target) => {
    const script = new Script(target)
    await oneOfTwoCopied(source, script)
    target.forget(script.pruner, (points) => points)
    await script.finish(script.pruner)
    for (const [bringBack, points] of [
      [false, 1],
      [false, 1],
      [true, 2],
      [false, 2],
    ] as const) {
      target.copy(script.writer, { bringBack })
      await script.finish(script.writer)
      expect((await target.chainNow()).points).toHaveLength(points)
    }
    await expectBothWhole(script)
  })
})

test('a copy that was taken back, because it was pruned under, was not forgotten: the next one copies the point', async () => {
  await withStages({ seed: 2, lagMs: 0 }, async (source, target) => {
    const script = new Script(target)
    await oneOfTwoCopied(source, script)
    target.copy(script.writer)
    await script.until(script.writer, /put points\//)
    const fellAsleepMs = target.world.nowMs
    script.writing.sleep()
    target.forget(script.pruner, (points) => points)
    await script.finish(script.pruner)
    // Packs that are marked only once the run that may need them was silent for a grace.
    await script.pruneTimes(UNTIL_SWEPT + 3)
    script.writing.wake()
    // By its clocks it never slept, so it commits before it looks.
    script.writer.jump(fellAsleepMs - target.world.nowMs)
    await script.finish(script.writer)
    expect(target.counts.voided).toBe(1)
    expect((await target.chainNow()).points).toEqual([])
    target.copy(script.writer)
    await script.finish(script.writer)
    const last = present((await source.chainNow()).points.at(-1), 'a point of the source')
    expect((await target.chainNow()).points.map(({ record }) => record.point)).toEqual([last.record.point])
    await target.verifyAll()
  })
})

test('a copied point that is forgotten and copied again is no alarm to what follows it, and is forgotten again', async () => {
  await withStages({ seed: 2, lagMs: 0 }, async (source, target) => {
    const script = new Script(target)
    await oneOfTwoCopied(source, script)
    target.copy(script.writer)
    await script.finish(script.writer)
    for (let times = 0; times < 2; times++) {
      target.forget(script.pruner, (points) => points.slice(0, 1))
      await script.finish(script.pruner)
      expect((await target.chainNow()).points).toHaveLength(1)
      target.copy(script.writer, { bringBack: true })
      await script.finish(script.writer)
      expect((await target.chainNow()).alarms).toEqual([])
    }
    await script.prune()
    await expectBothWhole(script)
  })
})

/** Lets the program of the source's only machine go on to its end. */
async function finishAlone({ machines: [machine], world }: Stage): Promise<void> {
  await world.settle()
  while (machine?.isIdle === false) {
    await world.advance(1)
    machine.process?.releaseNext()
    await world.settle()
  }
}

/** Has the source pruned, at the pace of half a grace, while a copy stands still. */
async function pruneSource(source: Stage): Promise<void> {
  const machine = present(source.machines[0], 'a machine')
  // A prune's own note that it runs may arrive once more: the next ones wait for a grace then.
  for (let i = 0; i < UNTIL_SWEPT + 3; i++) {
    source.prune(machine)
    await finishAlone(source)
    await source.world.advance(GRACE_MS / 2 + HOUR_MS)
  }
}

test('a copy goes on while the packs that it reads from are written anew', async () => {
  await withStages({ seed: 2, lagMs: 0 }, async (source, target) => {
    const script = new Script(target)
    const machine = present(source.machines[0], 'a machine')
    await source.alone(() => source.backup(machine, { files: FILES, flushBytes: 1 << 20 }))
    await source.alone(() => source.backup(machine, { files: new Map([['/a', 0]]) }))
    await source.alone(() => source.forget(machine, (points) => points.slice(0, 1)))
    const before = source.store.list('packs', () => source.world.nowMs).map(({ name }) => name.id)
    target.copy(script.writer)
    await script.until(script.writer, /^get packs\//)
    script.writing.sleep()
    await pruneSource(source)
    const after = source.store.list('packs', () => source.world.nowMs).map(({ name }) => name.id)
    expect(before.every((id) => after.includes(id))).toBe(false)
    script.writing.wake()
    await script.finish(script.writer)
    await target.verifyAll()
    expect(target.counts.failed).toBe(0)
    expect((await target.chainNow()).points).toHaveLength(1)
  })
})

test('a point that is forgotten and swept before it is copied is left out, and the others are copied', async () => {
  await withStages({ seed: 2, lagMs: 0 }, async (source, target) => {
    const script = new Script(target)
    const machine = present(source.machines[0], 'a machine')
    await source.alone(() => source.backup(machine, { files: FILES }))
    await source.alone(() => source.backup(machine, { files: new Map([['/c', 5]]) }))
    target.copy(script.writer)
    await script.until(script.writer, /^get packs\//)
    script.writing.sleep()
    source.forget(machine, (points) => points.slice(0, 1))
    await finishAlone(source)
    await pruneSource(source)
    script.writing.wake()
    await script.finish(script.writer)
    await target.verifyAll()
    expect(target.counts.failed).toBe(0)
    expect((await target.chainNow()).points).toHaveLength(1)
  })
})
