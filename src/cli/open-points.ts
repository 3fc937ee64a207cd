import type { PointChain } from '../repository/point-chain.ts'
import type { Repository } from '../repository/repository.ts'
import type { CliContext } from './context.ts'
import { openSession } from './open-session.ts'
import { describeProblem } from './report-error.ts'

/** A repository with its points. Disposing of it closes the repository. */
export interface OpenPoints extends AsyncDisposable {
  readonly repository: Repository
  readonly points: PointChain
}

/**
 * Opens the repository and loads its points; what is suspicious about them is told. `forReading`: trees of one will be
 * read, so the index is loaded at the same time.
 */
export async function openPoints(context: CliContext, { forReading = false } = {}): Promise<OpenPoints> {
  const session = await openSession(context)
  try {
    const repository = await session.repository
    const { signal } = context
    const points = await (forReading ? repository.chainAndIndex(signal) : repository.chain({ signal }))
    for (const alarm of points.alarms) context.output.warning(describeProblem(alarm))
    const close = async (): Promise<void> => {
      await session[Symbol.asyncDispose]()
    }
    return { repository, points, [Symbol.asyncDispose]: close }
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw error
  }
}
