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
    return { ...ran, exitCode: usageProblem(error, commandOf(program, words)) }
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

/** Returns the command, or group of commands, that a command line has got to, and its names. */
function commandOf(program: Command, words: readonly string[]): CommandReached {
  let [command, names] = [program, program.name()]
  for (const word of program.parseOptions([...words]).operands) {
    const found = command.commands.find((each) => each.name() === word)
    if (found === undefined) break
    command = found
    names += ` ${word}`
  }
  return { command, names, isProgram: command === program }
}

interface CommandReached {
  readonly command: Command
  /** As it is typed: `tidemark key list`. */
  readonly names: string
  readonly isProgram: boolean
}

/** Tells what is wrong with the command line, in the form of all other errors. */
function usageProblem(error: CommanderError, reached: CommandReached): number {
  // Help and version, asked for, are no problem.
  if (error.exitCode === 0) return EXIT_DONE
  // Help that was shown because a command of a group is missing has said it all.
  if (error.code === 'commander.help') return EXIT_USAGE
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  process.stderr.write(`tidemark: ${message.replace(/\.$/, '')}\n`)
  const meant = /^\(Did you mean (.*)\?\)$/.exec(suggestion ?? '')?.[1]
  process.stderr.write(`hint: ${meant === undefined ? whatThereIs(reached) : `Did you mean ${meant}?`}\n`)
  return EXIT_USAGE
}

function whatThereIs({ command, names, isProgram }: CommandReached): string {
  if (isProgram) return 'See `tidemark help`.'
  if (command.commands.length === 0) return `See \`${names} --help\`.`
  return `The commands of \`${names}\` are ${command.commands.map((each) => each.name()).join(', ')}.`
}
