import { type CliContext, createContext } from './context.ts'
import { EXIT_DONE, EXIT_INTERRUPTED } from './exit-codes.ts'
import type { GlobalFlags } from './global-flags.ts'
import { Output } from './output.ts'
import { reportError } from './report-error.ts'
import type { SecretVariables } from './secret-variables.ts'

/** What a command does; returns its exit code, `undefined` for done. */
export type CommandAction = (context: CliContext) => Promise<number | undefined>

export interface ProcessParts {
  readonly environment: Record<string, string | undefined>
  readonly variables: SecretVariables
}

export interface ProgramOutcome {
  readonly exitCode: number
  /** `undefined` when no command ran. */
  readonly output: Output | undefined
}

/** Runs a command to its end; whatever goes wrong has been told. */
export async function runCommand(
  parts: ProcessParts,
  flags: GlobalFlags,
  command: CommandAction,
): Promise<ProgramOutcome> {
  let context: CliContext
  try {
    context = createContext({ ...parts, flags })
  } catch (error) {
    return { exitCode: reportError(plainOutput(flags), error), output: undefined }
  }
  const { output, signal } = context
  try {
    const exitCode = (await command(context)) ?? EXIT_DONE
    if (signal.aborted && exitCode === EXIT_DONE) output.detail('interrupted after the work was done')
    return { exitCode, output }
  } catch (error) {
    return { exitCode: failureOf(context, error), output }
  }
}

/** For what goes wrong before there is a context. */
function plainOutput(flags: GlobalFlags): Output {
  const { stdout, stderr } = process
  return new Output({ stdout, stderr, json: flags.json === true, quiet: false, verbose: false, progress: false })
}

function failureOf(context: CliContext, error: unknown): number {
  // Whatever an interrupted operation ended with, the interruption is why; when nobody reads the output, nobody waits.
  if (context.signal.aborted) {
    context.output.error('tidemark: interrupted')
    return EXIT_INTERRUPTED
  }
  if (context.output.gone.aborted && isAbort(error)) return EXIT_DONE
  return reportError(context.output, error)
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
