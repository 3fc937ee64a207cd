import type { Command } from 'commander'

import { UsageError } from '../../base/errors.ts'
import { bashCompletion } from '../completion/bash.ts'
import { commandWords } from '../completion/command-words.ts'
import { fishCompletion } from '../completion/fish.ts'
import { zshCompletion } from '../completion/zsh.ts'
import type { CliContext } from '../context.ts'

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

/** Prints the completion script of a shell, made from the definition of the program itself. */
export async function completionCommand({ output }: CliContext, program: Command, shell: string): Promise<undefined> {
  if (!Object.hasOwn(SHELLS, shell)) {
    throw new UsageError('BAD_ARGUMENT', `there is no completion for ${shell}`, { hint: 'Name bash, zsh or fish.' })
  }
  const script = SHELLS[shell as keyof typeof SHELLS](commandWords(program))
  for (const line of script.trimEnd().split('\n')) output.line(line)
}
