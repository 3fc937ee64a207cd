import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { RunError, TidemarkError } from '../../src/base/errors.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import { backup } from '../../src/engine/backup.ts'
import type { CareContext } from '../../src/engine/care-types.ts'
import { forget } from '../../src/engine/forget/forget.ts'
import { prune } from '../../src/engine/prune/prune.ts'
import { createRepository } from '../../src/repository/create-repository.ts'
import type { OpenedKeys } from '../../src/repository/open-keys.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'
import { testSecret } from '../support/test-machine.ts'
import { Machine, type ProgramPorts } from './machine.ts'
import { memoryFolder } from './memory-folder.ts'
import { Model } from './model.ts'
import { modelSource } from './model-source.ts'
import { sealCheaply } from './cheap-keys.ts'
import { smallChunks } from './small-limits.ts'
import { SimulatedProcess } from './simulated-process.ts'
import { verify } from './verify.ts'
import { HOUR_MS, World } from './world.ts'

export const GRACE_MS = 24 * HOUR_MS

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
}

/** Returns the scenario of a seed: two thirds of them with crashes at any call, half with crashes at the commit. */
export function scenarioOf(seed: number, { programs, isLate }: Kind): Scenario {
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
  }
}

/** Lives through a scenario. @throws {SimulationFailure} a point is not what it must be. */
export async function simulate(scenario: Scenario): Promise<Outcome> {
  const folder = mkdtempSync(join(memoryFolder(), 'tidemark-simulation-'))
  try {
    return await (await Simulation.create(scenario, folder)).run()
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
  readonly #world: World
  readonly #model: Model
  readonly #keys: OpenedKeys
  readonly #machines: readonly Machine[]
  #mustVerify = false
  /** Points that were whole when they were looked at, and of which nothing can have been taken away since. */
  readonly #verified = new Set<ObjectId>()
  #failure: Error | undefined
  #justCommitted: SimulatedProcess | undefined
  #counts = { crashes: 0, voided: 0, failed: 0, calls: 0, marks: 0, deaths: 0, packsRemoved: 0 }

  private constructor(scenario: Scenario, parts: { world: World; keys: OpenedKeys; folder: string }) {
    this.#scenario = scenario
    const { seed } = scenario
    this.#world = parts.world
    this.#keys = parts.keys
    this.#model = new Model(seed)
    this.#machines = Array.from({ length: scenario.machines }, (_, i) => {
      return new Machine(this.#world, { name: `m${i}`, keys: this.#keys, folder: parts.folder, seed })
    })
    this.#watch()
  }

  static async create(scenario: Scenario, folder: string): Promise<Simulation> {
    const world = new World(scenario)
    const process = new SimulatedProcess(world, 'init')
    const keys = await throughout(world, () =>
      createRepository(process, {
        slots: [{ secret: testSecret, label: 'test' }],
        clock: { nowMs: () => world.nowMs, monotonicMs: () => world.nowMs },
        randomness: seededRandomness(`init ${scenario.seed}`),
        graceSeconds: GRACE_MS / 1000,
        chunker: smallChunks,
      }).finally(() => process.end()),
    )
    sealCheaply(keys)
    return new Simulation(scenario, { world, keys, folder })
  }

  async run(): Promise<Outcome> {
    const { programs, crash, suspend, slow, hours } = this.#scenario
    const { dice } = this.#world
    try {
      await this.#prelude()
      for (let started = 0; started < programs || this.#world.processes.size > 0;) {
        if (started < programs && this.#startOne()) started++
        await this.#world.settle()
        await this.#step()
        const running = this.#machines.filter(({ isIdle }) => !isIdle)
        if (running.length > 0 && dice.chance(crash)) await this.#crash(dice.pick(running))
        if (dice.chance(hours)) await this.#world.advance(dice.between(0.1, 8) * HOUR_MS)
        if (running.length > 0 && dice.chance(suspend)) {
          dice.pick(running).process?.suspend(dice.between(0.05, 3.2) * GRACE_MS)
        }
        const slowed = running.length > 0 && dice.chance(slow) ? dice.pick(running).process : undefined
        if (slowed !== undefined) slowed.slowUntilMs = this.#world.nowMs + dice.between(0.3, 3) * GRACE_MS
        if (dice.chance(0.002)) dice.pick(this.#machines).jump()
        await this.#crashAtCommit()
      }
      await this.#world.settleLate()
      await this.#verify()
    } catch (error) {
      throw this.#explained(error)
    }
    const points = [...this.#model.points.values()]
    return { ...this.#counts, points: points.length, forgotten: points.filter(({ mayGo }) => mayGo).length }
  }

  /** What every repository has behind it: points, some of them forgotten, and marks that are due sooner or later. */
  async #prelude(): Promise<void> {
    const { dice } = this.#world
    const [first, second] = this.#machines
    if (first === undefined || second === undefined) throw new Error('a scenario has two machines or more')
    for (const machine of [first, second, first, second, first]) await this.#alone(() => this.#backup(machine))
    await this.#alone(() => this.#forget(second))
    for (let prunes = dice.below(4); prunes > 0; prunes--) {
      await this.#alone(() => this.#prune(first))
      await this.#world.advance(GRACE_MS / 2 + HOUR_MS)
    }
  }

  /** Has a program run to its end while nothing else happens. */
  async #alone(start: () => void): Promise<void> {
    start()
    await this.#world.settle()
    while (this.#world.processes.size > 0) await this.#step()
  }

  async #step(): Promise<void> {
    if (this.#world.processes.size === 0) {
      await this.#world.advance(this.#world.dice.between(1, 24) * HOUR_MS)
    } else {
      await this.#world.step()
      this.#counts.calls++
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#mustVerify) await this.#verify()
  }

  /** Starts a program on a machine that has none, or not. */
  #startOne(): boolean {
    const { dice } = this.#world
    const [first] = this.#machines
    const what = dice.fraction()
    // One machine prunes more than the others: only what one saw twice does it sweep.
    const machine = first !== undefined && what >= 0.6 && dice.chance(0.7) ? first : dice.pick(this.#machines)
    if (!machine.isIdle || dice.chance(0.7)) return false
    if (dice.chance(0.02)) machine.loseCache()
    if (what < 0.4) this.#backup(machine)
    else if (what < 0.6) this.#forget(machine)
    else this.#prune(machine)
    return true
  }

  /** Forgets some points, whoever made them, but for the newest of each chain. */
  #forget(machine: Machine): void {
    const { dice } = this.#world
    this.#start(machine, 'forget', async (ports) => {
      const chain = await ports.repository.chain({ reload: true })
      const chosen = chain.chains().flatMap(({ points }) => points.slice(0, -1).filter(() => dice.chance(0.6)))
      for (const { object } of chosen) {
        const known = this.#model.points.get(object)
        if (known !== undefined) known.mayGo = true
      }
      await forget(
        this.#care(machine, ports),
        { points: chosen },
        { dryRun: false, estimate: false },
        {},
        new AbortController().signal,
      )
    })
  }

  #prune(machine: Machine): void {
    const { dice } = this.#world
    const repackBytesMax = dice.chance(0.3) ? 0 : 1 << 20
    this.#start(machine, 'prune', async (ports) => {
      const options = { dryRun: false, exclusive: false, repackBytesMax, unusedPercentMax: 5 }
      await prune(this.#care(machine, ports), options, {}, new AbortController().signal)
    })
  }

  #care({ clock, randomness }: Machine, { process, repository, cache, workers }: ProgramPorts): CareContext {
    return { repository, cache, workers, clock, randomness, scheduler: process.scheduler, tool: 'simulation' }
  }

  #backup(machine: Machine): void {
    const { dice } = this.#world
    machine.files = this.#model.mutate(machine.files, dice)
    const { files } = machine
    const full = dice.chance(0.1)
    const flushBytes = dice.chance(0.5) ? 1 : 1 << 20
    const program = async ({ process, repository, cache, workers }: ProgramPorts): Promise<void> => {
      process.files = files
      await backup(
        {
          repository: Promise.resolve(repository),
          repositoryId: repository.id,
          cache,
          workers,
          clock: machine.clock,
          randomness: machine.randomness,
          scheduler: process.scheduler,
          journal: { begin: async () => async () => undefined },
          flushBytes,
          tool: 'simulation',
        },
        modelSource(this.#model, files),
        { full, tags: [], description: '', dryRun: false, strict: false },
        { warning: (message) => this.#world.note(`${process.name} warns: ${message}`) },
        new AbortController().signal,
      )
    }
    this.#start(machine, 'backup', program)
  }

  #start(machine: Machine, what: string, program: (ports: ProgramPorts) => Promise<void>): void {
    machine.start(what, program, (error, process) => {
      if (error !== undefined) this.#ended(error, process)
      this.#mustVerify = true
    })
  }

  /** A program may give up with an error of ours; everything else is a bug, and so is pruning what a run that lives relies on. */
  #ended(error: unknown, { name, silentMs }: SimulatedProcess): void {
    if (!(error instanceof TidemarkError)) {
      this.#failure = error instanceof Error ? error : new Error('no error was thrown')
    } else if (error instanceof RunError && error.code === 'PRUNED_UNDER_RUN') {
      this.#counts.voided++
      if (silentMs < GRACE_MS / 2) this.#failure = new Error(`${name} was pruned under though it never was silent`)
    } else {
      this.#counts.failed++
    }
  }

  /** Crashes whoever just put a point. */
  async #crashAtCommit(): Promise<void> {
    const process = this.#justCommitted
    this.#justCommitted = undefined
    if (process === undefined || !this.#world.dice.chance(this.#scenario.crashAtCommit)) return
    const machine = this.#machines.find((each) => each.process === process)
    if (machine !== undefined) await this.#crash(machine)
  }

  async #crash(machine: Machine): Promise<void> {
    this.#counts.crashes++
    machine.crash()
    await this.#verify()
  }

  /** Keeps the model up to date with what becomes of points. */
  #watch(): void {
    const { points } = this.#model
    this.#world.onPut = (name, process) => {
      if (name.kind === 'points') this.#justCommitted = process
      if (name.kind === 'points' && process.files !== undefined && !points.has(name.id)) {
        points.set(name.id, {
          object: name.id,
          files: process.files,
          writer: process.name,
          fate: 'committing',
          mayGo: false,
        })
      } else if (name.kind === 'tombstones') {
        this.#voided(process)
      } else if (name.kind === 'marks') {
        this.#counts.marks++
      } else if (name.kind === 'dead') {
        this.#counts.deaths++
      }
    }
    this.#world.onRemove = ({ kind, id }, process) => {
      if (kind === 'packs') this.#counts.packsRemoved++
      if (kind === 'packs' || kind === 'index') {
        this.#verified.clear()
        this.#mustVerify = true
      }
      if (kind === 'points' && points.get(id)?.writer === process.name) this.#voided(process)
    }
  }

  #voided(process: SimulatedProcess): void {
    for (const point of this.#model.points.values()) if (point.writer === process.name) point.fate = 'void'
  }

  async #verify(): Promise<void> {
    this.#mustVerify = false
    const running = new Set([...this.#world.processes].map(({ name }) => name))
    for (const point of this.#model.points.values()) {
      if (point.fate === 'committing' && !running.has(point.writer)) point.fate = 'committed'
    }
    const required = this.#model.required().filter(({ object }) => !this.#verified.has(object))
    if (required.length === 0) return
    const problems = await verify({
      driver: await this.#world.snapshot(),
      keys: this.#keys,
      model: this.#model,
      required,
    })
    if (problems.length > 0) throw new Error(problems.join('\n'))
    for (const { object } of required) this.#verified.add(object)
  }

  #explained(cause: unknown): SimulationFailure {
    const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
    const trace = this.#world.trace.join('\n')
    return new SimulationFailure(`seed ${this.#scenario.seed}: ${what}\n\nWhat happened last:\n${trace}`, { cause })
  }
}

/** Runs something alone in the world, to its end. */
async function throughout<T>(world: World, act: () => Promise<T>): Promise<T> {
  const acting = act()
  await world.settle()
  while (world.processes.size > 0) await world.step()
  return acting
}
