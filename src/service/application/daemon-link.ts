import type { Clock } from '../../base/clock.ts'
import { DaemonError, TidemarkError } from '../../base/errors.ts'
import type { Scheduler } from '../../repository/run-object.ts'
import type { ControlClient } from '../control/client.ts'
import type { ChangeDocument } from '../control/documents.ts'
import type { HostData } from './shown.ts'
import { shownText } from './shown-text.ts'

/** How often it is looked whether a daemon is there now: one look at a file where none is. */
const LOOK_MS = 2000

export interface DaemonLinkOptions {
  /** Connects with the daemon of this user; `undefined` when none runs. */
  readonly connect: () => Promise<ControlClient | undefined>
  /** The file that this process goes by: an absolute path. */
  readonly configFile: string
  /** Of this program. */
  readonly version: string
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** Told of what changes in the daemon. */
  readonly onChange: (change: ChangeDocument) => void
  /** Told that a daemon is there, or gone. */
  readonly onHost: () => void
  /** Told of what is no expected failure. */
  readonly onBug: (error: unknown) => void
}

/** The daemon of this user as a face has it: found when it starts, let go when it ends, and found again. */
export class DaemonLink implements AsyncDisposable {
  readonly #options: DaemonLinkOptions
  readonly #end = new AbortController()
  readonly #stopLooking: () => void
  #client: ControlClient | undefined
  #host: HostData = { kind: 'this-process' }
  #looking: Promise<void> | undefined
  #following: Promise<void> = Promise.resolve()

  constructor(options: DaemonLinkOptions) {
    this.#options = options
    this.#stopLooking = options.scheduler.every(LOOK_MS, () => void this.look().catch(options.onBug))
  }

  get host(): HostData {
    return this.#host
  }

  /** Whom to ask; `undefined`: nobody, or nobody who may be asked. */
  get client(): ControlClient | undefined {
    return this.#client
  }

  /** Looks whether a daemon is there; resolves once it is linked, or known not to be. */
  async look(): Promise<void> {
    if (this.#client !== undefined || this.#end.signal.aborted) return
    this.#looking ??= this.#find().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopLooking()
    this.#end.abort()
    await this.#looking
    await this.#following
  }

  async #find(): Promise<void> {
    await using found = new AsyncDisposableStack()
    try {
      const [client, listener] = [await this.#connect(found), await this.#connect(found)]
      if (client === undefined || listener === undefined) return this.#is(withoutDaemon(this.#host))
      const why = this.#whyNot(await client.status())
      if (why !== undefined) return this.#is({ kind: 'other-daemon', why: shownText(why) })
      const changes = listener.changes(this.#end.signal)
      // It says first that it listens: nothing is missed from here on.
      if ((await changes.next()).done === true) return
      const kept = found.move()
      this.#client = client
      this.#is({ kind: 'daemon' })
      this.#following = this.#follow(changes, kept).catch(this.#options.onBug)
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      this.#is(isGone(error) ? withoutDaemon(this.#host) : { kind: 'other-daemon', why: shownText(error.message) })
    }
  }

  async #connect(owner: AsyncDisposableStack): Promise<ControlClient | undefined> {
    const client = await this.#options.connect()
    if (client !== undefined) owner.use(client)
    return client
  }

  /** Says what keeps a daemon from running what is asked for here. */
  #whyNot(status: { readonly version: string; readonly configuration: string }): string | undefined {
    const { configFile, version } = this.#options
    if (status.version !== version) return `the daemon is of version ${status.version}, this program of ${version}`
    return status.configuration === configFile ? undefined : `the daemon follows ${status.configuration}`
  }

  async #follow(changes: AsyncIterable<ChangeDocument>, owned: AsyncDisposableStack): Promise<void> {
    try {
      for await (const change of changes) this.#options.onChange(change)
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
    } finally {
      this.#client = undefined
      await owned.disposeAsync()
    }
    if (!this.#end.signal.aborted) this.#is({ kind: 'daemon-gone', sinceMs: this.#options.clock.nowMs() })
  }

  #is(host: HostData): void {
    if (JSON.stringify(host) === JSON.stringify(this.#host)) return
    this.#host = host
    this.#options.onHost()
  }
}

/** Tells whether a daemon ended before it answered: then there is none. */
export function isGone(error: unknown): boolean {
  return error instanceof DaemonError && error.code === 'NO_DAEMON'
}

/** Since when one is missing stays known. */
function withoutDaemon(host: HostData): HostData {
  return host.kind === 'daemon-gone' ? host : { kind: 'this-process' }
}
