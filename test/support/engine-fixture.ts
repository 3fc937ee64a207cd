import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { MemoryDriver } from '../../drivers/memory/memory-driver.ts'
import { byteStringOf } from '../../src/base/byte-string.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { PointId } from '../../src/base/ids.ts'
import { systemRandomness } from '../../src/base/random.ts'
import type { BackupEvents, BackupOptions, BackupSummary, Trouble } from '../../src/engine/backup-types.ts'
import { backup, type BackupContext } from '../../src/engine/backup.ts'
import { type OpenPointView, openPointView } from '../../src/engine/point-view.ts'
import type { ScanPass, Source } from '../../src/engine/source.ts'
import { directorySource } from '../../src/engine/sources/directory-source.ts'
import { WorkerPool } from '../../src/engine/workers/worker-pool.ts'
import { createRepository } from '../../src/repository/create-repository.ts'
import { LocalCache } from '../../src/repository/local-cache.ts'
import { openRepository, type Repository, type RepositoryPorts } from '../../src/repository/repository.ts'
import type { Driver } from '../../src/storage/driver.ts'
import { FaultyDriver } from './faulty-driver.ts'
import { temporaryMemoryFolder } from './temporary-folder.ts'
import { aheadClock, testPorts, testSecret } from './test-machine.ts'

let pool: WorkerPool | undefined

/** The threads of this test file. */
export function sharedPool(): WorkerPool {
  return (pool ??= new WorkerPool({ threads: 2 }))
}

/** Ends the threads when the test file has. */
export async function closeSharedPool(): Promise<void> {
  await pool?.[Symbol.asyncDispose]()
  pool = undefined
}

export interface BackupRequest {
  readonly options?: Partial<BackupOptions>
  readonly pass?: Partial<Omit<ScanPass, 'kind'>>
  readonly source?: Source
  readonly context?: Partial<BackupContext>
  readonly events?: BackupEvents
  readonly signal?: AbortSignal
}

export interface BackupResult extends BackupSummary {
  readonly told: readonly Trouble[]
  readonly warnings: readonly string[]
  /** Bytes put into the store. */
  readonly bytesPut: number
}

/** A repository, a machine with its cache and instance, and a folder to back up. */
export class EngineFixture {
  readonly driver: FaultyDriver
  /** Where sources lie. */
  readonly folder: string
  /** Where caches lie: in memory, as they are written with every run. */
  readonly cacheFolder = temporaryMemoryFolder()
  /** What is backed up. */
  readonly source: string
  clock: Clock = aheadClock
  repository!: Repository
  cache: LocalCache | undefined
  readonly #machine: RepositoryPorts

  private constructor(inner: Driver, folder: string) {
    this.driver = new FaultyDriver(inner)
    this.#machine = testPorts(this.driver)
    this.folder = folder
    this.source = join(folder, 'source')
    mkdirSync(this.source)
  }

  /** `place` is where the sources shall lie: in memory, for very many files that are nothing special. */
  static async create(inner: Driver = new MemoryDriver(), place = tmpdir()): Promise<EngineFixture> {
    const folder = mkdtempSync(join(place, 'tidemark-engine-'))
    const fixture = new EngineFixture(inner, folder)
    onTestFinished(() => {
      fixture.repository?.[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
    })
    const keys = await createRepository(fixture.driver, {
      slots: [{ secret: testSecret, label: 'test' }],
      clock: aheadClock,
      randomness: systemRandomness,
    })
    keys[Symbol.dispose]()
    await fixture.reopen()
    return fixture
  }

  /** Opens the repository as another process would. */
  async reopen(ports: Partial<RepositoryPorts> = {}): Promise<Repository> {
    this.repository?.[Symbol.dispose]()
    this.repository = await openRepository({ ...this.ports(), ...ports, secret: testSecret })
    this.cache = this.openCache()
    return this.repository
  }

  ports(): RepositoryPorts {
    return { ...this.#machine, cache: (repository) => this.#cacheOf(repository) }
  }

  openCache(): LocalCache {
    return this.#cacheOf(this.repository.id)
  }

  /** Forgets everything this machine kept of the repository. */
  async loseCache(): Promise<void> {
    this.openCache().clear()
    await this.reopen()
  }

  path(...names: string[]): string {
    return join(this.source, ...names)
  }

  context(more: Partial<BackupContext> = {}): BackupContext {
    return {
      repository: Promise.resolve(this.repository),
      repositoryId: this.repository.id,
      cache: this.cache,
      workers: sharedPool(),
      clock: this.clock,
      randomness: systemRandomness,
      journal: { begin: async () => async () => undefined },
      tool: 'test',
      ...more,
    }
  }

  directories(pass: Partial<Omit<ScanPass, 'kind'>> = {}): Source {
    return directorySource({
      roots: [byteStringOf(this.source)],
      rules: { patterns: [], excludeCaches: false, excludeIfPresent: [] },
      crossFilesystems: false,
      ...pass,
    })
  }

  /** Runs a backup of the source, or of another. */
  async backup(request: BackupRequest = {}): Promise<BackupResult> {
    const told: Trouble[] = []
    const warnings: string[] = []
    const events: BackupEvents = {
      trouble: (trouble) => told.push(trouble),
      warning: (message) => warnings.push(message),
      ...request.events,
    }
    const options = { full: false, tags: [], description: '', dryRun: false, strict: false, ...request.options }
    const before = this.driver.bytesWritten
    const summary = await backup(
      this.context(request.context),
      request.source ?? this.directories(request.pass),
      options,
      events,
      request.signal ?? new AbortController().signal,
    )
    return { ...summary, told, warnings, bytesPut: this.driver.bytesWritten - before }
  }

  /** Opens a point, by default the newest of all. */
  async view(point?: PointId): Promise<OpenPointView> {
    const chain = await this.repository.chain({ reload: true })
    const newest = chain.points.toSorted((a, b) => b.record.sequence - a.record.sequence)[0]
    const info = point === undefined ? newest : chain.get(point)
    if (info === undefined) throw new Error('there is no such point')
    return openPointView(await this.repository.blobs(), info.record.parts)
  }

  #cacheOf(repository: Repository['id']): LocalCache {
    return LocalCache.open({
      directory: this.cacheFolder,
      repository,
      machineKey: new Uint8Array(32).fill(3),
    })
  }
}
