import { backup } from '../../src/engine/backup.ts'
import { present } from '../../src/base/assert.ts'
import type { ObjectId } from '../../src/base/ids.ts'
import type { CareContext } from '../../src/engine/care-types.ts'
import { copyPoints } from '../../src/engine/copy/copy.ts'
import { forget } from '../../src/engine/forget/forget.ts'
import { prune } from '../../src/engine/prune/prune.ts'
import { createRepository } from '../../src/repository/create-repository.ts'
import type { OpenedKeys } from '../../src/repository/open-keys.ts'
import type { PointChain } from '../../src/repository/point-chain.ts'
import { openWithKeys, type Repository, type RepositoryPorts } from '../../src/repository/repository.ts'
import type { Driver, ObjectName } from '../../src/storage/driver.ts'
import { seededRandomness } from '../support/seeded-randomness.ts'
import { aheadClock, testPorts, testSecret } from '../support/test-machine.ts'
import { sealCheaply } from './cheap-keys.ts'
import { driverWithPut } from './driver-with-put.ts'
import { InlinePool } from './inline-pool.ts'
import { type Files, type FilesOf, Model, type ModelPoint } from './model.ts'
import { modelSource } from './model-source.ts'
import { smallChunks } from './small-limits.ts'
import { verify } from './verify.ts'

const neverAborted = new AbortController().signal
const scheduler = { every: () => () => undefined }

/** A machine that has a repository to itself, and what its points must hold. It keeps no cache. */
export class LoneMachine {
  readonly model: Model
  readonly #keys: OpenedKeys
  readonly #ports: RepositoryPorts
  readonly #name: string
  readonly #seed: number
  #programs = 0
  /** How much a backup stores before it says so in an index file. */
  flushBytes: number | undefined
  /** Called when the record of a point is durable, and before one is forgotten. */
  onMade: (object: ObjectId) => void = () => undefined
  onForget: (object: ObjectId) => void = () => undefined

  private constructor(driver: Driver, keys: OpenedKeys, { seed, name }: { seed: number; name: string }) {
    this.model = new Model(seed)
    this.#name = name
    this.#seed = seed
    this.#keys = keys
    this.#ports = testPorts(driver)
  }

  static async create(driver: Driver, seed: number, name = 'lone'): Promise<LoneMachine> {
    const randomness = seededRandomness(`${name} ${seed}`)
    const slots = [{ secret: testSecret, label: 'test' }] as const
    const keys = await createRepository(driver, { slots, clock: aheadClock, randomness, chunker: smallChunks })
    sealCheaply(keys)
    return new LoneMachine(driver, keys, { seed, name })
  }

  async backup(driver: Driver, files: Files): Promise<void> {
    await this.#with(
      this.#watching(driver, () => files),
      async (context) => {
        await backup(
          {
            ...context,
            repository: Promise.resolve(context.repository),
            repositoryId: context.repository.id,
            journal: { begin: async () => async () => undefined },
            ...(this.flushBytes === undefined ? {} : { flushBytes: this.flushBytes }),
          },
          modelSource(this.model, files),
          { full: false, tags: [], description: '', dryRun: false, strict: false },
          {},
          neverAborted,
        )
      },
    )
  }

  /** Copies every point of another machine's repository into this one's. */
  async copy(driver: Driver, from: { readonly machine: LoneMachine; readonly driver: Driver }): Promise<void> {
    const { machine } = from
    const source = await openWithKeys(machine.#keys, { ...machine.#ports, driver: from.driver })
    try {
      const { points } = await source.chain()
      const files = new Map(
        points.map(({ object, record: { point } }) => [point, machine.model.points.get(object)?.filesOf(point)]),
      )
      const filesOf: FilesOf = (point) => present(files.get(point), 'a point that the source has')
      await this.#with(this.#watching(driver, filesOf), async (context) => {
        const options = { dryRun: false, bringBack: false }
        await copyPoints(context, { source, points, options }, {}, neverAborted)
      })
    } finally {
      source.releaseIndex()
    }
  }

  /** Returns the points, and what is suspicious about them, as somebody sees them who knows nothing yet. */
  async chain(driver: Driver): Promise<PointChain> {
    return (await openWithKeys(this.#keys, testPorts(driver))).chain()
  }

  async forgetOldest(driver: Driver): Promise<void> {
    await this.#with(driver, async (context) => {
      const [oldest] = (await context.repository.chain({ reload: true })).points
      if (oldest === undefined) return
      this.onForget(oldest.object)
      const known = this.model.points.get(oldest.object)
      if (known !== undefined) known.mayGo = true
      await forget(context, { points: [oldest] }, { dryRun: false, estimate: false }, {}, neverAborted)
    })
  }

  /** Nothing else runs: marks and sweeps at once. */
  async prune(driver: Driver): Promise<void> {
    await this.#with(driver, async (context) => {
      await prune(context, { dryRun: false, exclusive: true, unusedPercentMax: 0 }, {}, neverAborted)
    })
  }

  /** Returns what is not as it must be. */
  async verify(driver: Driver, required: readonly ModelPoint[] = this.model.required()): Promise<string[]> {
    return verify({ driver, keys: this.#keys, model: this.model, required })
  }

  async #with(driver: Driver, act: (context: CareContext) => Promise<void>): Promise<void> {
    const repository: Repository = await openWithKeys(this.#keys, { ...this.#ports, driver })
    const randomness = seededRandomness(`${this.#name} ${this.#seed} program ${++this.#programs}`)
    const workers = new InlinePool()
    try {
      await act({ repository, cache: undefined, workers, clock: aheadClock, randomness, scheduler, tool: 'simulation' })
    } finally {
      repository.releaseIndex()
      workers.end()
    }
  }

  /** Passes everything on, and enters points into the model: one that is not durable yet may be there, too, but then whole. */
  #watching(driver: Driver, filesOf: FilesOf): Driver {
    const put = async (name: ObjectName, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> => {
      if (name.kind === 'points') {
        const point = {
          object: name.id,
          filesOf,
          writer: 'the machine',
          fate: 'committing' as const,
          mayGo: false,
        }
        this.model.points.set(name.id, point)
      }
      await driver.put(name, parts, signal)
      const made = this.model.points.get(name.id)
      if (made === undefined) return
      made.fate = 'committed'
      this.onMade(name.id)
    }
    return driverWithPut(driver, put)
  }
}
