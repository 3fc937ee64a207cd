import type { ProcessIdentity } from '../../base/process-identity.ts'
import type { KeptEnd } from './command-ends.ts'
import type { Json } from './job.ts'

/** Runs commands for jobs; injected, so that a year of them passes within seconds. */
export interface JobRunner {
  /**
   * Runs a command to its end.
   *
   * An abort of `signal`, and the end of its time, ask the command to stop (SIGTERM), and end it after a grace (SIGKILL):
   * this resolves only when the process is gone. A command that cannot be started ends with `exitCode` 127 and a word
   * in its log.
   * @throws whatever `onStarted` throws; the command has not done anything then.
   */
  run(request: RunRequest): Promise<RunEnd>

  /**
   * Ends a process that outlived the worker that had started it; resolves when it is gone, at once where it is already.
   */
  endLeftover(process: ProcessIdentity, kind: RunCommand['kind']): Promise<void>

  /**
   * Returns how the command of this program in that run said that it ended, also when nobody read its output any more;
   * `undefined` where it did not come to say so. Kept until `forgetEnd`.
   */
  endOf(run: string): KeptEnd | undefined

  forgetEnd(run: string): void
}

/** `tidemark`: words of this program's own command line. `hook`: a program of the user's and its arguments. */
export type RunCommand =
  | {
      readonly kind: 'tidemark'
      readonly words: readonly string[]
      /** What its end is kept under: different for each run that ever was, and fit for the name of a file. */
      readonly run: string
      /** What it reads on standard input; nothing when absent. */
      readonly input?: string
    }
  | {
      readonly kind: 'hook'
      readonly command: readonly string[]
      /** What it reads on standard input; nothing when absent. */
      readonly input?: string
      /** Beside the environment of all children. */
      readonly variables: Readonly<Record<string, string>>
    }

export interface RunRequest {
  readonly command: RunCommand
  readonly timeLimitMs: number | undefined
  readonly signal: AbortSignal
  /** Told of the process, which begins only once this has resolved: so that it is never forgotten, and never doubled. */
  readonly onStarted: (process: ProcessIdentity) => Promise<void>
  /** Told of each line of JSON on standard output: bounded, decoded no further. */
  readonly onEvent: (event: Readonly<Record<string, Json>>) => void
  /** Told of all other lines, and of all of a hook's; what was too long is cut. */
  readonly onLine: (from: 'out' | 'err', text: string) => void
}

/** How a command ended. */
export interface RunEnd {
  /** `undefined` when a signal ended it. */
  readonly exitCode: number | undefined
  /** Such as `SIGKILL`; `undefined` when it ended by itself. */
  readonly signal: string | undefined
  /** Its time was over. */
  readonly timedOut: boolean
}
