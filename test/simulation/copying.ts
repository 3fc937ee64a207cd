import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { PointId } from '../../src/base/ids.ts'
import { memoryFolder } from './memory-folder.ts'
import { disturb, explained, type Kind, type Scenario, scenarioOf, someButNewest } from './simulate.ts'
import { GRACE_MS, Stage } from './stage.ts'
import { HOUR_MS } from './world.ts'

/** Points that the source has in the beginning. */
const POINTS = 3
/** Prunes by which what was forgotten is gone, one each half grace. */
const PRUNES = 4

export interface Copied {
  readonly points: number
  readonly crashes: number
  readonly voided: number
  readonly packsRemoved: number
}

/** Lives through copies of many seeds, and adds up what came about. @throws {SimulationFailure} */
export async function copyThrough(options: Kind & { readonly from: number; readonly seeds: number }): Promise<Copied> {
  const sum = { points: 0, crashes: 0, voided: 0, packsRemoved: 0 }
  for (let seed = options.from; seed < options.from + options.seeds; seed++) {
    const { points, crashes, voided, packsRemoved } = await copySeed(scenarioOf(seed, options))
    sum.points += points
    sum.crashes += crashes
    sum.voided += voided
    sum.packsRemoved += packsRemoved
  }
  return sum
}

/** Hands over a repository that one machine backs up into, and another one that two machines copy its points into. */
export async function withStages<T>(
  { seed, lagMs }: Pick<Scenario, 'seed' | 'lagMs'>,
  act: (source: Stage, target: Stage) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(memoryFolder(), 'tidemark-copying-'))
  try {
    const source = await Stage.create({ seed, lagMs, machines: 1, folder })
    return await act(source, await Stage.create({ seed, lagMs, machines: 2, folder, source }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function copySeed(scenario: Scenario): Promise<Copied> {
  return withStages(scenario, (source, target) => new Copying(scenario, source, target).run())
}

/** What happens to both repositories, and what must be true in the end. */
class Copying {
  readonly #scenario: Scenario
  readonly #source: Stage
  readonly #target: Stage

  constructor(scenario: Scenario, source: Stage, target: Stage) {
    this.#scenario = scenario
    this.#source = source
    this.#target = target
  }

  async run(): Promise<Copied> {
    const { world } = this.#source
    try {
      for (let i = 0; i < POINTS; i++) await this.#source.alone(() => this.#backup())
      await this.#live()
      await world.settleLate()
      await this.#finish()
    } catch (error) {
      throw explained(error, `seed ${this.#scenario.seed}`, world)
    }
    return { ...this.#target.counts, points: this.#target.model.points.size }
  }

  async #live(): Promise<void> {
    const { world } = this.#source
    const { programs } = this.#scenario
    for (let started = 0; started < programs || world.processes.size > 0;) {
      if (started < programs && this.#startOne()) started++
      await world.settle()
      if (world.processes.size > 0) await this.#target.step()
      else await world.advance(world.dice.between(1, 24) * HOUR_MS)
      for (const stage of [this.#source, this.#target]) await stage.look()
      await disturb(this.#scenario, [this.#source, this.#target])
    }
  }

  /** Starts a program on a machine that has none, or not. */
  #startOne(): boolean {
    const { dice } = this.#source.world
    const stage = dice.chance(0.3) ? this.#source : this.#target
    const what = dice.fraction()
    const machine = dice.pick(stage.machines)
    if (!machine.isIdle || dice.chance(0.7)) return false
    if (what < 0.25) stage.forget(machine, (points) => someButNewest(points, dice))
    else if (what < 0.5) stage.prune(machine, dice.chance(0.3) ? 0 : 1 << 20)
    else if (stage === this.#source) this.#backup()
    else stage.copy(machine, { bringBack: dice.chance(0.3) })
    return true
  }

  #backup(): void {
    const { dice } = this.#source.world
    for (const machine of this.#source.machines) {
      this.#source.backup(machine, { files: this.#source.model.mutate(machine.files, dice) })
    }
  }

  /**
   * Nobody disturbs a copy any more: then all that the source has is there, but for what somebody forgot there on purpose, and that as
   * well once it is asked for; nothing is in doubt, and rubbish goes.
   */
  async #finish(): Promise<void> {
    const target = this.#target
    await this.#source.verifyAll()
    await target.verifyAll()
    // What is there is listed by now.
    await target.world.advance(target.world.lagMs)
    for (const machine of target.machines.slice(0, 1)) {
      await target.alone(() => target.copy(machine))
      await this.#expectCopied(target.forgotten)
      await target.alone(() => target.copy(machine, { bringBack: true }))
      await this.#expectCopied()
      for (let i = 0; i < PRUNES; i++) {
        await target.alone(() => target.prune(machine))
        await target.world.advance(GRACE_MS / 2 + HOUR_MS)
      }
    }
    await target.verifyAll()
    await this.#expectCopied()
  }

  async #expectCopied(but: ReadonlySet<PointId> = new Set()): Promise<void> {
    const [there, here] = [await this.#source.chainNow(), await this.#target.chainNow()]
    const alarm = here.alarms[0]
    if (alarm !== undefined) throw new Error(`the copies raise an alarm: ${alarm.message}`)
    for (const { record } of there.points) {
      const isThere = here.get(record.point) !== undefined || but.has(record.point)
      if (!isThere) throw new Error(`point ${record.point} was not copied`)
    }
  }
}
