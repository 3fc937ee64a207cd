import type { Clock } from '../base/clock.ts'
import type { SlotSecret } from '../repository/slot-key.ts'
import type { GivenSecret } from '../service/keys/held-key.ts'
import { type RepositoryPlace, resolveRepository } from '../service/resolve-repository.ts'
import { wasStoreTested } from '../service/store-test-file.ts'
import type { RecalledTest } from '../service/store-tests.ts'
import type { Driver } from '../storage/driver.ts'
import { ConfiguredLimits } from './configured-limits.ts'
import { configuredPassword, credentialsOf } from './configured-secrets.ts'
import type { CliContext } from './context.ts'
import { type DriverSurroundings, openDriver } from './drivers.ts'
import { openingSecret, type SecretContext } from './secrets.ts'

/** Finds out which repository is meant: the one that `given` names, else the one of the command line. */
export async function placeOf(
  { paths, repository, workingDirectory }: CliContext,
  given: string | undefined,
): Promise<RepositoryPlace> {
  return resolveRepository({ given: given ?? repository, configFile: paths.configFile, workingDirectory })
}

/** Opens the store of the repository that the command line names; a password is asked for only where it opens credentials. */
export async function openStore(context: CliContext): Promise<Driver> {
  const place = await placeOf(context, undefined)
  return openDriver(place, await surroundingsOf(context, place))
}

/** Returns what opens the repository at `place`; the caller wipes it. */
export async function secretOf(context: SecretContext, place: RepositoryPlace): Promise<SlotSecret> {
  return openingSecret(context, place.url, configuredPassword(place))
}

/**
 * Returns what the store at `place` may take: what the configuration says of it, unless options or the environment say
 * otherwise.
 *
 * @param password returns what opens the repository, for sealed credentials; wiped here.
 * @throws {KeyError} as `credentialsOf`
 */
export async function surroundingsOf(
  { surroundings, clock, paths }: Pick<CliContext, 'surroundings' | 'clock' | 'paths'>,
  place: RepositoryPlace,
  password: () => Promise<GivenSecret> = () => secretOf(surroundings.secrets, place),
): Promise<DriverSurroundings> {
  const { limits: given, secrets } = surroundings
  const { configFile } = paths
  const { configured: repository } = place
  const { warn } = secrets
  const limits = repository && new ConfiguredLimits({ given, configFile, repository, clock, warn })
  return {
    ...surroundings,
    limits: () => limits?.current() ?? given,
    remembered: await recalled(place.url, { clock, stateDirectory: surroundings.stateDirectory }),
    credential: await credentialsOf(surroundings.secrets, place, password),
  }
}

/** Of a folder nothing is remembered that would change how it is used: those who use one wait for no more code. */
async function recalled(
  url: string,
  { clock, stateDirectory }: { readonly clock: Clock; readonly stateDirectory: string },
): Promise<RecalledTest | undefined> {
  if (url.startsWith('/') || !wasStoreTested(stateDirectory, url)) return undefined
  const { recallStoreTest } = await import('../service/store-tests.ts')
  return recallStoreTest(stateDirectory, url, clock.nowMs())
}
