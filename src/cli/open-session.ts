import { openSession as openServiceSession, type Session } from '../service/session.ts'
import type { CliContext } from './context.ts'
import { openDriver } from './drivers.ts'
import { describeInstance } from './instance-description.ts'
import { describeProblem } from './report-error.ts'
import { openingSecret } from './secrets.ts'

/** Begins to open the repository that the command line names, or `repository`. Disposing of it is the caller's. */
export async function openSession(context: CliContext, repository = context.repository): Promise<Session> {
  const { clock, output, paths, randomness, secrets, workingDirectory } = context
  return openServiceSession({
    repository,
    workingDirectory,
    paths,
    clock,
    randomness,
    openDriver: (url) => openDriver(url, context.surroundings),
    secret: (location) => openingSecret(secrets, location),
    describeInstance,
    onProblem: (problem) => {
      output.warning(describeProblem(problem))
    },
  })
}
