import { EventEmitter } from 'node:events'
import { byteStringOf } from '../../src/base/byte-string.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { PointId } from '../../src/base/ids.ts'
import { chooseSource } from '../../src/cli/backup-source.ts'
import { choosePoint } from '../../src/cli/choose-point.ts'
import { type CliContext, createContext } from '../../src/cli/context.ts'
import { keepForUndo } from '../../src/cli/keep-for-undo.ts'
import { openPlace } from '../../src/cli/open-place.ts'
import { openSession } from '../../src/cli/open-session.ts'
import { takeSecretVariables } from '../../src/cli/secret-variables.ts'
import { backup } from '../../src/engine/backup.ts'
import type { CareContext, RetentionPolicy } from '../../src/engine/care-types.ts'
import { forget } from '../../src/engine/forget/forget.ts'
import { openPointView } from '../../src/engine/point-view.ts'
import { restore } from '../../src/engine/restore/restore.ts'
import type { RestoreOptions } from '../../src/engine/restore-types.ts'
import { lastUndoPoint, openUndo, undoRestore } from '../../src/engine/undo/undo.ts'
import { careBasis } from './care-fixture.ts'
import type { CliPlace } from './cli.ts'
import { sharedPool } from './engine-fixture.ts'

const neverAborted = new AbortController().signal

/**
 * What the user of a place does without starting the program: with the same home, cache, instance and repository, which is
 * opened each time as another process would open it. Nothing that fails is swallowed.
 */
export class UserHere {
  readonly #context: CliContext

  constructor(place: CliPlace) {
    const environment = { ...place.environment }
    const variables = takeSecretVariables(environment)
    // What ends this process is not for the user's commands to take.
    this.#context = createContext({ environment, variables, flags: { progress: false }, signals: new EventEmitter() })
  }

  /** Opens the repository for `act`, to be looked after. */
  async care<T>(act: (care: CareContext) => Promise<T>): Promise<T> {
    await using session = await openSession(this.#context)
    const { cache } = session
    return await act({ ...careBasis(), clock: systemClock, cache, repository: await session.repository })
  }

  /** Backs up a folder. */
  async backup(folder: string, { tag }: { readonly tag: string }): Promise<void> {
    const { source } = await chooseSource(this.#context, [folder], {})
    await using session = await openSession(this.#context)
    const { repository, repositoryId, cache, journal } = session
    const context = { ...careBasis(), clock: systemClock, repository, repositoryId, cache, journal }
    const options = { full: false, tags: [tag], description: '', dryRun: false, strict: true }
    await backup(context, source, options, { trouble: failOn, warning: failOn }, neverAborted)
  }

  /** Restores `POINT:/PATH` into a folder; with `keepsUndo`, returns the point that takes it back. */
  async restore(place: string, { target, keepsUndo = false, ...wanted }: WantedRestore): Promise<PointId | undefined> {
    await using opened = await openPlace(this.#context, place, {})
    const { point, path, repository } = opened
    const workers = sharedPool()
    const how = { delete: false, verify: false, include: [], exclude: [], overwrite: 'always', ...wanted } as const
    const options: RestoreOptions = { ...how, path, target: byteStringOf(target) }
    const undo = keepsUndo ? await keepForUndo(this.#context, { opened, workers, options }, failOn) : undefined
    // A run that makes a point lets the index go that this was opened with.
    const view = openPointView(await repository.blobs(), point.record.parts)
    await restore({ view, repository, workers, options, events: { failure: failOn } })
    return undo
  }

  /** Takes a restore back: the last one, or the one that `point` was made before. */
  async undo(point?: string): Promise<void> {
    await this.care(async (care) => {
      const { repository } = care
      const made = point === undefined ? await lastUndoPoint(repository) : await choosePoint(repository, { point }, {})
      const undo = await openUndo(repository, made)
      await undoRestore(care, { undo, keepsUndo: true }, { failure: failOn }, neverAborted)
    })
  }

  /** Forgets what a policy does not keep. */
  async forget(policy: RetentionPolicy): Promise<void> {
    const request = { policy, timeZone: 'UTC', allInstances: false }
    const options = { dryRun: false, estimate: false } as const
    await this.care(async (care) => forget(care, request, options, { warning: failOn }, neverAborted))
  }
}

export interface WantedRestore extends Partial<Pick<RestoreOptions, 'overwrite' | 'delete'>> {
  readonly target: string
  readonly keepsUndo?: boolean
}

/** What is told here is a failure: nothing but the one user is at work. */
function failOn(told: unknown): never {
  throw new Error('something was told where nothing should be wrong', { cause: told })
}
