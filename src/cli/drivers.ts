import { systemClock } from '../base/clock.ts'
import { UsageError } from '../base/errors.ts'
import type { Driver } from '../storage/driver.ts'
import { systemSleep, withRetries } from '../storage/retry.ts'
import type { RateLimits } from '../storage/throttle.ts'
import type { Environment } from './environment.ts'
import type { SecretContext } from './secrets.ts'

/** What opening a store may take from this machine and its user: drivers look at neither by themselves. */
export interface DriverSurroundings {
  readonly environment: Environment
  /** Where this installation keeps what it remembers of stores. */
  readonly stateDirectory: string
  /** Asks for what a server wants to know of its user; only when `interactive`. */
  readonly secrets: Pick<SecretContext, 'variables' | 'interactive' | 'ask'>
  /** How much may go to and come from a store. */
  readonly limits: RateLimits
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
    form: 'sftp://user@host[:port]/path',
    description: 'a folder of another machine, over SSH; /~/path is relative to the home there',
    attempts: REMOTE_ATTEMPTS,
    handles: (url) => /^sftp:/i.test(url),
    open: async (url, surroundings) => (await import('./open-sftp.ts')).openSftp(url, surroundings),
    create: async (url, surroundings) => (await import('./open-sftp.ts')).createSftp(url, surroundings),
  },
  {
    name: 's3',
    form: 's3://bucket[/prefix][?endpoint=URL&region=R]',
    description: 'a bucket of Amazon S3 or a compatible service, with the credentials of AWS tools',
    attempts: REMOTE_ATTEMPTS,
    handles: (url) => /^s3:/i.test(url),
    open: async (url) => (await import('./open-s3.ts')).openS3(url),
    create: async (url) => (await import('./open-s3.ts')).createS3(url),
  },
]

/**
 * Returns the kind of store at `url`.
 *
 * @throws {UsageError} BAD_ARGUMENT: there is none.
 */
export function driverKindOf(url: string): DriverKind {
  const kind = DRIVER_KINDS.find(({ handles }) => handles(url))
  if (kind !== undefined) return kind
  const scheme = url.slice(0, url.indexOf(':') + 1)
  throw new UsageError('BAD_ARGUMENT', `no driver keeps repositories at ${scheme}`, {
    context: { scheme },
    hint: '`tidemark driver list` shows what can stand there.',
  })
}

/**
 * Opens the store at `url`.
 *
 * @throws {UsageError} BAD_ARGUMENT
 * @throws {StorageError} NO_REPOSITORY and others
 */
export async function openDriver(url: string, surroundings: DriverSurroundings): Promise<Driver> {
  const { open, attempts } = driverKindOf(url)
  const driver = await open(url, surroundings)
  const retrying = attempts === 1 ? driver : withRetries(driver, { attempts, delayMs: RETRY_DELAY_MS })
  const { limits } = surroundings
  if (limits.upload === undefined && limits.download === undefined) return retrying
  const { withThrottle } = await import('../storage/throttle.ts')
  return withThrottle(retrying, { limits, clock: systemClock, sleep: systemSleep })
}
