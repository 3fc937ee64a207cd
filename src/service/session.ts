import { join } from 'node:path'

import type { Clock } from '../base/clock.ts'
import type { TidemarkError } from '../base/errors.ts'
import type { RepositoryId } from '../base/ids.ts'
import type { Randomness } from '../base/random.ts'
import type { NewInstance } from '../repository/instance-key.ts'
import type { LocalCache } from '../repository/local-cache.ts'
import type { Repository } from '../repository/repository.ts'
import type { DerivedSlotKey, OpeningKey } from '../repository/slot-key.ts'
import type { Driver } from '../storage/driver.ts'
import { awayIfKnown } from './away-repository.ts'
import type { Paths } from './directories.ts'
import { takeFirstSteps } from './first-steps.ts'
import { openMachineKey } from './machine-key.ts'
import { FileRunJournal } from './run-journal.ts'
import { type RepositoryPlace, resolveRepository } from './resolve-repository.ts'

export interface SessionRequest {
  /** REPO as the user named it; `undefined` for the default. */
  readonly repository: string | undefined
  readonly workingDirectory: string
  readonly paths: Paths
  readonly clock: Clock
  readonly randomness: Randomness
  readonly openDriver: (place: RepositoryPlace) => Promise<Driver>
  /** Returns what opens the repository; the session wipes it. */
  readonly secret: (place: RepositoryPlace) => Promise<OpeningKey>
  /** Whether `secret` asks nobody. */
  readonly isSecretAtHand?: ((place: RepositoryPlace) => boolean) | undefined
  readonly describeInstance: () => NewInstance
  /** Told of damage that keeps nothing from going on. */
  readonly onProblem: (problem: TidemarkError) => void
  /** Makes a lost or damaged config anew from the slot that opens. */
  readonly rebuildConfig?: boolean
  /** Is given what the slot that opened derives its keys from; its own to wipe. */
  readonly onDerived?: ((derived: DerivedSlotKey) => void) | undefined
}

/** A repository being opened, with all that belongs to it on this machine. Disposing of it closes and wipes. */
export interface Session extends AsyncDisposable {
  readonly place: RepositoryPlace
  readonly driver: Driver
  /** As the store says; verified once `repository` resolves. */
  readonly repositoryId: RepositoryId
  readonly cache: LocalCache
  readonly journal: FileRunJournal
  /** Rejects with what keeps the repository from opening; the keys are derived in the background. */
  readonly repository: Promise<Repository>
}

/** Where the caches of all repositories lie. */
export function cachesDirectory(paths: Paths): string {
  return join(paths.cacheDirectory, 'repositories')
}

/**
 * Begins to open a repository. Once it resolves, a backup may scan against the local cache, while the password's key is
 * still being derived.
 *
 * @throws {UsageError} BAD_ARGUMENT, BAD_CONFIGURATION
 * @throws {StorageError} NO_REPOSITORY, `transient` where one was opened before, and every failure of the driver.
 * @throws {KeyError} and others of `openRepository`, when the store does not even tell which repository it is.
 */
export async function openSession(request: SessionRequest): Promise<Session> {
  const { paths, workingDirectory } = request
  const question = { given: request.repository, configFile: paths.configFile, workingDirectory }
  const place = await resolveRepository(question)
  try {
    return await openAt(request, place)
  } catch (error) {
    throw awayIfKnown(error, place, paths.cacheDirectory)
  }
}

async function openAt(request: SessionRequest, place: RepositoryPlace): Promise<Session> {
  const { paths, randomness } = request
  const { driver, objects, secret, early, remember } = await takeFirstSteps(request, place, loadRest)
  try {
    const [{ openRepository }, { revisionMemoryIn }, { LocalCache }, { InstanceFile }, { wipe }] = await loadRest()
    const machineKey = openMachineKey(paths.stateDirectory, randomness)
    const directory = cachesDirectory(paths)
    const openCache = (repository: RepositoryId): LocalCache =>
      LocalCache.open({ directory, repository, machineKey, onWarning: request.onProblem })
    const cache = early === undefined ? undefined : openCache(early.repository)
    const repository = openRepository({
      driver,
      secret,
      cache: (id) => (cache !== undefined && id === early?.repository ? cache : openCache(id)),
      instanceStore: new InstanceFile(paths.stateDirectory),
      describeInstance: request.describeInstance,
      clock: request.clock,
      randomness,
      onProblem: request.onProblem,
      keys: {
        objects,
        ...(early?.pending === undefined ? {} : { pending: early.pending }),
        // A new config must rank above all that this machine has seen.
        ...(request.rebuildConfig === true && cache !== undefined ? { memory: revisionMemoryIn(cache) } : {}),
        ...(request.onDerived === undefined ? {} : { onDerived: request.onDerived }),
        rebuildConfig: request.rebuildConfig ?? false,
      },
    }).finally(() => {
      wipe(secret.bytes)
    })
    const journal = new FileRunJournal(paths.stateDirectory, randomness)
    const close = async (): Promise<void> => {
      await repository.then(
        (opened) => {
          opened[Symbol.dispose]()
        },
        () => undefined,
      )
      wipe(machineKey)
      await driver[Symbol.asyncDispose]()
    }
    // Whoever awaits it gets the error; until then it must not end the process.
    repository.then(remember, () => undefined)
    const common = { place, driver, journal, repository, [Symbol.asyncDispose]: close }
    if (early !== undefined && cache !== undefined) return { ...common, repositoryId: early.repository, cache }
    // Nothing in the store told which repository it is: that it cannot be opened is all there is to say.
    const { id } = await repository
    return { ...common, repositoryId: id, cache: openCache(id) }
  } catch (error) {
    await driver[Symbol.asyncDispose]()
    throw error
  }
}

/** All that is loaded while the key is being derived in a thread of its own. */
async function loadRest() {
  return Promise.all([
    import('../repository/repository.ts'),
    import('../repository/revision-memory.ts'),
    import('../repository/local-cache.ts'),
    import('./instance-file.ts'),
    import('../crypto/secret.ts'),
  ])
}
