import { KeyError } from '../base/errors.ts'
import type { GivenSecret } from '../service/keys/held-key.ts'
import type { RepositoryPlace } from '../service/resolve-repository.ts'
import { openSession as openServiceSession, type Session, type SessionRequest } from '../service/session.ts'
import { configuredPassword, type CredentialReader } from './configured-secrets.ts'
import type { CliContext } from './context.ts'
import { daemonKeyOf, forgetDaemonKey, type UsedDaemonKey } from './daemon-key.ts'
import { openDriver } from './drivers.ts'
import { describeInstance } from './instance-description.ts'
import { OneSecret } from './one-secret.ts'
import { secretOf, surroundingsOf } from './open-store.ts'
import { describeProblem } from './report-error.ts'
import { isSecretGiven } from './secrets.ts'

/** What commands that repair, and those that unlock, ask for. */
export interface SessionOptions extends Partial<Pick<SessionRequest, 'rebuildConfig' | 'onProblem' | 'onDerived'>> {
  /** An unlocked daemon is not asked. */
  readonly withoutDaemon?: boolean
  /** Is given what reads the credentials of the store. */
  readonly onCredentials?: (read: CredentialReader) => void
}

/** How often a person may mistype. */
const ATTEMPTS_MAX = 3

/**
 * Begins to open the repository that the command line names, or `repository`. Disposing of it is the caller's.
 *
 * A wrong password that was typed is asked for again; one out of the environment fails when the repository is opened. What
 * an unlocked daemon keeps and what opens it no more is forgotten.
 */
export async function openSession(
  context: CliContext,
  repository = context.repository,
  given: SessionOptions = {},
): Promise<Session> {
  let options = given
  for (let attempt = 1; ;) {
    try {
      return await openOnce(context, repository, options)
    } catch (error) {
      if (error instanceof OutdatedKey) {
        context.output.warning(describeProblem(error.cause))
        await forgetDaemonKey(context, error.used)
        options = { ...options, withoutDaemon: true }
        continue
      }
      if (!(error instanceof MistypedPassword)) throw error
      if (attempt === ATTEMPTS_MAX) throw error.cause
      context.output.error(`tidemark: ${error.message}`)
      attempt++
    }
  }
}

/** A password that was typed is wrong. */
class MistypedPassword extends Error {
  constructor(cause: KeyError) {
    super(cause.message, { cause })
  }
}

/** What the daemon keeps was made with a password that has been changed since. */
class OutdatedKey extends Error {
  readonly used: UsedDaemonKey

  constructor(cause: KeyError, used: UsedDaemonKey) {
    super(cause.message, { cause })
    this.used = used
  }
}

/** Where what opens a repository has come from, where that makes a difference. */
interface Origin {
  isTyped: boolean
  daemon: UsedDaemonKey | undefined
}

async function openOnce(
  context: CliContext,
  repository: string | undefined,
  { withoutDaemon, onCredentials, ...options }: SessionOptions,
): Promise<Session> {
  const { clock, output, paths, randomness, workingDirectory } = context
  const origin: Origin = { isTyped: false, daemon: undefined }
  using secret = new OneSecret(async (place) => askFor(context, place, { origin, withoutDaemon }))
  const session = await openServiceSession({
    repository,
    workingDirectory,
    paths,
    clock,
    randomness,
    openDriver: async (place) => {
      const surroundings = await surroundingsOf(context, place, () => secret.of(place))
      onCredentials?.(surroundings.credential)
      return openDriver(place, surroundings)
    },
    secret: (place) => secret.openingKey(place),
    isSecretAtHand: (place) => isSecretGiven(context.secrets) || configuredPassword(place) !== undefined,
    describeInstance,
    onProblem: (problem) => {
      output.warning(describeProblem(problem))
    },
    ...options,
  }).catch((error: unknown) => {
    // What the password did not open were credentials sealed with it.
    throw explained(error, origin)
  })
  if (!origin.isTyped && origin.daemon === undefined) return session
  try {
    // Nothing else is begun before it is known whether something else must be asked for.
    await session.repository
    return session
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw explained(error, origin)
  }
}

async function askFor(
  context: CliContext,
  place: RepositoryPlace,
  { origin, withoutDaemon }: { readonly origin: Origin; readonly withoutDaemon: boolean | undefined },
): Promise<GivenSecret> {
  const held = withoutDaemon === true ? undefined : await daemonKeyOf(context, place)
  if (held !== undefined) {
    origin.daemon = { location: place.url, slot: held.slot }
    return held
  }
  const { secrets } = context
  const ask = (question: string): Promise<Uint8Array> => {
    origin.isTyped = true
    return secrets.ask(question)
  }
  return secretOf({ ...secrets, ask }, place)
}

/** Returns the failure as what follows from it. */
function explained(error: unknown, { isTyped, daemon }: Origin): unknown {
  if (!(error instanceof KeyError)) return error
  if (isTyped && error.code === 'WRONG_PASSWORD') return new MistypedPassword(error)
  // WRONG_KEY: a credential was sealed since, which the daemon was not given.
  if (daemon !== undefined && ['UNKNOWN_SLOT', 'WRONG_KEY'].includes(error.code)) return new OutdatedKey(error, daemon)
  return error
}
