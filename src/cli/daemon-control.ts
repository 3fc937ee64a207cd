import { DaemonError, TidemarkError } from '../base/errors.ts'
import { readConfiguration } from '../service/configuration.ts'
import { startControl } from '../service/control/server.ts'
import type { Daemon, DaemonKeys } from '../service/daemon/daemon.ts'
import { KeyAgent } from '../service/keys/key-agent.ts'
import { type RepositoryPlace, resolveRepository } from '../service/resolve-repository.ts'
import type { CliContext } from './context.ts'
import { controlSocketOf } from './control-socket.ts'
import { describeProblem } from './report-error.ts'
import { isSecretGiven } from './secrets.ts'
import { unlockApart } from './unlock-apart.ts'

/** How soon something that did not open a repository, or a store that was away, is tried again. */
const AGAIN_MS = 60_000

/**
 * The keys of a daemon, and the socket at which it takes requests.
 *
 * What the environment of the daemon says opens repositories opens them for its children, too, which inherit none of it:
 * it is taken once, and a process apart unlocks with it, unless somebody locked the repository: then nothing but unlocking it
 * does. Files and commands of the configuration are left to the children. Disposing of it forgets all keys.
 */
export class DaemonControl implements DaemonKeys, Disposable {
  readonly #context: CliContext
  readonly #agent = new KeyAgent()
  /** When each location was tried last. */
  readonly #triedMs = new Map<string, number>()
  /** What was told last of each that did not open. */
  readonly #told = new Map<string, string>()

  private constructor(context: CliContext) {
    this.#context = context
  }

  /** To be opened before children get their environment: variables that the configuration names for passwords are taken out of it. */
  static async open(given: CliContext): Promise<DaemonControl> {
    const { repositories } = await readConfiguration(given.paths.configFile).catch((error: unknown) => {
      // The daemon tells of it, and goes on once it is right.
      if (error instanceof TidemarkError) return { repositories: new Map<string, never>() }
      throw error
    })
    for (const { secrets } of repositories.values()) {
      const source = secrets.get('password')
      if (source?.from === 'env') given.secrets.takeVariable(source.name)
    }
    const secrets = { ...given.secrets, interactive: false }
    return new DaemonControl({ ...given, secrets, surroundings: { ...given.surroundings, secrets } })
  }

  /**
   * Begins to take requests for a daemon; disposing of what it returns ends that.
   *
   * @throws {DaemonError} DAEMON_FAILED: another daemon listens there, or nothing can.
   */
  async listen(daemon: Daemon): Promise<AsyncDisposable> {
    const { clock, output, paths, surroundings } = this.#context
    const socket = controlSocketOf(surroundings.environment, paths)
    if (socket === undefined) {
      throw new DaemonError('DAEMON_FAILED', 'this system does not tell users apart, so nobody could be let in', {
        hint: 'Run backups with the commands, from cron or what this system has.',
      })
    }
    const options = {
      ...{ daemon, keys: this.#agent, clock, uid: socket.uid },
      onAccess: ({ principal, method, path, status }: Access) =>
        output.detail(`${method} ${path} ${status} from process ${principal.pid}`),
      onFault: (error: unknown) => output.warning(describeProblem(error)),
    }
    return startControl(options, socket.socketPath)
  }

  async canOpen(repository: string): Promise<boolean> {
    const { paths, secrets, workingDirectory } = this.#context
    try {
      const question = { given: repository, configFile: paths.configFile, workingDirectory }
      const place = await resolveRepository(question)
      const source = place.configured?.secrets.get('password')
      if (this.#agent.has(place.url) || source?.from === 'file' || source?.from === 'command') return true
      if (this.#agent.isLocked(place.url)) return false
      if (source?.from === 'env' || isSecretGiven(secrets)) this.#tryOut(repository, place)
      return false
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error
      // The command says so itself.
      return true
    }
  }

  [Symbol.dispose](): void {
    this.#agent[Symbol.dispose]()
  }

  /** Begins to unlock a repository with what the environment says, unless that was tried a moment ago. */
  #tryOut(repository: string, { configured, url }: RepositoryPlace): void {
    const { clock, output } = this.#context
    const signal = AbortSignal.any([this.#context.signal, this.#agent.untilLocked])
    const nowMs = clock.monotonicMs()
    if (nowMs - (this.#triedMs.get(url) ?? -Infinity) < AGAIN_MS) return
    this.#triedMs.set(url, nowMs)
    const source = configured?.secrets.get('password')
    unlockApart({ ...this.#context, signal }, repository, source?.from === 'env' ? source.name : undefined).then(
      () => this.#told.delete(url),
      (error: unknown) => {
        if (!(error instanceof TidemarkError)) throw error
        if (signal.aborted) {
          this.#triedMs.delete(url)
          return
        }
        const problem = describeProblem(error)
        if (this.#told.get(url) !== problem) output.warning(problem)
        this.#told.set(url, problem)
      },
    )
  }
}

type Access = Parameters<Parameters<typeof startControl>[0]['onAccess']>[0]
