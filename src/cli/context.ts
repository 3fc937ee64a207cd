import { systemClock, type Clock } from '../base/clock.ts'
import { errnoOf, UsageError } from '../base/errors.ts'
import { systemRandomness, type Randomness } from '../base/random.ts'
import type { SlotSecret } from '../repository/slot-key.ts'
import type { Paths } from '../service/directories.ts'
import type { RateLimits } from '../storage/throttle.ts'
import type { ProcessSurroundings } from './drivers.ts'
import { choosePaths, nonEmpty, variableTaker } from './environment.ts'
import type { GlobalFlags } from './global-flags.ts'
import { Output } from './output.ts'
import { parseRate } from '../base/parse-quantity.ts'
import type { SecretContext } from './secrets.ts'
import type { SecretVariables } from './secret-variables.ts'
import { type Interruption, interruptible, type SignalSource } from './signals.ts'

/** What a command is given of the process that it runs in. */
/** What is said when a command is interrupted that stores things. */
export const KEEPS_WHAT_IS_STORED = 'stopping; what is stored so far is kept'

export interface CliContext {
  readonly flags: GlobalFlags
  readonly output: Output
  readonly paths: Paths
  readonly workingDirectory: string
  /** REPO as the user named it, by option or environment. */
  readonly repository: string | undefined
  /** Whether somebody sits at a terminal who can be asked. */
  readonly interactive: boolean
  readonly secrets: SecretContext
  readonly surroundings: ProcessSurroundings
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal
  /** Chooses what is said then, where there is more to say than that it stops. */
  readonly sayWhenInterrupted: (text: string) => void
  /** Has SIGHUP do something else from now on than interrupt. */
  readonly onHangUp: Interruption['onHangUp']
  readonly clock: Clock
  readonly randomness: Randomness
  /** Asks a question on the terminal; only when `interactive`. */
  confirm(question: string): Promise<boolean>
}

interface ProcessParts {
  /** Secrets that the configuration names are taken out of it. */
  readonly environment: Record<string, string | undefined>
  readonly variables: SecretVariables
  readonly flags: GlobalFlags
  /** What interrupts the command; this process, when absent. */
  readonly signals?: SignalSource
}

function limitsOf({ limitUpload, limitDownload }: GlobalFlags): RateLimits {
  return {
    upload: limitUpload === undefined ? undefined : parseRate(limitUpload, '--limit-upload'),
    download: limitDownload === undefined ? undefined : parseRate(limitDownload, '--limit-download'),
  }
}

/** Its code is loaded when it is asked for: most processes are started by a person. */
function inheritedFrom(descriptor: number): () => Promise<SlotSecret> {
  let taken: Promise<() => SlotSecret> | undefined
  return async () => {
    taken ??= import('./inherited-secret.ts').then(({ takeInheritedSecret }) => takeInheritedSecret(descriptor))
    return (await taken)()
  }
}

/** What relative paths are relative to. @throws {UsageError} BAD_ARGUMENT: it has been removed. */
function currentFolder(): string {
  try {
    return process.cwd()
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause
    throw new UsageError(
      'BAD_ARGUMENT',
      `the current folder cannot be found (${errnoOf(cause) ?? ''}): it was removed`,
      {
        cause,
        hint: 'Change to a folder that is there, such as with `cd`.',
      },
    )
  }
}

/**
 * Makes the context of the command that this process runs.
 *
 * @throws {UsageError} BAD_ARGUMENT: a limit that is none, no place for Tidemark's own files, no current folder.
 */
export function createContext({ environment, variables, flags, signals }: ProcessParts): CliContext {
  const workingDirectory = currentFolder()
  const output = new Output({
    stdout: process.stdout,
    stderr: process.stderr,
    json: flags.json === true,
    quiet: flags.quiet === true,
    verbose: flags.verbose === true,
    progress: flags.progress,
  })
  const interactive = process.stdin.isTTY && process.stderr.isTTY
  let notice = 'stopping'
  const { signal, onHangUp } = interruptible(() => {
    output.error(`tidemark: ${notice}. Once more ends it at once.`)
  }, signals)
  const paths = choosePaths(environment, workingDirectory, { config: flags.config, cacheDir: flags.cacheDir })
  const secrets: SecretContext = {
    variables,
    // The password is asked for on the terminal itself: standard input may be what is to be backed up.
    interactive: process.stdin.isTTY || process.stderr.isTTY,
    signal,
    inherited: flags.secretFd === undefined ? undefined : inheritedFrom(flags.secretFd),
    inheritedOfOther: flags.toSecretFd === undefined ? undefined : inheritedFrom(flags.toSecretFd),
    takeVariable: variableTaker(environment),
    ask: async (question) => {
      const { askSecret } = await import('./terminal.ts')
      return askSecret(question, signal)
    },
    warn: (text) => {
      output.warning(text)
    },
  }
  return {
    flags,
    output,
    paths,
    workingDirectory,
    repository: flags.repository ?? nonEmpty(environment['TIDEMARK_REPOSITORY']),
    interactive,
    secrets,
    surroundings: { environment, stateDirectory: paths.stateDirectory, secrets, limits: limitsOf(flags) },
    signal,
    sayWhenInterrupted: (text) => (notice = text),
    onHangUp,
    clock: systemClock,
    randomness: systemRandomness,
    confirm: async (question) => {
      const { askYesNo } = await import('./terminal.ts')
      return askYesNo(question, signal)
    },
  }
}
