import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openLocalDriver } from '../../drivers/local/local-driver.ts'
import { CrashState } from './crash-state.ts'
import { Dice } from './dice.ts'
import { clearLog, type DiskEvent, note, takeLog } from './disk-log.ts'
import { LoneMachine } from './lone-machine.ts'
import { memoryFolder } from './memory-folder.ts'
import type { Files } from './model.ts'

const BACKUPS = 4

export interface PowerLosses {
  readonly seed: number
  /** How often the power is lost. */
  readonly losses: number
  /** What the disk does not do though it was asked to; to see whether that is found out. */
  readonly ignores?: DiskEvent['kind']
}

/**
 * Makes points on a disk, forgets and prunes, all of it logged; then loses power after some of the log's events, and looks
 * what the disk still has, and whether the next backup goes on from it. Returns what was not as it must be.
 */
export async function losePower({ seed, losses, ignores }: PowerLosses): Promise<string[]> {
  const folder = mkdtempSync(join(memoryFolder(), 'tidemark-power-'))
  try {
    const root = join(folder, 'store')
    mkdirSync(root)
    const life = await live(seed, root)
    const events = life.events.map((event): DiskEvent => (event.kind === ignores ? { kind: 'note', note: '' } : event))
    const problems: string[] = []
    const dice = new Dice(seed)
    for (let loss = 0; loss < losses; loss++) {
      const after = Math.floor(dice.between(life.firstEvent, events.length + 1))
      const left = join(folder, `left-${loss}`)
      mkdirSync(left)
      new CrashState(events.slice(0, after)).write(root, left, dice)
      const problem = await problemOf(life.machine, { events: events.slice(0, after), left, dice })
      if (problem !== undefined) problems.push(`seed ${seed}, loss ${loss}, after event ${after}: ${problem}`)
      rmSync(left, { recursive: true })
    }
    return problems
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Life {
  readonly machine: LoneMachine
  readonly events: readonly DiskEvent[]
  /** Before it, there was no repository yet. */
  readonly firstEvent: number
}

/** One machine, its disk and what it did there. */
async function live(seed: number, root: string): Promise<Life> {
  clearLog()
  const driver = await openLocalDriver({ root })
  const machine = await LoneMachine.create(driver, seed)
  machine.flushBytes = 1
  machine.onMade = (object) => note(`made ${object}`)
  machine.onForget = (object) => note(`forget ${object}`)
  const firstEvent = takeLog().length
  const dice = new Dice(seed + 1)
  let files: Files = new Map()
  for (let i = 0; i < BACKUPS; i++) {
    files = machine.model.mutate(files, dice)
    await machine.backup(driver, files)
    if (i > 0 && dice.chance(0.5)) {
      await machine.forgetOldest(driver)
      await machine.prune(driver)
    }
  }
  const events = takeLog()
  clearLog()
  return { machine, events, firstEvent }
}

/** Says what is wrong with what a disk has left. */
async function problemOf(
  machine: LoneMachine,
  { events, left, dice }: { events: readonly DiskEvent[]; left: string; dice: Dice },
): Promise<string | undefined> {
  const notes = new Set(events.flatMap((event) => (event.kind === 'note' ? [event.note] : [])))
  const known = [...machine.model.points.values()]
  const required = known.filter(({ object }) => notes.has(`made ${object}`) && !notes.has(`forget ${object}`))
  const driver = await openLocalDriver({ root: left })
  try {
    const [problem] = await machine.verify(driver, required)
    if (problem !== undefined) return problem
    await machine.backup(driver, machine.model.mutate(new Map(), dice))
    const made = [...machine.model.points.values()].filter((point) => !known.includes(point))
    const [later] = await machine.verify(driver, [...required, ...made])
    for (const { object } of made) machine.model.points.delete(object)
    return later === undefined ? undefined : `after one more backup: ${later}`
  } catch (error) {
    return String(error)
  } finally {
    clearLog()
  }
}
