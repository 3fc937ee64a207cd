import { type Command, CommanderError } from 'commander'

import { type CliContext, createContext } from './context.ts'
import { EXIT_DONE, EXIT_INTERRUPTED, EXIT_USAGE } from './exit-codes.ts'
import type { GlobalFlags } from './global-flags.ts'
import { Output } from './output.ts'
import { createProgram } from './program.ts'
import { reportError } from './report-error.ts'
import type { SecretVariables } from './secret-variables.ts'

export interface ProgramInput {
  readonly words: readonly string[]
  readonly environment: Record<string, string | undefined>
  readonly variables: SecretVariables
}

export interface ProgramOutcome {
  readonly exitCode: number
  /** `undefined` when no command ran. */
  readonly output: Output | undefined
}

/** Runs one command line to its end; whatever goes wrong has been told. */
export async function runProgram({ words, environment, variables }: ProgramInput): Promise<ProgramOutcome> {
  let context: CliContext | undefined
  let exitCode = EXIT_DONE
  const program = createProgram(async (flags: GlobalFlags, command) => {
    try {
      context = createContext({ environment, variables, flags })
    } catch (error) {
      exitCode = reportError(plainOutput(flags), error)
      return
    }
    try {
      exitCode = (await command(context)) ?? EXIT_DONE
      if (context.signal.aborted && exitCode === EXIT_DONE) context.output.detail('interrupted after the work was done')
    } catch (error) {
      exitCode = failureOf(context, error)
    }
  })
  try {
    const isOnTerminal = process.stdin.isTTY && process.stdout.isTTY
    if (words.length === 0 && !isOnTerminal) program.outputHelp()
    else if (words.length === 0) await program.parseAsync(['tui'], { from: 'user' })
    else await program.parseAsync(withoutHelpForNothing(program, words), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    exitCode = usageProblem(error, groupOf(program, words))
  }
  return { exitCode, output: context?.output }
}

const HELP: readonly string[] = ['help', '--help', '-h']

/** Takes away the wish for help with a command that there is not: that there is none is what has to be told. */
function withoutHelpForNothing(program: Command, words: readonly string[]): readonly string[] {
  const { operands } = program.parseOptions([...words])
  let group = program
  for (const word of operands[0] === 'help' ? operands.slice(1) : operands) {
    if (group.commands.length === 0) return words
    const found = group.commands.find((command) => command.name() === word)
    if (found === undefined) return words.filter((other) => !HELP.includes(other))
    group = found
  }
  return words
}

/** Returns the group of commands that a command line has got to; the program itself is none. */
function groupOf(program: Command, words: readonly string[]): Command | undefined {
  let group: Command | undefined
  for (const word of program.parseOptions([...words]).operands) {
    const found = (group ?? program).commands.find((command) => command.name() === word)
    if (found === undefined) break
    group = found
  }
  return group !== undefined && group.commands.length > 0 ? group : undefined
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

/** Tells what is wrong with the command line, in the form of all other errors. */
function usageProblem(error: CommanderError, group: Command | undefined): number {
  // Help and version, asked for, are no problem.
  if (error.exitCode === 0) return EXIT_DONE
  // Help that was shown because a command of a group is missing has said it all.
  if (error.code === 'commander.help') return EXIT_USAGE
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  process.stderr.write(`tidemark: ${message.replace(/\.$/, '')}\n`)
  const meant = /^\(Did you mean (.*)\?\)$/.exec(suggestion ?? '')?.[1]
  process.stderr.write(`hint: ${meant === undefined ? whatThereIs(group) : `Did you mean ${meant}?`}\n`)
  return EXIT_USAGE
}

function whatThereIs(group: Command | undefined): string {
  if (group === undefined) return 'See `tidemark help`.'
  const names = group.commands.map((command) => command.name()).join(', ')
  return `The commands of \`tidemark ${group.name()}\` are ${names}.`
}
