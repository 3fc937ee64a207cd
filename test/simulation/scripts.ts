import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { present } from '../../src/base/assert.ts'
import { timespecOfMs } from '../../src/base/clock.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import { keyedBlake3 } from '../../src/crypto/blake3.ts'
import { memoryFolder } from './memory-folder.ts'
import { Script } from './script.ts'
import { explained } from './simulate.ts'
import { Stage } from './stage.ts'

/** Prunes until a mark is due for runs that end or fall silent as soon as it is made: one look each half grace. */
const UNTIL_SWEPT = 5
/** After so long without a word a run looks around before it commits. */
const SILENT_HOURS = 3
/** And until the dead records are gone as well. */
const UNTIL_FORGOTTEN = 9

/** What happens, and whether everybody's programs end well. */
interface Played {
  readonly voided: number
  readonly failed: number
}

/** Interleavings that only one rule or another keeps from losing a point. Each by what happens in it. */
export const scripts = {
  /** It relies on garbage that is marked while it runs, but says all the time that it lives. */
  async 'a backup takes three graces'(script: Script): Promise<void> {
    await script.makeGarbage()
    await script.write({ '/z': 0 }, /put packs\//)
    script.writing.slowDown(Infinity)
    await script.pruneTimes(UNTIL_SWEPT + 2)
    script.writing.slowUntilMs = 0
    await script.finish(script.writer)
  },

  /** It saw the mark, so nobody waits for it. */
  async 'a backup begins when the mark is old'(script: Script): Promise<void> {
    await script.makeGarbage()
    await script.pruneTimes(2)
    await script.write({ '/z': 0 }, /put packs\//)
    script.writing.slowDown(Infinity)
    await script.pruneTimes(2)
    script.writing.slowUntilMs = 0
    await script.finish(script.writer)
  },

  /** It sleeps for so long that it counts as dead, and its point comes just after the dead record. */
  async 'a sleeper commits during the sweep, and dies'(script: Script): Promise<void> {
    await script.makeGarbage()
    await script.write({ '/z': 0 }, /put points\//)
    script.writing.sleep()
    await script.pruneTimes(UNTIL_SWEPT - 1)
    script.stage.prune(script.pruner)
    await script.until(script.pruner, /put dead\//)
    script.pruner.process?.releaseNext()
    script.writing.wake()
    await script.crashInCall()
    await script.finish(script.pruner)
  },

  /** What it relies on is gone, and so is the dead record that said so. */
  async 'a sleeper commits long after the sweep'(script: Script): Promise<void> {
    await script.makeGarbage()
    await script.write({ '/z': 0 }, /put points\//)
    script.writing.sleep()
    await script.pruneTimes(UNTIL_FORGOTTEN)
    script.writing.wake()
    await script.finish(script.writer)
  },

  /** By its clocks it never slept, but the dead record is there. */
  async 'a sleeper whose clock was set back commits after the sweep'(script: Script): Promise<void> {
    await script.makeGarbage()
    await script.write({ '/z': 0 }, /put points\//)
    const fellAsleepMs = script.stage.world.nowMs
    script.writing.sleep()
    await script.pruneTimes(UNTIL_SWEPT)
    script.writing.wake()
    script.writer.jump(fellAsleepMs - script.stage.world.nowMs)
    await script.finish(script.writer)
  },

  /** Awake again, it looks around, finds everything in place, sleeps once more with its point on the way, and dies. */
  async 'a sleeper wakes, looks, and sleeps again'(script: Script): Promise<void> {
    await script.makeGarbage()
    await script.write({ '/z': 0 }, /put index\//)
    script.writing.sleep()
    await script.pruneTimes(UNTIL_SWEPT - 1)
    script.writing.wake()
    await script.until(script.writer, /put points\//, / runs\//)
    script.writing.sleep()
    await script.prune()
    script.writing.wake()
    await script.until(script.writer, /put points\//, / runs\//)
    await script.crashInCall(/ runs\//)
  },

  /** A grace is not enough to count as dead and to be swept: it takes one to be seen, and another one after that. */
  async 'a backup sleeps for a little more than a grace'(script: Script): Promise<void> {
    await script.makeGarbage()
    await script.write({ '/z': 0 }, /put packs\//)
    script.writing.sleep()
    await script.pruneTimes(3)
    script.writing.wake()
    await script.finish(script.writer)
  },

  /** Somebody damaged the trees of a point, and repairs them later. */
  async 'a tree cannot be read for a while'(script: Script): Promise<void> {
    await script.backup(script.pruner, { '/a': 5 })
    const { store } = script.stage
    const packs = store.list('packs', () => script.stage.world.nowMs).toSorted((a, b) => a.bytes - b.bytes)
    // The largest is the one of data.
    const trees = packs.slice(0, -1).map(({ name }) => name)
    for (const name of trees) store.damage(name, true)
    script.pruner.loseCache()
    await script.pruneTimes(UNTIL_SWEPT)
    for (const name of trees) store.damage(name, false)
    await script.stage.verifyAll()
  },

  /** Two copies, and the one that comes first is told to be lost, and is. */
  async 'the canonical copy rots'(script: Script): Promise<void> {
    const canonical = await storeTwice(script)
    script.stage.program(script.pruner, 'check', async ({ repository }) => {
      const index = await repository.index()
      const row = present(index.packs.rowOf(canonical), 'the pack')
      const ids: Uint8Array[] = []
      for (let content = 0; content < 2; content++) ids.push(idOf(script, content, repository.realm.idKey('data')))
      const made = timespecOfMs(script.pruner.clock.nowMs())
      const record = { packs: [index.packs.row(row).id], blobs: new Uint8Array(Buffer.concat(ids)), made }
      await repository.records.put('lost', record, repository.instance)
    })
    await script.finish(script.pruner)
    await script.pruneTimes(UNTIL_SWEPT)
    script.stage.store.remove({ kind: 'packs', id: canonical }, script.stage.world.nowMs)
    await script.stage.verifyAll()
  },

  /** Two copies, and somebody deleted the one that comes first. */
  async 'the canonical copy is deleted by hand'(script: Script): Promise<void> {
    const canonical = await storeTwice(script)
    script.stage.store.remove({ kind: 'packs', id: canonical }, script.stage.world.nowMs)
    await script.pruneTimes(UNTIL_SWEPT)
    await script.stage.verifyAll()
  },

  /** The store does not list the newest point for a while. */
  async 'a listing of points is short'(script: Script): Promise<void> {
    await script.backup(script.pruner, { '/a': 0 })
    await script.backup(script.pruner, { '/b': 1 })
    const newest = present([...script.stage.model.points.keys()].at(-1), 'a point')
    script.stage.store.hide({ kind: 'points', id: newest }, true)
    await script.pruneTimes(UNTIL_SWEPT)
    script.stage.store.hide({ kind: 'points', id: newest }, false)
    await script.stage.verifyAll()
  },

  /** It was silent, so it looks around, and no listing shows yet into which index files the ones that it knew were merged. */
  async 'index files are merged while a backup sleeps'(script: Script): Promise<void> {
    const { store, world } = script.stage
    for (let i = 0; i < 4; i++) await script.backup(script.writer, { '/a': i, '/d/b': i + 1, '/f/c': 0 })
    await script.write({ '/a': 3, '/d/b': 8, '/f/c': 0 }, /put points\//)
    script.writing.sleep()
    await script.pass(SILENT_HOURS)
    const before = new Set(store.list('index', () => world.nowMs).map(({ name }) => name.id))
    await script.prune()
    const merged = store.list('index', () => world.nowMs).filter(({ name }) => !before.has(name.id))
    if (merged.length === 0) throw new Error('no index files were merged')
    for (const { name } of merged) store.unlist(name)
    script.writing.wake()
    await script.finish(script.writer)
  },

  /** A point of the chain is forgotten by another machine. */
  async 'a parent is forgotten'(script: Script): Promise<void> {
    await script.backup(script.pruner, { '/a': 0 })
    await script.backup(script.pruner, { '/b': 1 })
    script.stage.forget(script.writer, (points) => points.slice(0, 1))
    await script.finish(script.writer)
    await script.pruneTimes(UNTIL_SWEPT)
  },
} satisfies Record<string, (script: Script) => Promise<void>>

export type ScriptName = keyof typeof scripts

/** Plays a script. @throws {SimulationFailure} a point is lost, or a run that lives was pruned under. */
export async function play(name: ScriptName): Promise<Played> {
  const folder = mkdtempSync(join(memoryFolder(), 'tidemark-script-'))
  const stage = await Stage.create({ seed: 2, machines: 2, lagMs: 0, folder })
  try {
    await scripts[name](new Script(stage))
    await stage.verifyAll()
    return stage.counts
  } catch (error) {
    throw explained(error, name, stage.world)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Has both machines store content 0 at the same time; returns the pack whose copy comes first. */
async function storeTwice(script: Script): Promise<ObjectId> {
  const packs = new Set<ObjectId>()
  await script.write({ '/z': 0 }, /put packs\//)
  await script.backup(script.pruner, { '/a': 0 })
  await script.finish(script.writer)
  script.stage.program(script.pruner, 'look', async ({ repository }) => {
    const index = await repository.index()
    const place = present(index.locate(idOf(script, 0, repository.realm.idKey('data'))), 'content 0')
    packs.add(index.packs.row(place.frameLocation.pack).id)
  })
  await script.finish(script.pruner)
  return present([...packs][0], 'a pack')
}

function idOf(script: Script, content: number, key: Uint8Array): Uint8Array {
  return keyedBlake3(key, script.stage.model.content(content))
}
