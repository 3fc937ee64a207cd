import { formatDuration } from '../../base/format.ts'
import type { RunEnd } from './job-runner.ts'
import type { RunReport } from './job-handler.ts'
import type { JobError } from './job.ts'

/** The event `error` of a command, as far as it was one. */
export interface CommandError extends JobError {
  /** The same command may succeed later. */
  readonly transient: boolean
}

/** How a command ended, and what it said of that. */
export interface CommandEnd extends RunEnd {
  readonly error: CommandError | undefined
  /** The last lines of standard error. */
  readonly said: readonly string[]
}

/** Exit code of a command that did all but some of it: docs/json.md says how much. */
export const EXIT_PARTIAL = 3

/** Tells whether a job in `state` is done, but for a part of it. */
export function isDoneInPart(state: string, exitCode: number | null | undefined): boolean {
  return state === 'done' && exitCode === EXIT_PARTIAL
}

/** Exit codes of the contract of the command line. */
const EXIT = {
  done: 0,
  failed: 1,
  partial: EXIT_PARTIAL,
  damage: 4,
  noRepository: 10,
  pruned: 11,
  notStarted: 127,
  interrupted: 130,
} as const

/** Tells what becomes of a job whose command ended. */
export function verdictOf({ exitCode, timedOut, error }: CommandEnd): RunReport['verdict'] {
  if (exitCode === EXIT.done || exitCode === EXIT.partial) return 'done'
  // What was stored is kept: the next firing goes on from there.
  if (timedOut) return 'failed'
  switch (exitCode) {
    // A signal: somebody, or a system short of memory, ended it.
    case undefined:
    case EXIT.interrupted:
    case EXIT.pruned:
      return 'may-pass'
    // The folder of a disk that is not attached is not there.
    case EXIT.noRepository:
    case EXIT.failed:
      return error?.transient === true ? 'may-pass' : 'failed'
    default:
      return 'failed'
  }
}

/** Tells whether a command ended because it was told to. */
export function isInterrupted({ exitCode }: { readonly exitCode: number }): boolean {
  return exitCode === EXIT.interrupted
}

/** Tells why a command did not do what it should; `undefined` for one that did. */
export function errorOf(end: CommandEnd, timeLimitMs: number | undefined): JobError | undefined {
  const { exitCode, signal, timedOut, error, said } = end
  if (exitCode === EXIT.done || exitCode === EXIT.partial) return undefined
  if (timedOut) {
    const message = `it was not done within its time (${formatDuration(timeLimitMs ?? 0)}), and was stopped`
    return { code: 'TIME_LIMIT', message, hint: 'All that was stored is kept. Give the step more time.' }
  }
  if (error !== undefined) return { code: error.code, message: error.message, hint: error.hint }
  const last = saidOf(said)
  if (exitCode === undefined)
    return { code: 'KILLED', message: `it was ended by ${signal ?? 'a signal'}`, hint: undefined }
  if (exitCode === EXIT.interrupted) return { code: 'INTERRUPTED', message: 'it was interrupted', hint: undefined }
  if (exitCode === EXIT.damage) {
    return { code: 'DAMAGE_FOUND', message: last ?? 'damage was found', hint: 'See its log, and `tidemark check`.' }
  }
  if (exitCode === EXIT.notStarted)
    return { code: 'NOT_STARTED', message: last ?? 'it could not be started', hint: undefined }
  return { code: 'FAILED', message: last ?? `it ended with exit code ${exitCode}`, hint: undefined }
}

/** Returns what this program says of a failure, or whatever was said last. */
function saidOf(lines: readonly string[]): string | undefined {
  const own = lines.findLast((line) => line.startsWith('tidemark: ') && !line.startsWith('tidemark: warning: '))
  return own?.slice('tidemark: '.length) ?? lines.at(-1)
}
