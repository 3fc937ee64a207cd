import { writeSync } from 'node:fs'

import { errnoOf, TargetError } from '../base/errors.ts'
import { type CliContext, createContext } from './context.ts'
import { EXIT_DONE } from './exit-codes.ts'
import type { GlobalFlags } from './global-flags.ts'
import { Output } from './output.ts'
import { reportError } from './report-error.ts'
import type { SecretVariables } from './secret-variables.ts'
import { interrupted, type SignalSource } from './signals.ts'

/** What a command does; returns its exit code, `undefined` for done. */
export type CommandAction = (context: CliContext) => Promise<number | undefined>

export interface ProcessParts {
  readonly environment: Record<string, string | undefined>
  readonly variables: SecretVariables
  /** What interrupts the command; this process, when absent. */
  readonly signals?: SignalSource
}

/** Runs a command to its end, with all that it says, and returns the exit code; whatever goes wrong has been told. */
export async function runCommand(parts: ProcessParts, flags: GlobalFlags, command: CommandAction): Promise<number> {
  let context: CliContext
  try {
    context = createContext({ ...parts, flags })
  } catch (error) {
    const output = plainOutput(flags)
    const exitCode = reportError(output, error)
    await output.flushed()
    return exitCode
  }
  const { output } = context
  const ended = await exitCodeOf(context, command)
  await output.flushed()
  const exitCode = output.lost === undefined ? ended : exitCodeWithLoss(output, ended)
  if (flags.endFd !== undefined) tellEnd(flags.endFd, output, exitCode)
  return exitCode
}

/** Prints help, or the version, to its end and returns the exit code. */
export async function printHelp(text: string): Promise<number> {
  const output = plainOutput({})
  output.text(text)
  await output.flushed()
  return output.lost === undefined ? EXIT_DONE : exitCodeWithLoss(output, EXIT_DONE)
}

async function exitCodeOf(context: CliContext, command: CommandAction): Promise<number> {
  const { output, signal } = context
  try {
    const exitCode = (await command(context)) ?? EXIT_DONE
    if (signal.aborted && exitCode === EXIT_DONE) output.detail('interrupted after the work was done')
    return exitCode
  } catch (error) {
    return failureOf(context, error)
  }
}

/** Tells that results were lost on their way out: a script must not take for whole what it has of them. */
function exitCodeWithLoss(output: Output, exitCode: number): number {
  const { lost } = output
  const isFull = errnoOf(lost) === 'ENOSPC'
  const error = new TargetError(
    isFull ? 'TARGET_FULL' : 'TARGET_FAILED',
    `standard output could not be written (${errnoOf(lost) ?? 'unknown'}): what was printed is not all`,
    { cause: lost, hint: isFull ? 'Make room where it goes, and ask again.' : 'Let it go elsewhere, and ask again.' },
  )
  const failed = reportError(output, error)
  return exitCode === EXIT_DONE ? failed : exitCode
}

/** Writes how a command ended to a file of the process that started it, which may have ended long before. */
function tellEnd(descriptor: number, output: Output, exitCode: number): void {
  try {
    writeSync(descriptor, `${output.endings}${JSON.stringify({ type: 'end', exitCode })}\n`)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    output.detail(`how it ended could not be written down (${errnoOf(error)})`)
  }
}

/** For help, and for what goes wrong before there is a context. */
function plainOutput(flags: Pick<GlobalFlags, 'json'>): Output {
  const { stdout, stderr } = process
  return new Output({ stdout, stderr, json: flags.json === true, quiet: false, verbose: false, progress: false })
}

function failureOf(context: CliContext, error: unknown): number {
  // Whatever an interrupted operation ended with, the interruption is why.
  if (context.signal.aborted) return reportError(context.output, interrupted())
  // When nobody reads the output, nobody waits, but for whoever is told of the end elsewhere.
  if (context.flags.endFd === undefined && context.output.gone.aborted && isAbort(error)) return EXIT_DONE
  return reportError(context.output, error)
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
