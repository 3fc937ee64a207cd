import type { CareContext } from '../engine/care-types.ts'
import type { CliContext } from './context.ts'
import { openSession, type SessionOptions } from './open-session.ts'
import { toolVersion } from './version.ts'

/** What looking after a repository stands on. Disposing of it closes the repository and ends the threads. */
export interface OpenCare extends AsyncDisposable {
  readonly care: CareContext
}

/** Opens the repository that the command line names, to be looked after. */
export async function openCare(context: CliContext, options: SessionOptions = {}): Promise<OpenCare> {
  const { clock, randomness } = context
  const session = await openSession(context, undefined, options)
  try {
    const [{ WorkerPool }, { systemScheduler }, repository] = await Promise.all([
      import('../engine/workers/worker-pool.ts'),
      import('../repository/run-object.ts'),
      session.repository,
    ])
    const workers = new WorkerPool()
    const tool = `tidemark ${toolVersion()}`
    const care = { repository, cache: session.cache, workers, clock, randomness, scheduler: systemScheduler, tool }
    return {
      care,
      [Symbol.asyncDispose]: async () => {
        await workers[Symbol.asyncDispose]()
        await session[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw error
  }
}
