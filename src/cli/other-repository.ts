import type { RepositoryPlace } from '../service/resolve-repository.ts'
import { configuredPassword } from './configured-secrets.ts'
import type { CliContext } from './context.ts'
import type { SecretVariables } from './secret-variables.ts'

/** What a command's own options and variables say of how another repository is opened. */
export type OtherSecrets = Partial<Pick<SecretVariables, 'password' | 'passwordFile' | 'passwordCommand' | 'keyFile'>>

const NOTHING_SAID = {
  password: undefined,
  passwordFile: undefined,
  passwordCommand: undefined,
  keyFile: undefined,
  recoveryCode: undefined,
} as const satisfies Partial<SecretVariables>

/**
 * Returns the context in which a repository at `place` is opened beside the one that the command line names: with what was
 * handed over for it or `said` of it, else with what the configuration says of it, else with what opens the first one.
 */
export function contextOfOther<Context extends Pick<CliContext, 'secrets'>>(
  context: Context,
  place: RepositoryPlace,
  said: OtherSecrets,
): Context {
  const isSaid = Object.values(said).some((value) => value !== undefined)
  const { secrets } = context
  const { inheritedOfOther: inherited } = secrets
  if (inherited === undefined && !isSaid && configuredPassword(place) === undefined) return context
  const variables = { ...secrets.variables, ...NOTHING_SAID, ...said }
  return { ...context, secrets: { ...secrets, variables, inherited } }
}
