import { present } from '../../base/assert.ts'
import { type ByteString, byteStringOf } from '../../base/byte-string.ts'
import type { Clock } from '../../base/clock.ts'
import { StorageError, TidemarkError, UsageError } from '../../base/errors.ts'
import type { Randomness } from '../../base/random.ts'
import type { KdfParameters } from '../../crypto/kdf.ts'
import { wipe } from '../../crypto/secret.ts'
import { parseRecoveryCode } from '../../format/recovery-code.ts'
import { decodeKeyFile } from '../../repository/key-file.ts'
import { compareCreated, type PointInfo } from '../../repository/point-info.ts'
import { passwordOf, type SlotSecret } from '../../repository/slot-key.ts'
import { addRepository, readConfiguration, removeRepository } from '../configuration.ts'
import type { Paths } from '../directories.ts'
import { locationMistake } from '../repository-location.ts'
import { normalizeLocation, type RepositoryPlace } from '../resolve-repository.ts'
import { readSecretFile } from '../secret-file.ts'
import { sealCredential } from '../sealed-secret.ts'
import type { SecretKind, SecretSource } from '../secret-source.ts'
import type { Driver } from '../../storage/driver.ts'
import { isSafeStore } from '../../storage/probe-meanings.ts'
import { recallStoreTest } from '../store-tests.ts'
import { isRepositoryName } from '../repository-name.ts'
import { createWithRecovery } from './add-repository.ts'
import type { KnownRepository } from './known-repository.ts'
import { sharesDisk } from './places.ts'
import type { RepositoryForm, TypedCredential, TypedSecret } from './port.ts'
import type { Repositories, Stores } from './repositories.ts'
import { PointDetails, showPoint, sizesOf } from './show-point.ts'
import type { PointData, RepositoryData, SizePoint } from './shown.ts'
import { shownText } from './shown-text.ts'

const NO_LIMITS = { upload: undefined, download: undefined }

export interface RepositoryDeskOptions {
  readonly repositories: Repositories
  readonly stores: Stores
  readonly paths: Paths
  readonly clock: Clock
  readonly randomness: Randomness
  /** For passwords of new repositories. */
  readonly kdf: KdfParameters
  /** Told of what `list` returns otherwise than before, but for the state of each. */
  readonly onChange: () => void
}

/** Points of a repository, and what is suspicious about its records. */
export interface KnownPoints {
  /** In the order of their making. */
  readonly points: readonly PointData[]
  /** Those of them that were not made before a restore, of what that was about to overwrite. */
  readonly backups: readonly PointData[]
  readonly alarms: readonly string[]
  /** Whether the repository lies on the disk of what it keeps. */
  readonly sharesDisk: boolean
}

/** What faces ask of repositories as a whole. */
export class RepositoryDesk {
  readonly #options: RepositoryDeskOptions
  readonly #details = new PointDetails()
  /** By name: whether the repository lies on the disk of what it keeps, as its last points say. */
  readonly #sharesDisk = new Map<string, boolean>()

  readonly #asked = new Map<string, Promise<KnownPoints>>()

  constructor(options: RepositoryDeskOptions) {
    this.#options = options
  }

  async get(name: string): Promise<KnownRepository> {
    return this.#options.repositories.get(name)
  }

  /** Returns all; those that something is there to open with begin to be opened. */
  async list(): Promise<RepositoryData[]> {
    const { repositories, stores } = this.#options
    const all = await repositories.all()
    return Array.from(all, ([name, known]) => {
      known.wake()
      return {
        name,
        url: shownText(known.place.url),
        driver: driverName(stores, known.place),
        isDefault: name === repositories.default,
        state: known.state,
        sharesDisk: this.#sharesDisk.get(name),
        lastTest: this.#lastTest(known.place.url),
      }
    })
  }

  #lastTest(url: string): RepositoryData['lastTest'] {
    const { paths, clock } = this.#options
    try {
      const test = recallStoreTest(paths.stateDirectory, url, clock.nowMs())
      return test && { atMs: test.testedMs, isSafe: isSafeStore(test.report.checks) }
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      // What is not known of a test keeps nobody from the repository.
      return undefined
    }
  }

  /** Adds one to the configuration, after it was made or opened; returns the recovery code of a new one. */
  async add(form: RepositoryForm, secret: SlotSecret, signal: AbortSignal): Promise<string | undefined> {
    const { repositories, paths, stores } = this.#options
    const held = { kind: secret.kind, bytes: secret.bytes.slice() }
    try {
      const place = await this.#newPlace(form, secret)
      if (form.acceptedKey !== undefined) await stores.acceptHostKey(place, form.acceptedKey)
      const code = form.create ? await this.#create(place, secret, signal) : undefined
      if (!form.create) {
        await this.#tryOut(place, secret)
        signal.throwIfAborted()
      }
      // What was made is added, though nobody may wait for it any more: whoever looks finds it, and opens it with his password.
      const secrets = place.configured?.secrets ?? new Map<never, never>()
      await addRepository(paths.configFile, { name: form.name, url: form.url, makeDefault: false, secrets })
      await repositories.all()
      const known = await repositories.get(form.name)
      await known.unlock({ kind: held.kind, bytes: held.bytes.slice() }).catch((error: unknown) => {
        // Its state says why it does not open now, and the code is told only here.
        if (code === undefined || !(error instanceof TidemarkError)) throw error
      })
      return code
    } finally {
      wipe(held.bytes, secret.bytes)
    }
  }

  /** Takes one out of the configuration. */
  async remove(name: string): Promise<void> {
    await removeRepository(this.#options.paths.configFile, name)
    await this.#options.repositories.all()
  }

  /** Forgets the keys of all. */
  lock(): void {
    for (const known of this.#options.repositories.known) known.lock()
  }

  /** Returns the points as they are now; who asks while another one does hears the same. */
  async points(name: string): Promise<KnownPoints> {
    const asked = this.#asked.get(name)
    if (asked !== undefined) return asked
    const points = this.#loadPoints(name).finally(() => this.#asked.delete(name))
    this.#asked.set(name, points)
    return points
  }

  async #loadPoints(name: string): Promise<KnownPoints> {
    const known = await this.get(name)
    return known.use(async ({ repository, trees }) => {
      const chain = await repository.chain({ reload: true })
      const sorted = chain.points.toSorted(compareCreated)
      const details = repository.keyRing.full
        ? await this.#details.of(trees, sorted, this.#options.clock.nowMs())
        : new Map<never, never>()
      const points = sorted.map((info) => showPoint(info, chain, details.get(info.object)))
      known.countPoints(points.length)
      const isBackup = ({ record }: PointInfo): boolean => record.undo === undefined
      const newest = new Map(sorted.filter(isBackup).map(({ record, object }) => [record.chain, details.get(object)]))
      // Whoever uses this machine by now: an instance is new after all of a home was lost.
      const here = [...newest.values()].filter((detail) => detail?.host === repository.instance.host)
      const sources = here.flatMap((detail) => detail?.sources ?? [])
      const backups = points.filter((_, i) => isBackup(present(sorted[i], 'the point that is shown')))
      const isShared = await this.#noteDisk(name, known.place, sources)
      return { points, backups, sharesDisk: isShared, alarms: chain.alarms.map(({ message }) => shownText(message)) }
    })
  }

  async sizes(name: string): Promise<SizePoint[]> {
    const known = await this.get(name)
    const [{ points }, packBytes] = await Promise.all([
      this.points(name),
      known.use(({ repository }) => packBytesOf(repository.driver)),
    ])
    return sizesOf(points, packBytes)
  }

  async #noteDisk(name: string, { url }: RepositoryPlace, sources: readonly string[]): Promise<boolean> {
    const isShared = url.startsWith('/') && (await sharesDisk(byteStringOf(url), sources as ByteString[]))
    const before = this.#sharesDisk.get(name)
    this.#sharesDisk.set(name, isShared)
    if (isShared !== before) this.#options.onChange()
    return isShared
  }

  async #newPlace({ name, url, credentials = [] }: RepositoryForm, secret: SlotSecret): Promise<RepositoryPlace> {
    if (!isRepositoryName(name)) {
      throw new UsageError('BAD_ARGUMENT', `"${shownText(name)}" cannot be the name of a repository`, {
        hint: 'Use letters, digits, ".", "_" and "-", at most 64.',
        context: { field: 'name' },
      })
    }
    const mistake = locationMistake(url)
    if (mistake !== undefined) {
      throw new UsageError('BAD_ARGUMENT', mistake, { hint: 'Go back, and say anew where the repository lies.' })
    }
    const { repositories } = await readConfiguration(this.#options.paths.configFile)
    if (repositories.has(name)) {
      throw new UsageError('BAD_ARGUMENT', `there is a repository called "${name}" already`, {
        hint: 'Choose another name.',
        context: { field: 'name' },
      })
    }
    const place = { name: undefined, url: normalizeLocation(url, '/'), configured: undefined }
    this.#options.stores.driverName(place)
    if (credentials.length === 0) return place
    const secrets = await this.#sealed(credentials, secret)
    return { ...place, configured: { name, url, driver: undefined, limits: NO_LIMITS, secrets } }
  }

  /** Seals what a server wants with the password, as the configuration keeps it. */
  async #sealed(
    credentials: readonly TypedCredential[],
    { kind, bytes: password }: SlotSecret,
  ): Promise<ReadonlyMap<SecretKind, SecretSource>> {
    if (kind !== 'password') {
      throw new UsageError('BAD_ARGUMENT', 'what a server wants is sealed with the password, and that was not given', {
        hint: 'Open it with the password, or leave those fields empty and say it by variables.',
      })
    }
    const { kdf, randomness } = this.#options
    const sealed = new Map<SecretKind, SecretSource>()
    for (const { kind: what, bytes } of credentials) {
      const sealing = { kind: what, password, randomness, kdf }
      sealed.set(what, { from: 'sealed', sealed: await sealCredential(bytes, sealing) })
    }
    return sealed
  }

  async #create(place: RepositoryPlace, password: SlotSecret, signal: AbortSignal): Promise<string> {
    const { stores, kdf, clock, randomness } = this.#options
    const copy = async (): Promise<SlotSecret> => ({ kind: password.kind, bytes: password.bytes.slice() })
    await stores.create(place, copy)
    await using driver = await stores.open(place, copy)
    signal.throwIfAborted()
    return await createWithRecovery(driver, { password, kdf, clock, randomness })
  }

  /** Opens a repository that is not in the configuration yet, so that nothing that cannot be opened gets there. */
  async #tryOut(place: RepositoryPlace, secret: SlotSecret): Promise<void> {
    await using known = this.#options.repositories.make(place)
    await known.unlock(secret)
  }
}

async function packBytesOf(driver: Driver): Promise<number> {
  let sum = 0
  for await (const { bytes } of driver.list('packs')) sum += bytes
  return sum
}

/**
 * Returns what a typed secret opens with; its bytes are wiped.
 *
 * @throws {UsageError} BAD_ARGUMENT @throws {KeyError} BAD_RECOVERY_CODE: it was mistyped; WRONG_KEY: it is no key file.
 */
export async function typedSecret({ kind, bytes }: TypedSecret): Promise<SlotSecret> {
  try {
    if (kind === 'password') return passwordOf(Uint8Array.from(bytes))
    const text = Buffer.from(bytes).toString('utf8')
    return kind === 'key-file' ? await keyIn(text) : { kind, bytes: parseRecoveryCode(text) }
  } finally {
    wipe(bytes)
  }
}

async function keyIn(file: string): Promise<SlotSecret> {
  const content = await readSecretFile({ file, namedBy: 'what was typed' }, () => undefined)
  try {
    return { kind: 'key-file', bytes: decodeKeyFile(content).key }
  } finally {
    wipe(content)
  }
}

function driverName(stores: Stores, place: RepositoryPlace): string {
  try {
    return stores.driverName(place)
  } catch (error) {
    // Its state says what is wrong with it.
    if (error instanceof UsageError) return '?'
    throw error
  }
}
