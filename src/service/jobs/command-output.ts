import type { Clock } from '../../base/clock.ts'
import { progressOf } from './command-progress.ts'
import type { CommandError } from './command-verdict.ts'
import type { RunContext } from './job-handler.ts'
import type { Json } from './job.ts'

/** Lines of standard error that are kept to tell why a command failed. */
const SAID_MAX = 20
/** What a summary may take in the store; what a longer one says is in the repository, too. */
const SUMMARY_CHARACTERS_MAX = 64 << 10
/** What an error says may come from a server. */
const TEXT_CHARACTERS_MAX = 4096
/** Told for each of very many entries, and nothing that went wrong. */
const NOT_LOGGED = new Set<Json | undefined>(['skipped', 'point', 'item'])

interface CommandOutputOptions {
  /** The first word of the command. */
  readonly name: string
  readonly run: RunContext
  readonly clock: Clock
}

/** Gathers what a command of this program says while it runs. */
export class CommandOutput {
  /** The last event `summary`; `undefined` when there was none, or too long a one. */
  summary: Json | undefined
  error: CommandError | undefined
  /** The last lines of standard error. */
  readonly said: string[] = []
  readonly #options: CommandOutputOptions

  constructor(options: CommandOutputOptions) {
    this.#options = options
  }

  event(event: Readonly<Record<string, Json>>): void {
    const { name, run, clock } = this.#options
    const { type } = event
    if (type === 'progress') {
      run.progress(progressOf(name, event, clock.nowMs()))
      return
    }
    if (NOT_LOGGED.has(type)) return
    const text = JSON.stringify(event)
    run.log('out', text)
    if (type === 'summary') this.summary = text.length > SUMMARY_CHARACTERS_MAX ? undefined : event
    if (type === 'error') this.error = errorOfEvent(event)
  }

  line(from: 'out' | 'err', text: string): void {
    this.#options.run.log(from, text)
    if (from === 'out') return
    this.said.push(text)
    if (this.said.length > SAID_MAX) this.said.shift()
  }
}

function errorOfEvent({ code, message, hint, transient }: Readonly<Record<string, Json>>): CommandError {
  return {
    code: textOf(code) ?? 'INTERNAL',
    message: textOf(message) ?? '',
    hint: textOf(hint),
    transient: transient === true,
  }
}

/** Returns a text that fits into a row and into the environment of a hook. */
function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value.slice(0, TEXT_CHARACTERS_MAX).replaceAll('\0', '') : undefined
}
