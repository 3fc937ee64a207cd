import { KeyError } from '../base/errors.ts'
import { openSession as openServiceSession, type Session, type SessionRequest } from '../service/session.ts'
import type { CliContext } from './context.ts'
import { openDriver } from './drivers.ts'
import { describeInstance } from './instance-description.ts'
import { OneSecret } from './one-secret.ts'
import { secretOf, surroundingsOf } from './open-store.ts'
import { describeProblem } from './report-error.ts'

/** What commands that repair ask for. */
export type SessionOptions = Partial<Pick<SessionRequest, 'rebuildConfig' | 'onProblem'>>

/** How often a person may mistype. */
const ATTEMPTS_MAX = 3

/**
 * Begins to open the repository that the command line names, or `repository`. Disposing of it is the caller's.
 *
 * A wrong password that was typed is asked for again; one out of the environment fails when the repository is opened.
 */
export async function openSession(
  context: CliContext,
  repository = context.repository,
  options: SessionOptions = {},
): Promise<Session> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openOnce(context, repository, options)
    } catch (error) {
      if (!(error instanceof MistypedPassword)) throw error
      if (attempt === ATTEMPTS_MAX) throw error.cause
      context.output.error(`tidemark: ${error.message}`)
    }
  }
}

/** A password that was typed is wrong. */
class MistypedPassword extends Error {
  constructor(cause: KeyError) {
    super(cause.message, { cause })
  }
}

async function openOnce(
  context: CliContext,
  repository: string | undefined,
  options: SessionOptions,
): Promise<Session> {
  const { clock, output, paths, randomness, secrets, workingDirectory } = context
  let isTyped = false
  const ask = (question: string): Promise<Uint8Array> => {
    isTyped = true
    return secrets.ask(question)
  }
  using secret = new OneSecret((place) => secretOf({ ...secrets, ask }, place))
  const session = await openServiceSession({
    repository,
    workingDirectory,
    paths,
    clock,
    randomness,
    openDriver: async (place) => openDriver(place, await surroundingsOf(context, place, () => secret.of(place))),
    secret: (place) => secret.of(place),
    describeInstance,
    onProblem: (problem) => {
      output.warning(describeProblem(problem))
    },
    ...options,
  }).catch((error: unknown) => {
    // What the password did not open were credentials sealed with it.
    throw isTyped && isWrongPassword(error) ? new MistypedPassword(error) : error
  })
  if (!isTyped) return session
  try {
    // Nothing else is begun before it is known whether it must be asked for again.
    await session.repository
    return session
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw isWrongPassword(error) ? new MistypedPassword(error) : error
  }
}

function isWrongPassword(error: unknown): error is KeyError {
  return error instanceof KeyError && error.code === 'WRONG_PASSWORD'
}
