import { present } from '../../src/base/assert.ts'
import { RunError, TidemarkError } from '../../src/base/errors.ts'
import type { ObjectId, PointId } from '../../src/base/ids.ts'
import { backup } from '../../src/engine/backup.ts'
import type { CareContext } from '../../src/engine/care-types.ts'
import { copyPoints } from '../../src/engine/copy/copy.ts'
import { forget } from '../../src/engine/forget/forget.ts'
import { prune } from '../../src/engine/prune/prune.ts'
import { repair } from '../../src/engine/repair/repair.ts'
import { createRepository } from '../../src/repository/create-repository.ts'
import type { OpenedKeys } from '../../src/repository/open-keys.ts'
import type { PointChain } from '../../src/repository/point-chain.ts'
import type { PointInfo } from '../../src/repository/point-info.ts'
import { openWithKeys } from '../../src/repository/repository.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'
import { testPorts, testSecret } from '../support/test-machine.ts'
import { sealCheaply } from './cheap-keys.ts'
import { Machine, type ProgramPorts } from './machine.ts'
import { type Files, Model } from './model.ts'
import { modelSource } from './model-source.ts'
import { SimulatedProcess } from './simulated-process.ts'
import { SimulatedStore } from './simulated-store.ts'
import { smallChunks } from './small-limits.ts'
import { verify } from './verify.ts'
import { HOUR_MS, World } from './world.ts'

export const GRACE_MS = 24 * HOUR_MS

const neverAborted = new AbortController().signal

export interface StageOptions {
  readonly seed: number
  readonly machines: number
  /** How late listings may be, at most, in milliseconds. */
  readonly lagMs: number
  /** Where the machines keep their caches. */
  readonly folder: string
  /** Another stage in the same world, from whose repository this one's machines copy. */
  readonly source?: Stage
}

/** Machines with a repository that they share, what they may do with it, and what must be true after each step. */
export class Stage {
  readonly world: World
  readonly store: SimulatedStore
  readonly model: Model
  readonly machines: readonly Machine[]
  readonly counts = { crashes: 0, voided: 0, failed: 0, calls: 0, marks: 0, deaths: 0, packsRemoved: 0 }
  /** Points that somebody set out to forget. */
  readonly forgotten = new Set<PointId>()
  /** Who put the last point, for whoever wants to crash it right then. */
  justCommitted: SimulatedProcess | undefined
  readonly #keys: OpenedKeys
  readonly #source: Stage | undefined
  #mustVerify = false
  /** Points that were whole when they were looked at, and of which nothing can have been taken away since. */
  readonly #verified = new Set<ObjectId>()
  #failure: Error | undefined

  private constructor(
    { seed, machines, folder, source }: StageOptions,
    { world, store, keys }: { world: World; store: SimulatedStore; keys: OpenedKeys },
  ) {
    this.world = world
    this.store = store
    this.#keys = keys
    this.#source = source
    this.model = new Model(seed)
    this.machines = Array.from(
      { length: machines },
      (_, i) => new Machine(world, { name: `${store.label}m${i}`, store, keys, folder, seed }),
    )
    this.#watch()
  }

  static async create(options: StageOptions): Promise<Stage> {
    const world = options.source?.world ?? new World(options)
    const store = new SimulatedStore(options.source === undefined ? '' : 'target')
    const process = new SimulatedProcess(world, store, 'init')
    const creating = createRepository(process.driver, {
      slots: [{ secret: testSecret, label: 'test' }],
      clock: { nowMs: () => world.nowMs, monotonicMs: () => world.nowMs },
      randomness: seededRandomness(`init ${store.label}${options.seed}`),
      graceSeconds: GRACE_MS / 1000,
      chunker: smallChunks,
    }).finally(() => process.end())
    await world.settle()
    while (world.processes.size > 0) await world.step()
    const keys = await creating
    sealCheaply(keys)
    return new Stage(options, { world, store, keys })
  }

  /** Starts a backup of `files`. */
  backup(
    machine: Machine,
    { files, full = false, flushBytes = 1 }: { files: Files; full?: boolean; flushBytes?: number },
  ): void {
    machine.files = files
    this.#start(machine, 'backup', async ({ process, repository, cache, workers }) => {
      process.filesOf = () => files
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
        modelSource(this.model, files),
        { full, tags: [], description: '', dryRun: false, strict: false },
        { warning: (message) => this.world.note(`${process.name} warns: ${message}`) },
        neverAborted,
      )
    })
  }

  /** Starts to forget what `choose` returns of all points. */
  forget(machine: Machine, choose: (points: readonly PointInfo[]) => readonly PointInfo[]): void {
    this.#start(machine, 'forget', async (ports) => {
      const chain = await ports.repository.chain({ reload: true })
      const points = choose(chain.points)
      const chosen = new Set(points.map(({ record }) => record.point))
      for (const point of chosen) this.forgotten.add(point)
      for (const { object, record } of chain.records) {
        const known = chosen.has(record.point) ? this.model.points.get(object) : undefined
        if (known !== undefined) known.mayGo = true
      }
      await forget(careOf(machine, ports), { points }, { dryRun: false, estimate: false }, {}, neverAborted)
    })
  }

  /** Starts a prune. */
  prune(machine: Machine, repackBytesMax = 1 << 20): void {
    this.#start(machine, 'prune', async (ports) => {
      const options = { dryRun: false, exclusive: false, repackBytesMax, unusedPercentMax: 5 }
      await prune(careOf(machine, ports), options, {}, neverAborted)
    })
  }

  /** Starts a check that repairs, from nothing but what the store has. */
  repair(machine: Machine): void {
    this.#start(machine, 'repair', async (ports) => {
      const options = { readDataPercent: 0, dryRun: false, sources: [] }
      await repair(careOf(machine, ports), options, {}, neverAborted)
    })
  }

  /** Starts to copy every point that the source has; of those that were forgotten here only when they are to be brought back. */
  copy(machine: Machine, { bringBack = false } = {}): void {
    const source = present(this.#source, 'a repository to copy from')
    this.#start(machine, 'copy', async (ports) => {
      const { process } = ports
      const from = await openWithKeys(source.#keys, testPorts(process.driverTo(source.store)))
      try {
        const { points } = await from.chain()
        const files = new Map(
          points.map(({ object, record: { point } }) => [point, source.model.points.get(object)?.filesOf(point)]),
        )
        process.filesOf = (point) => present(files.get(point), 'a point that the source was seen to have')
        const request = { source: from, points, options: { dryRun: false, bringBack } }
        await copyPoints(careOf(machine, ports), request, {}, neverAborted)
      } finally {
        from.releaseIndex()
      }
    })
  }

  /** Starts something else. */
  program(machine: Machine, what: string, act: (ports: ProgramPorts) => Promise<void>): void {
    this.#start(machine, what, act)
  }

  /** Returns the points as a machine sees them that knows nothing yet. */
  async chainNow(): Promise<PointChain> {
    const repository = await openWithKeys(this.#keys, testPorts(await this.store.snapshot(this.world.nowMs)))
    return repository.chain()
  }

  /** Has a program run to its end while nothing else happens. */
  async alone(start: () => void): Promise<void> {
    start()
    await this.world.settle()
    while (this.world.processes.size > 0) await this.step()
  }

  /** Lets one call of one program go on. @throws {Error} something is not as it must be. */
  async step(): Promise<void> {
    await this.world.step()
    this.counts.calls++
    await this.look()
  }

  async crash(machine: Machine): Promise<void> {
    this.counts.crashes++
    machine.crash()
    await this.verify()
  }

  /** Looks whether all is as it must be, if anything happened that could have changed that. */
  async look(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#mustVerify) await this.verify()
  }

  /** Looks at every point again, whatever was found before. */
  async verifyAll(): Promise<void> {
    await this.look()
    this.#verified.clear()
    await this.verify()
  }

  /** @throws {Error} a point is not what it must be. */
  async verify(): Promise<void> {
    this.#mustVerify = false
    const running = new Set([...this.world.processes].map(({ name }) => name))
    for (const point of this.model.points.values()) {
      if (point.fate === 'committing' && !running.has(point.writer)) point.fate = 'committed'
    }
    const required = this.model.required().filter(({ object }) => !this.#verified.has(object))
    if (required.length === 0) return
    const driver = await this.store.snapshot(this.world.nowMs)
    const problems = await verify({ driver, keys: this.#keys, model: this.model, required })
    if (problems.length > 0) throw new Error(problems.join('\n'))
    for (const { object } of required) this.#verified.add(object)
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
      this.counts.voided++
      if (silentMs < GRACE_MS / 2) this.#failure = new Error(`${name} was pruned under though it never was silent`)
    } else {
      this.counts.failed++
    }
  }

  /** Keeps the model up to date with what becomes of points. */
  #watch(): void {
    const { points } = this.model
    this.store.onPut = (name, process) => {
      if (name.kind === 'points') this.justCommitted = process
      if (name.kind === 'points' && process.filesOf !== undefined && !points.has(name.id)) {
        points.set(name.id, {
          object: name.id,
          filesOf: process.filesOf,
          writer: process.name,
          fate: 'committing',
          mayGo: false,
        })
      } else if (name.kind === 'tombstones') {
        this.#voided(process)
      } else if (name.kind === 'marks') {
        this.counts.marks++
      } else if (name.kind === 'dead') {
        this.counts.deaths++
      }
    }
    this.store.onRemove = ({ kind, id }, process) => {
      if (kind === 'packs') this.counts.packsRemoved++
      if (kind === 'packs' || kind === 'index') {
        this.#verified.clear()
        this.#mustVerify = true
      }
      const removed = kind === 'points' ? points.get(id) : undefined
      if (removed?.writer === process.name) removed.fate = 'void'
    }
  }

  #voided(process: SimulatedProcess): void {
    const last = [...this.model.points.values()].findLast(({ writer }) => writer === process.name)
    if (last !== undefined) last.fate = 'void'
  }
}

function careOf({ clock, randomness }: Machine, { process, repository, cache, workers }: ProgramPorts): CareContext {
  return { repository, cache, workers, clock, randomness, scheduler: process.scheduler, tool: 'simulation' }
}
