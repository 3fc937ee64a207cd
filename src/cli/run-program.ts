import { type Command, CommanderError } from 'commander'

import { EXIT_DONE, EXIT_USAGE } from './exit-codes.ts'
import { createProgram } from './program.ts'
import { type ProcessParts, type ProgramOutcome, runCommand } from './run-command.ts'

export interface ProgramInput extends ProcessParts {
  readonly words: readonly string[]
}

/** Runs one command line to its end; whatever goes wrong has been told. */
export async function runProgram({ words, ...parts }: ProgramInput): Promise<ProgramOutcome> {
  let ran: ProgramOutcome = { exitCode: EXIT_DONE, output: undefined }
  const program = createProgram(async (flags, command) => {
    ran = await runCommand(parts, flags, command)
  })
  try {
    if (words.length === 0) program.outputHelp()
    else await program.parseAsync(withoutHelpForNothing(program, words), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { ...ran, exitCode: usageProblem(error, groupOf(program, words)) }
  }
  return ran
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
