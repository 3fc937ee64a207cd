import type { Clock } from '../../src/base/clock.ts'
import type { Randomness } from '../../src/base/random.ts'
import { LocalCache } from '../../src/repository/local-cache.ts'
import type { OpenedKeys } from '../../src/repository/open-keys.ts'
import { openWithKeys, type Repository, type RepositoryPorts } from '../../src/repository/repository.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'
import { InlinePool } from './inline-pool.ts'
import type { Files } from './model.ts'
import { SimulatedProcess } from './simulated-process.ts'
import type { SimulatedStore } from './simulated-store.ts'
import { HOUR_MS, type World } from './world.ts'

/** How far clocks of machines are apart, either way. */
const CLOCK_SHIFT_MS = 12 * HOUR_MS

/** What a simulated program is given. */
export interface ProgramPorts {
  readonly process: SimulatedProcess
  readonly repository: Repository
  readonly cache: LocalCache
  readonly workers: InlinePool
}

/** One computer: its clock, its cache, its instance, and the one program that runs on it at a time. */
export class Machine {
  readonly name: string
  readonly clock: Clock
  readonly randomness: Randomness
  /** What it has to back up. */
  files: Files = new Map()
  process: SimulatedProcess | undefined
  readonly #world: World
  readonly #store: SimulatedStore
  readonly #keys: OpenedKeys
  readonly #folder: string
  #workers: InlinePool | undefined
  #shiftMs: number
  #instance: Uint8Array | undefined
  #programs = 0

  constructor(
    world: World,
    options: {
      readonly name: string
      readonly store: SimulatedStore
      readonly keys: OpenedKeys
      readonly folder: string
      readonly seed: number
    },
  ) {
    this.#world = world
    this.#store = options.store
    this.name = options.name
    this.#keys = options.keys
    this.#folder = `${options.folder}/${options.name}`
    this.randomness = seededRandomness(`${options.seed} ${options.name}`)
    this.#shiftMs = world.dice.between(-CLOCK_SHIFT_MS, CLOCK_SHIFT_MS)
    this.clock = {
      nowMs: () => world.nowMs + this.#shiftMs,
      // It stands still while the machine does.
      monotonicMs: () => world.nowMs - (this.process?.stoodStillMs ?? 0),
    }
  }

  get isIdle(): boolean {
    return this.process === undefined
  }

  /** Sets the clock: somebody corrected it, or it was wrong. */
  jump(ms: number): void {
    this.#shiftMs += ms
  }

  loseCache(): void {
    this.#world.note(`${this.name} loses its cache`)
    this.#openCache().clear()
  }

  /** Starts a program in a process of its own; it is over when `done` is called with how it ended. */
  start(
    what: string,
    program: (ports: ProgramPorts) => Promise<void>,
    done: (error: unknown, process: SimulatedProcess) => void,
  ): void {
    const name = `${this.name}.${++this.#programs} ${what}`
    const process = new SimulatedProcess(this.#world, this.#store, name)
    this.process = process
    const workers = (this.#workers = new InlinePool())
    const end = (error: unknown): void => {
      if (process.crashed) return
      process.end()
      this.process = undefined
      this.#world.note(
        `${name} ends${error === undefined ? '' : `: ${error instanceof Error ? error.message : 'something thrown that is no error'}`}`,
      )
      done(error, process)
    }
    this.#world.note(`${name} starts`)
    this.#run(process, workers, program).then(() => end(undefined), end)
  }

  crash(): void {
    this.process?.crash()
    this.process = undefined
    this.#workers?.end()
  }

  async #run(
    process: SimulatedProcess,
    workers: InlinePool,
    program: (ports: ProgramPorts) => Promise<void>,
  ): Promise<void> {
    const cache = this.#openCache()
    const repository = await openWithKeys(this.#keys, this.#ports(process, cache))
    await program({ process, repository, cache, workers })
  }

  #openCache(): LocalCache {
    return LocalCache.open({
      directory: this.#folder,
      repository: this.#keys.repository,
      machineKey: new Uint8Array(32).fill(3),
    })
  }

  #ports({ driver, name }: SimulatedProcess, cache: LocalCache): RepositoryPorts {
    return {
      driver,
      cache,
      instanceStore: {
        load: async () => this.#instance?.slice(),
        save: async (bytes) => {
          this.#instance = bytes.slice()
        },
      },
      describeInstance: () => ({ name: this.name, host: this.name, user: 'user' }),
      clock: this.clock,
      randomness: this.randomness,
      // A damaged record is for the model to find.
      onProblem: (problem) => this.#world.note(`${name} meets a problem: ${problem.message}`),
    }
  }
}
