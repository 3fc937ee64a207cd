import { type Command, CommanderError } from 'commander'

import { EXIT_DONE, EXIT_USAGE } from './exit-codes.ts'
import { wordThatIsNotUtf8 } from './not-utf8.ts'
import { createProgram, type RunCommand } from './program.ts'
import { printHelp, type ProcessParts, runCommand } from './run-command.ts'

export interface ProgramInput extends ProcessParts {
  readonly words: readonly string[]
}

/** Runs one command line to its end and returns the exit code; whatever goes wrong has been told. */
export async function runProgram({ words, ...parts }: ProgramInput): Promise<number> {
  let exitCode = EXIT_DONE
  let help = ''
  const run: RunCommand = async (flags, command) => {
    exitCode = await runCommand(parts, flags, command)
  }
  const program = createProgram(run, (text) => (help += text))
  const strange = wordThatIsNotUtf8(words)
  if (strange !== undefined) return notUtf8(strange)
  try {
    if (words.length === 0) program.outputHelp()
    else await parse(program, words)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version, asked for, are no problem.
    if (error.exitCode !== 0) return usageProblem(error, commandOf(program, words))
  }
  return help === '' ? exitCode : printHelp(help)
}

const HELP: readonly string[] = ['help', '--help', '-h']

/**
 * Runs what the words say. The word `help` before a name never runs what it names, wherever it stands; with a command that
 * there is not, that there is none is what has to be told.
 */
async function parse(program: Command, words: readonly string[]): Promise<void> {
  const { command, isUnknown, wantsHelp } = commandOf(program, words)
  if (wantsHelp && !isUnknown) command.outputHelp()
  else await program.parseAsync(isUnknown ? words.filter((word) => !HELP.includes(word)) : words, { from: 'user' })
}

/** Returns the command, or group of commands, that a command line has got to, and its names. */
function commandOf(program: Command, words: readonly string[]): CommandReached {
  let [command, names, wantsHelp] = [program, program.name(), false]
  const reached = (isUnknown: boolean): CommandReached => {
    return { command, names, isProgram: command === program, isUnknown, wantsHelp }
  }
  for (const word of program.parseOptions([...words]).operands) {
    if (command.commands.length === 0) break
    const found = command.commands.find((each) => each.name() === word)
    if (found === undefined && word !== 'help') return reached(true)
    wantsHelp ||= found === undefined
    command = found ?? command
    if (found !== undefined) names += ` ${word}`
  }
  return reached(false)
}

interface CommandReached {
  readonly command: Command
  /** As it is typed: `tidemark key list`. */
  readonly names: string
  readonly isProgram: boolean
  /** Whether a name follows that the group does not have. */
  readonly isUnknown: boolean
  /** Whether `help` stands before a name, or at the end behind that of a group. */
  readonly wantsHelp: boolean
}

/** Tells what is wrong with the command line, in the form of all other errors. */
function usageProblem(error: CommanderError, reached: CommandReached): number {
  // Help that was shown because a command of a group is missing has said it all.
  if (error.code === 'commander.help') return EXIT_USAGE
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  process.stderr.write(`tidemark: ${message.replace(/\.$/, '')}\n`)
  const meant = /^\(Did you mean (.*)\?\)$/.exec(suggestion ?? '')?.[1]
  process.stderr.write(`hint: ${meant === undefined ? whatThereIs(reached) : `Did you mean ${meant}?`}\n`)
  return EXIT_USAGE
}

function notUtf8(word: string): number {
  process.stderr.write(`tidemark: ${word} is not UTF-8, as words of a command line have to be\n`)
  process.stderr.write(
    'hint: Write a path in a point as it is shown here; of a file or folder, name the folder that holds it.\n',
  )
  return EXIT_USAGE
}

function whatThereIs({ command, names, isProgram }: CommandReached): string {
  if (isProgram) return 'See `tidemark help`.'
  if (command.commands.length === 0) return `See \`${names} --help\`.`
  return `The commands of \`${names}\` are ${command.commands.map((each) => each.name()).join(', ')}.`
}
