import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DAMAGED_TAG } from '../../src/engine/repair/mark-points.ts'
import type { PointInfo } from '../../src/repository/point-info.ts'
import type { Dice } from './dice.ts'
import type { Machine } from './machine.ts'
import { memoryFolder } from './memory-folder.ts'
import { GRACE_MS, Stage } from './stage.ts'
import { HOUR_MS, type World } from './world.ts'

/** How far a clock jumps at once. */
const CLOCK_JUMP_MS = 3 * HOUR_MS
/** Calls after which a scenario will not come to its end: twenty times as many as the longest ones make. */
const CALLS_MAX = 60_000

/** What may happen, and how often. */
export interface Scenario {
  readonly seed: number
  readonly machines: number
  /** Programs that are started, on all machines together. */
  readonly programs: number
  /** How late listings may be, at most, in milliseconds. */
  readonly lagMs: number
  /** Chance of each, with every step of any program. */
  readonly crash: number
  readonly suspend: number
  /** That it gets slow, and takes up to three graces for its next calls, but says all the time that it lives. */
  readonly slow: number
  readonly hours: number
  /** Chance of a crash at the very moment at which a point's record comes to the store. */
  readonly crashAtCommit: number
  /** Chance that a program is a repair. */
  readonly repairs: number
}

export interface Outcome {
  readonly points: number
  readonly crashes: number
  readonly voided: number
  readonly failed: number
  readonly calls: number
  readonly forgotten: number
  /** Records of each that were put. */
  readonly marks: number
  readonly deaths: number
  readonly packsRemoved: number
}

/** Something is not as it must be; says how it came to that. */
export class SimulationFailure extends Error {}

/** What scenarios of many seeds have in common. */
export interface Kind {
  /** Programs that are started after the first few. */
  readonly programs: number
  /** Whether the store's listings are late. */
  readonly isLate: boolean
  /** Chance that a program is a repair. */
  readonly repairs?: number
}

/** Returns the scenario of a seed: two thirds of them with crashes at any call, half with crashes at the commit. */
export function scenarioOf(seed: number, { programs, isLate, repairs = 0 }: Kind): Scenario {
  return {
    seed,
    machines: 2 + (seed % 2),
    programs,
    lagMs: isLate ? GRACE_MS / 4 : 0,
    crash: [0, 0.002, 0.006][seed % 3] ?? 0,
    suspend: 0.004,
    slow: 0.003,
    hours: 0.02,
    crashAtCommit: [0, 0.15][seed % 2] ?? 0,
    repairs,
  }
}

/** Lives through a scenario. @throws {SimulationFailure} a point is not what it must be. */
export async function simulate(scenario: Scenario): Promise<Outcome> {
  const folder = mkdtempSync(join(memoryFolder(), 'tidemark-simulation-'))
  try {
    return await new Simulation(scenario, await Stage.create({ ...scenario, folder })).run()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Lives through the scenarios of many seeds, and adds up what came about. @throws {SimulationFailure} */
export async function liveThrough(options: Kind & { readonly from: number; readonly seeds: number }): Promise<Outcome> {
  const outcomes: Outcome[] = []
  for (let seed = options.from; seed < options.from + options.seeds; seed++) {
    outcomes.push(await simulate(scenarioOf(seed, options)))
  }
  const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((total, outcome) => total + of(outcome), 0)
  return {
    points: sum(({ points }) => points),
    crashes: sum(({ crashes }) => crashes),
    voided: sum(({ voided }) => voided),
    failed: sum(({ failed }) => failed),
    calls: sum(({ calls }) => calls),
    forgotten: sum(({ forgotten }) => forgotten),
    marks: sum(({ marks }) => marks),
    deaths: sum(({ deaths }) => deaths),
    packsRemoved: sum(({ packsRemoved }) => packsRemoved),
  }
}

class Simulation {
  readonly #scenario: Scenario
  readonly #stage: Stage

  constructor(scenario: Scenario, stage: Stage) {
    this.#scenario = scenario
    this.#stage = stage
  }

  async run(): Promise<Outcome> {
    const { world, model, counts } = this.#stage
    try {
      await this.#prelude()
      await this.#live()
      await world.settleLate()
      await this.#stage.verify()
      await this.#expectNoneCalledDamaged()
    } catch (error) {
      throw explained(error, `seed ${this.#scenario.seed}`, world)
    }
    const points = [...model.points.values()]
    return { ...counts, points: points.length, forgotten: points.filter(({ mayGo }) => mayGo).length }
  }

  /** Nothing rots here: a repair that calls a point damaged was deceived by what others did meanwhile. */
  async #expectNoneCalledDamaged(): Promise<void> {
    if (this.#scenario.repairs === 0) return
    const { points } = await this.#stage.chainNow()
    const damaged = points.find(({ tags }) => tags.includes(DAMAGED_TAG))
    if (damaged !== undefined) throw new Error(`point ${damaged.record.point} is whole, and was called damaged`)
  }

  /** What every repository has behind it: points, some of them forgotten, and marks that are due sooner or later. */
  async #prelude(): Promise<void> {
    const { world, machines } = this.#stage
    const [first, second] = machines
    if (first === undefined || second === undefined) throw new Error('a scenario has two machines or more')
    for (const machine of [first, second, first, second, first]) await this.#stage.alone(() => this.#backup(machine))
    await this.#stage.alone(() => this.#forget(second))
    for (let prunes = world.dice.below(4); prunes > 0; prunes--) {
      await this.#stage.alone(() => this.#stage.prune(first))
      await world.advance(GRACE_MS / 2 + HOUR_MS)
    }
  }

  async #live(): Promise<void> {
    const { world } = this.#stage
    const { programs } = this.#scenario
    for (let started = 0; started < programs || world.processes.size > 0;) {
      if (started < programs && this.#startOne()) started++
      await world.settle()
      if (world.processes.size > 0) await this.#stage.step()
      else await world.advance(world.dice.between(1, 24) * HOUR_MS)
      await this.#stage.look()
      if (this.#stage.counts.calls > CALLS_MAX) throw new Error('the programs do not get on')
      await disturb(this.#scenario, [this.#stage])
    }
  }

  /** Starts a program on a machine that has none, or not. */
  #startOne(): boolean {
    const { world, machines } = this.#stage
    const { dice } = world
    const what = dice.fraction()
    // One machine prunes more than the others: only what one saw twice does it sweep.
    const machine = what >= 0.6 && dice.chance(0.7) ? machines[0] : dice.pick(machines)
    if (machine?.isIdle !== true || dice.chance(0.7)) return false
    if (dice.chance(0.02)) machine.loseCache()
    const { repairs } = this.#scenario
    if (repairs > 0 && dice.chance(repairs)) this.#stage.repair(machine)
    else if (what < 0.4) this.#backup(machine)
    else if (what < 0.6) this.#forget(machine)
    else this.#stage.prune(machine, dice.chance(0.3) ? 0 : 1 << 20)
    return true
  }

  #backup(machine: Machine): void {
    const { dice } = this.#stage.world
    const files = this.#stage.model.mutate(machine.files, dice)
    this.#stage.backup(machine, { files, full: dice.chance(0.1), flushBytes: dice.chance(0.5) ? 1 : 1 << 20 })
  }

  #forget(machine: Machine): void {
    this.#stage.forget(machine, (points) => someButNewest(points, this.#stage.world.dice))
  }
}

/** Returns some points, whoever made them, but for the newest of each chain. */
export function someButNewest(points: readonly PointInfo[], dice: Dice): readonly PointInfo[] {
  const chains = [...Map.groupBy(points, ({ record }) => record.chain).values()]
  return chains.flatMap((chain) => chain.slice(0, -1).filter(() => dice.chance(0.6)))
}

/** Crashes, sleep, slow lines, clocks that jump, and hours that pass, on all machines of one world. */
export async function disturb(scenario: Scenario, stages: readonly [Stage, ...Stage[]]): Promise<void> {
  const [{ world }] = stages
  const { dice } = world
  const { crash, crashAtCommit, suspend, slow, hours } = scenario
  const machines = stages.flatMap((stage) => stage.machines.map((machine) => ({ stage, machine })))
  const committed = machines.find(({ stage, machine: { process } }) => {
    return process !== undefined && process === stage.justCommitted
  })
  for (const stage of stages) stage.justCommitted = undefined
  if (committed !== undefined && dice.chance(crashAtCommit)) await committed.stage.crash(committed.machine)
  const running = machines.filter(({ machine }) => !machine.isIdle)
  if (running.length > 0) {
    if (dice.chance(crash)) {
      const { stage, machine } = dice.pick(running)
      await stage.crash(machine)
    }
    if (dice.chance(suspend)) dice.pick(running).machine.process?.suspend(dice.between(0.05, 3.2) * GRACE_MS)
    if (dice.chance(slow)) dice.pick(running).machine.process?.slowDown(dice.between(0.3, 3) * GRACE_MS)
  }
  if (dice.chance(0.002)) dice.pick(machines).machine.jump(dice.between(-CLOCK_JUMP_MS, CLOCK_JUMP_MS))
  if (dice.chance(hours)) await world.advance(dice.between(0.1, 8) * HOUR_MS)
}

/** Returns the failure with what led to it. */
export function explained(cause: unknown, what: string, world: World): SimulationFailure {
  const why = cause instanceof Error ? (cause.stack ?? cause.message) : 'something was thrown that is no error'
  return new SimulationFailure(`${what}: ${why}\n\nWhat happened last:\n${world.trace().join('\n')}`, { cause })
}
