import type { Clock } from '../../base/clock.ts'
import { StorageError, UsageError } from '../../base/errors.ts'
import { MountAnswers } from '../../base/posix/mount-answers.ts'
import type { Randomness } from '../../base/random.ts'
import type { NewInstance } from '../../repository/instance-key.ts'
import type { Driver } from '../../storage/driver.ts'
import { type Configuration, readConfiguration } from '../configuration.ts'
import type { Paths } from '../directories.ts'
import { type GivenSecret, openingKeyOf } from '../keys/held-key.ts'
import { normalizeLocation, type RepositoryPlace } from '../resolve-repository.ts'
import { openSession, type Session } from '../session.ts'
import { KnownRepository } from './known-repository.ts'
import type { HostKey } from './port.ts'

/** The stores of this program, as the composition root knows them. */
export interface Stores {
  /** Returns what the driver of a place is called. @throws {UsageError} BAD_ARGUMENT: there is none. */
  driverName(place: RepositoryPlace): string
  /** @param password returns what opens the repository, for credentials sealed with it; the store wipes it. */
  open(place: RepositoryPlace, password: () => Promise<GivenSecret>): Promise<Driver>
  /** As `open`, without retries: what fails now and then is to be seen. */
  openToTest(place: RepositoryPlace, password: () => Promise<GivenSecret>): Promise<Driver>
  /** Makes an empty store. */
  create(place: RepositoryPlace, password: () => Promise<GivenSecret>): Promise<void>
  /** Takes the key of a server as known from then on, unless another one is known. @throws {StorageError} STORE_DENIED */
  acceptHostKey(place: RepositoryPlace, key: HostKey): Promise<void>
}

export interface RepositoriesOptions {
  readonly paths: Paths
  readonly workingDirectory: string
  /** A repository that was named when the program was started, and need not stand in the configuration. */
  readonly given: string | undefined
  readonly clock: Clock
  readonly randomness: Randomness
  readonly after: (ms: number, act: () => void) => () => void
  readonly stores: Stores
  readonly givenSecret: (place: RepositoryPlace) => Promise<GivenSecret | undefined>
  readonly describeInstance: () => NewInstance
  readonly onChange: () => void
}

/** The repositories of the configuration, as it is now; each is opened when it is first used. */
export class Repositories implements AsyncDisposable {
  readonly #options: RepositoriesOptions
  readonly #known = new Map<string, KnownRepository>()
  #default: string | undefined

  constructor(options: RepositoriesOptions) {
    this.#options = options
  }

  /** The one that is used when none is named. */
  get default(): string | undefined {
    return this.#default
  }

  /** Returns all, by name, in the order of the configuration. @throws {UsageError} BAD_CONFIGURATION */
  async all(): Promise<ReadonlyMap<string, KnownRepository>> {
    const places = await this.#places()
    for (const [name, known] of this.#known) {
      const place = places.get(name)
      if (place !== undefined && identityOf(place) === identityOf(known.place)) {
        known.place = place
        continue
      }
      this.#known.delete(name)
      await known[Symbol.asyncDispose]()
    }
    for (const [name, place] of places) if (!this.#known.has(name)) this.#known.set(name, this.#make(place))
    return new Map([...places.keys()].flatMap((name) => this.#entry(name)))
  }

  /** @throws {UsageError} BAD_ARGUMENT: there is none of that name; BAD_CONFIGURATION */
  async get(name: string): Promise<KnownRepository> {
    const known = this.#known.get(name) ?? (await this.all()).get(name)
    if (known !== undefined) return known
    throw new UsageError('BAD_ARGUMENT', `no repository is called "${name}"`, {
      hint: 'It was removed from the configuration.',
    })
  }

  /** Returns one that is not in the configuration (yet); disposing of it is the caller's. */
  make(place: RepositoryPlace): KnownRepository {
    return this.#make(place)
  }

  /** Returns one that was asked for before, by its name or its location. */
  find(nameOrUrl: string): KnownRepository | undefined {
    return this.#known.get(nameOrUrl) ?? [...this.#known.values()].find(({ place }) => place.url === nameOrUrl)
  }

  /** Those that were asked for so far. */
  get known(): Iterable<KnownRepository> {
    return this.#known.values()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#known.values(), (known) => known[Symbol.asyncDispose]()))
    this.#known.clear()
  }

  #entry(name: string): [string, KnownRepository][] {
    const known = this.#known.get(name)
    return known === undefined ? [] : [[name, known]]
  }

  async #places(): Promise<Map<string, RepositoryPlace>> {
    const { paths, given } = this.#options
    const configuration = await readConfiguration(paths.configFile)
    const places = new Map<string, RepositoryPlace>(
      Array.from(configuration.repositories, ([name, configured]) => {
        return [name, { name, url: normalizeLocation(configured.url, '/'), configured }]
      }),
    )
    const other = given === undefined ? undefined : this.#otherPlace(given, configuration)
    if (other !== undefined) places.set(other.url, other)
    this.#default = other?.url ?? (given !== undefined && places.has(given) ? given : configuration.default)
    return places
  }

  /** Where `given` is no name of the configuration. */
  #otherPlace(given: string, configuration: Configuration): RepositoryPlace | undefined {
    if (configuration.repositories.has(given)) return undefined
    const url = normalizeLocation(given, this.#options.workingDirectory)
    const isKnown = [...configuration.repositories.values()].some((each) => normalizeLocation(each.url, '/') === url)
    return isKnown ? undefined : { name: undefined, url, configured: undefined }
  }

  #make(place: RepositoryPlace): KnownRepository {
    const { clock, after, givenSecret, onChange } = this.#options
    const open = (to: RepositoryPlace, secret: () => Promise<GivenSecret>): Promise<Session> => this.#open(to, secret)
    return new KnownRepository({ place, clock, after, givenSecret, onChange, open })
  }

  #open(place: RepositoryPlace, secret: () => Promise<GivenSecret>): Promise<Session> {
    const { paths, workingDirectory, clock, randomness, stores, describeInstance } = this.#options
    return openSession({
      repository: place.name ?? place.url,
      workingDirectory,
      paths,
      clock,
      randomness,
      // One that is being added says more than the configuration does yet.
      openDriver: async () => {
        await requireAnswer(place)
        return stores.open(place, secret)
      },
      secret: async () => openingKeyOf(await secret()),
      describeInstance,
      // What matters of it is among the alarms of the points, and found by `check`.
      onProblem: () => undefined,
    })
  }
}

/** A folder of a mount that does not answer would take one thread of this process for each try. */
async function requireAnswer({ url }: RepositoryPlace): Promise<void> {
  if (!url.startsWith('/') || (await new MountAnswers().reaches(url))) return
  throw new StorageError('STORE_UNAVAILABLE', `what ${url} lies on does not answer`, {
    retry: 'transient',
    context: { path: url },
    hint: 'Look whether what is mounted there is still served.',
  })
}

/** Returns text that is equal where the same is said of what lies at a place, and of what opens it: its limits are none of that. */
function identityOf({ configured, ...place }: RepositoryPlace): string {
  const said = { ...place, configured: configured && { ...configured, limits: undefined } }
  return JSON.stringify(said, (_, value: unknown) => (value instanceof Map ? [...value] : value))
}
