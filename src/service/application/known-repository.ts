import type { Clock } from '../../base/clock.ts'
import { KeyError, StorageError, TidemarkError } from '../../base/errors.ts'
import type { LocalCache } from '../../repository/local-cache.ts'
import type { Repository } from '../../repository/repository.ts'
import type { SlotSecret } from '../../repository/slot-key.ts'
import type { GivenSecret } from '../keys/held-key.ts'
import type { RepositoryPlace } from '../resolve-repository.ts'
import type { Session } from '../session.ts'
import { HeldSecret } from './held-secret.ts'
import { PointTrees } from './point-trees.ts'
import type { RepositoryState } from './shown.ts'
import { shownText } from './shown-text.ts'

const RETRY_MS_MIN = 5_000
const RETRY_MS_MAX = 5 * 60_000

/** What a repository is opened with. */
export interface KnownRepositoryOptions {
  readonly place: RepositoryPlace
  readonly clock: Clock
  /** Calls `act` once after so many milliseconds, unless what it returns is called before. */
  readonly after: (ms: number, act: () => void) => () => void
  /** Begins to open it; the session wipes what `secret` returns. */
  readonly open: (place: RepositoryPlace, secret: () => Promise<GivenSecret>) => Promise<Session>
  /**
   * Returns what environment, configuration or an unlocked daemon say opens it; the caller wipes it. `undefined`: they say
   * nothing.
   */
  readonly givenSecret: (place: RepositoryPlace) => Promise<GivenSecret | undefined>
  /** Told of every change of `state`. */
  readonly onChange: () => void
}

/** A repository that is open. */
export interface OpenedRepository {
  readonly repository: Repository
  readonly trees: PointTrees
  readonly cache: LocalCache
}

interface Opened extends OpenedRepository {
  readonly session: Session
  /** Who uses it now; it is closed when it is over, and nobody does. */
  uses: number
  isOver: boolean
  pointCount: number
}

interface Trouble {
  readonly sinceMs: number
  readonly error: TidemarkError
  readonly delayMs: number
  readonly stop: () => void
}

/**
 * A repository on its way between its place and being read: locked, opened when it is first used, unreachable and tried
 * again later and later, open.
 */
export class KnownRepository implements AsyncDisposable {
  /** Replaced where its limits are others by now: what is open follows them by itself, or has none until it is opened again. */
  place: RepositoryPlace
  readonly #options: KnownRepositoryOptions
  #opening: Promise<Opened> | undefined
  #opened: Opened | undefined
  #trouble: Trouble | undefined
  #secret: HeldSecret | undefined
  /** Environment and configuration were asked what opens it, or it was locked: they are not asked again. */
  #refusesGiven = false
  #told = JSON.stringify({ kind: 'locked' } satisfies RepositoryState)
  #closing: Promise<unknown> = Promise.resolve()

  constructor(options: KnownRepositoryOptions) {
    this.place = options.place
    this.#options = options
  }

  get state(): RepositoryState {
    if (this.#opened !== undefined) return { kind: 'open', pointCount: this.#opened.pointCount }
    if (this.#trouble !== undefined) {
      const { sinceMs, error } = this.#trouble
      const hint = error.hint === undefined ? undefined : shownText(error.hint)
      return { kind: 'unreachable', sinceMs, message: shownText(error.message), hint }
    }
    return this.#opening === undefined ? { kind: 'locked' } : { kind: 'opening' }
  }

  /** Begins to open it where nobody has and something is there to open it with; what comes of it is told by `state`. */
  wake(): void {
    if (this.#opened !== undefined || this.#opening !== undefined || this.#trouble !== undefined) return
    if (this.#secret === undefined && this.#refusesGiven) return
    this.use(async () => undefined).catch((error: unknown) => {
      // Expected failures are in `state` by now; a bug is everybody's business.
      if (!(error instanceof TidemarkError)) throw error
    })
  }

  /**
   * Opens it if need be and calls `act`, during which it stays open.
   *
   * @throws {KeyError} WRONG_KEY: it is locked; WRONG_PASSWORD.
   * @throws {StorageError} it cannot be reached, and it is not yet time to try again.
   */
  async use<T>(act: (opened: OpenedRepository) => Promise<T>): Promise<T> {
    const opened = await this.#enter()
    try {
      return await act(opened)
    } catch (error) {
      if (isUnreachable(error)) this.#lose(error)
      throw error
    } finally {
      this.#leave(opened)
    }
  }

  /** As `use`, for what yields. */
  async *stream<T>(act: (opened: OpenedRepository) => AsyncIterable<T>): AsyncGenerator<T> {
    const opened = await this.#enter()
    try {
      yield* act(opened)
    } catch (error) {
      if (isUnreachable(error)) this.#lose(error)
      throw error
    } finally {
      this.#leave(opened)
    }
  }

  /** Says how many points there are, as somebody saw who used it. */
  countPoints(count: number): void {
    if (this.#opened === undefined || this.#opened.pointCount === count) return
    this.#opened.pointCount = count
    this.#tell()
  }

  /**
   * Opens it with a secret, which is kept until it is locked; its bytes are wiped.
   *
   * @throws {KeyError} WRONG_PASSWORD and others; it stays locked. @throws {StorageError} it is tried again by itself.
   */
  async unlock(secret: SlotSecret): Promise<void> {
    const held = new HeldSecret(secret)
    // What a daemon gave opens it here alone: whoever says more can have processes open it, too.
    if (this.#opened !== undefined && this.#secret?.kind !== 'derived') {
      held[Symbol.dispose]()
      return
    }
    this.#close()
    // What is under way has another secret, or none.
    await this.#opening?.catch(() => undefined)
    this.#forgetTrouble()
    this.#secret?.[Symbol.dispose]()
    this.#secret = held
    await this.use(async () => undefined)
  }

  /** Opens it anew, since what opens it was changed: with `secret` from then on, where it is given, which is wiped. */
  async reopen(secret?: SlotSecret): Promise<void> {
    if (secret !== undefined) {
      this.#secret?.[Symbol.dispose]()
      this.#secret = new HeldSecret(secret)
    }
    this.#close()
    await this.use(async () => undefined)
  }

  /** Forgets its keys, as soon as nobody uses them. */
  lock(): void {
    this.#secret?.[Symbol.dispose]()
    this.#secret = undefined
    this.#refusesGiven = true
    this.#forgetTrouble()
    this.#close()
    this.#tell()
  }

  /**
   * Returns what opened it, for a process that opens it, too; the caller wipes it. `undefined`: it is locked, or a daemon
   * gave what opens it, which such a process asks by itself.
   */
  secret(): SlotSecret | undefined {
    return this.#secret?.secret()
  }

  /** Returns what opened it, or would, for credentials that are sealed with it; the caller wipes it. @throws {KeyError} WRONG_KEY */
  given(): GivenSecret {
    if (this.#secret === undefined) throw locked(this.place)
    return this.#secret.copy()
  }

  /** Tells that without the daemon that gave its key no process could open it. @throws {KeyError} WRONG_KEY: so it is. */
  requireOwnSecret(): void {
    if (this.#secret?.kind !== 'derived') return
    throw new KeyError('WRONG_KEY', `${this.place.name ?? this.place.url} was opened by a daemon that is gone`, {
      hint: 'Unlock it with its password or recovery code.',
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#forgetTrouble()
    await this.#opening?.catch(() => undefined)
    this.#close()
    await this.#closing
    this.#secret?.[Symbol.dispose]()
    this.#secret = undefined
  }

  async #enter(): Promise<Opened> {
    for (;;) {
      const opened = this.#opened ?? (await this.#open())
      // Somebody may have locked it at the same moment.
      if (opened.isOver) continue
      opened.uses++
      return opened
    }
  }

  #leave(opened: Opened): void {
    opened.uses--
    this.#end(opened)
  }

  #open(): Promise<Opened> {
    if (this.#trouble !== undefined) throw this.#trouble.error
    return (this.#opening ??= this.#openOnce())
  }

  async #openOnce(): Promise<Opened> {
    const trouble = this.#trouble
    try {
      await this.#find()
      this.#tell()
      const opened = await this.#connect()
      this.#opened = opened
      this.#forgetTrouble()
      return opened
    } catch (error) {
      if (error instanceof KeyError) this.#refuse()
      else if (error instanceof TidemarkError) this.#suffer(error, trouble)
      throw error
    } finally {
      this.#opening = undefined
      this.#tell()
    }
  }

  /** Finds something to open it with. */
  async #find(): Promise<void> {
    if (this.#secret !== undefined) return
    const given = this.#refusesGiven ? undefined : await this.#options.givenSecret(this.place)
    this.#refusesGiven = true
    if (given === undefined) throw locked(this.place)
    this.#secret = new HeldSecret(given)
  }

  async #connect(): Promise<Opened> {
    const session = await this.#options.open(this.place, async () => {
      const secret = this.#secret?.copy()
      if (secret === undefined) throw locked(this.place)
      return secret
    })
    try {
      const repository = await session.repository
      const { points } = await repository.chain()
      const trees = new PointTrees(repository)
      return { session, repository, trees, cache: session.cache, uses: 0, isOver: false, pointCount: points.length }
    } catch (error) {
      await session[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The secret is wrong by now: somebody has to give another one. */
  #refuse(): void {
    this.#secret?.[Symbol.dispose]()
    this.#secret = undefined
    this.#forgetTrouble()
  }

  #lose(error: TidemarkError): void {
    if (this.#opened === undefined) return
    this.#close()
    this.#suffer(error, undefined)
    this.#tell()
  }

  #suffer(error: TidemarkError, before: Trouble | undefined): void {
    before?.stop()
    const delayMs = before === undefined ? RETRY_MS_MIN : Math.min(2 * before.delayMs, RETRY_MS_MAX)
    const stop = this.#options.after(delayMs, () => this.#retry())
    this.#trouble = { sinceMs: before?.sinceMs ?? this.#options.clock.nowMs(), error, delayMs, stop }
  }

  #retry(): void {
    const trouble = this.#trouble
    if (trouble === undefined || this.#opening !== undefined) return
    this.#opening = this.#openOnce()
    this.#opening.catch((error: unknown) => {
      if (!(error instanceof TidemarkError)) throw error
    })
  }

  /** Says that `state` is another one, if it is: whoever hears it asks again. */
  #tell(): void {
    const state = JSON.stringify(this.state)
    if (state === this.#told) return
    this.#told = state
    this.#options.onChange()
  }

  #forgetTrouble(): void {
    this.#trouble?.stop()
    this.#trouble = undefined
  }

  #close(): void {
    const opened = this.#opened
    if (opened === undefined) return
    this.#opened = undefined
    opened.isOver = true
    this.#end(opened)
  }

  #end(opened: Opened): void {
    if (!opened.isOver || opened.uses > 0) return
    opened.trees[Symbol.dispose]()
    this.#closing = Promise.all([this.#closing, opened.session[Symbol.asyncDispose]()])
  }
}

/** Whether the store did not answer, rather than answer something unexpected. */
function isUnreachable(error: unknown): error is StorageError {
  if (!(error instanceof StorageError)) return false
  return error.code === 'STORE_UNAVAILABLE' || error.code === 'NO_REPOSITORY' || error.retry === 'transient'
}

function locked({ name, url }: RepositoryPlace): KeyError {
  return new KeyError('WRONG_KEY', `${name ?? url} is locked`, {
    context: { repository: name ?? url },
    hint: 'Unlock it with its password or recovery code.',
  })
}
