import { systemClock } from '../base/clock.ts'
import { UsageError } from '../base/errors.ts'
import type { Driver } from '../storage/driver.ts'
import { systemSleep, withRetries } from '../storage/retry.ts'
import type { RateLimits } from '../storage/throttle.ts'
import type { HostKey } from '../service/application/port.ts'
import type { ConfiguredRepository } from '../service/configuration.ts'
import type { CredentialReader } from './configured-secrets.ts'
import type { RecalledTest } from '../service/store-tests.ts'
import type { Environment } from './environment.ts'
import type { SecretContext } from './secrets.ts'

/** What opening stores may take from this machine and its user: drivers look at neither by themselves. */
export interface ProcessSurroundings {
  readonly environment: Environment
  /** Where this installation keeps what it remembers of stores. */
  readonly stateDirectory: string
  /** Asks for what a server wants to know of its user; only when `interactive`. */
  readonly secrets: SecretContext
  /** How much may go to and come from a store. */
  readonly limits: RateLimits
}

/** What opening one store may take. */
export interface DriverSurroundings extends Omit<ProcessSurroundings, 'limits'> {
  /** How much may go to and come from it by now. */
  readonly limits: () => RateLimits
  /** Returns a credential that the configuration has for this store; variables of the environment win over it. */
  readonly credential: CredentialReader
  /** What an earlier test of this store found out, where one did lately. */
  readonly remembered: RecalledTest | undefined
}

/** A kind of store that repositories can be kept in. */
export interface DriverKind {
  readonly name: string
  /** How a user writes where: shown by `driver list`. */
  readonly form: string
  readonly description: string
  /** How often a call is made that fails for a reason which may pass by itself. */
  readonly attempts: number
  readonly handles: (url: string) => boolean
  /** @throws {StorageError} NO_REPOSITORY and others */
  readonly open: (url: string, surroundings: DriverSurroundings) => Promise<Driver>
  /** Makes an empty store. */
  readonly create: (url: string, surroundings: DriverSurroundings) => Promise<void>
  /** Takes the key of a server as known from then on; of kinds whose servers are refused until theirs is. */
  readonly acceptHostKey?: (url: string, key: HostKey, environment: Environment) => Promise<void>
}

/** Two minutes of waiting in all: a server that restarts, or a line that comes back, is waited for. */
const REMOTE_ATTEMPTS = 8
const RETRY_DELAY_MS = 1000

/** Every kind of store, in the order in which they are asked. Their code is loaded when one is used. */
export const DRIVER_KINDS: readonly DriverKind[] = [
  {
    name: 'local',
    form: '/path, file:/path',
    description: 'a folder of this machine',
    attempts: 1,
    handles: (url) => url.startsWith('/'),
    open: async (url) => (await import('../../drivers/local/local-driver.ts')).openLocalDriver({ root: url }),
    create: async (url) => (await import('../../drivers/local/create-store.ts')).createStore(url),
  },
  {
    name: 'external',
    form: 'external:LABEL[/folder]',
    description: 'a removable disk with that label (escapepod by default), wherever it is mounted',
    attempts: 1,
    handles: (url) => /^external:/i.test(url),
    open: async (url, surroundings) => (await import('./open-external.ts')).openExternal(url, surroundings),
    create: async (url, surroundings) => (await import('./open-external.ts')).createExternal(url, surroundings),
  },
  {
    name: 'sftp',
    form: 'sftp://user@host[:port]/path[?identityFile=FILE]',
    description: 'a folder of another machine, over SSH; /~/path is relative to the home there',
    attempts: REMOTE_ATTEMPTS,
    handles: (url) => /^sftp:/i.test(url),
    open: async (url, surroundings) => (await import('./open-sftp.ts')).openSftp(url, surroundings),
    create: async (url, surroundings) => (await import('./open-sftp.ts')).createSftp(url, surroundings),
    acceptHostKey: async (url, key, environment) =>
      (await import('./open-sftp.ts')).acceptSftpHostKey(url, key, environment),
  },
  {
    name: 's3',
    form: 's3://bucket[/prefix][?endpoint=URL&region=R]',
    description: 'a bucket of Amazon S3 or a compatible service, with the credentials of AWS tools',
    attempts: REMOTE_ATTEMPTS,
    handles: (url) => /^s3:/i.test(url),
    open: async (url, surroundings) => (await import('./open-s3.ts')).openS3(url, surroundings),
    create: async (url, surroundings) => (await import('./open-s3.ts')).createS3(url, surroundings),
  },
  {
    name: 'dunesea',
    form: 'dunesea+https://host[:port]/domain',
    description: 'a domain of a DuneSea server, which `tidemark serve dunesea` runs; its token opens it',
    attempts: REMOTE_ATTEMPTS,
    handles: (url) => /^dunesea\+https?:/i.test(url),
    open: async (url, surroundings) => (await import('./open-dunesea.ts')).openDuneSea(url, surroundings),
    create: async (url, surroundings) => (await import('./open-dunesea.ts')).createDuneSea(url, surroundings),
  },
]

/** Where a store is, and with which driver of the user's own, if any. */
export interface StorePlace {
  readonly url: string
  readonly configured: Pick<ConfiguredRepository, 'driver'> | undefined
}

/**
 * Returns the kind of store at a place: of the driver that the configuration names for it, else of the first that handles
 * its URL.
 *
 * @throws {UsageError} BAD_ARGUMENT: there is none.
 */
export function driverKindOf({ url, configured }: StorePlace): DriverKind {
  if (configured?.driver !== undefined) return ownDriverKind(configured.driver)
  const kind = DRIVER_KINDS.find(({ handles }) => handles(url))
  if (kind !== undefined) return kind
  const scheme = url.slice(0, url.indexOf(':') + 1)
  throw new UsageError('BAD_ARGUMENT', `no driver keeps repositories at ${scheme}`, {
    context: { scheme },
    hint: '`tidemark driver list` shows what can stand there; `repo add --driver FILE` names a driver of your own.',
  })
}

/** The driver in a module of the user's. */
function ownDriverKind(file: string): DriverKind {
  return {
    name: 'own',
    form: 'URL',
    description: `what ${file} makes of it`,
    attempts: REMOTE_ATTEMPTS,
    handles: () => true,
    open: async (url, surroundings) => (await import('./own-driver.ts')).openOwnDriver(file, { url, surroundings }),
    create: async (url, surroundings) => (await import('./own-driver.ts')).createOwnStore(file, { url, surroundings }),
  }
}

/**
 * Opens the store at a place, with what its surroundings say of retries and rates.
 *
 * @throws {UsageError} BAD_ARGUMENT
 * @throws {StorageError} NO_REPOSITORY and others
 */
export async function openDriver(place: StorePlace, surroundings: DriverSurroundings): Promise<Driver> {
  const { open, attempts } = driverKindOf(place)
  const driver = await open(place.url, surroundings)
  const retrying = attempts === 1 ? driver : withRetries(driver, { attempts, delayMs: RETRY_DELAY_MS })
  const { limits } = surroundings
  const { upload, download } = limits()
  const isLimited = upload !== undefined || download !== undefined
  // A store elsewhere may be limited while it is used, where the configuration names it.
  if (!isLimited && (attempts === 1 || place.configured === undefined)) return retrying
  const { withThrottle } = await import('../storage/throttle.ts')
  return withThrottle(retrying, { limits, clock: systemClock, sleep: systemSleep })
}
