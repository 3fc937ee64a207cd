import type { Command } from 'commander'

import type { CheckFlags } from './commands/check.ts'
import type { CommandAction } from './program.ts'

type Run = (action: CommandAction) => Promise<void>

/** Adds what looks after a repository. */
export function defineCareCommands(program: Command, run: Run): void {
  defineCheck(program, run)
}

function defineCheck(program: Command, run: Run): void {
  program
    .command('check')
    .description('verify the repository, and name the files that suffer from damage')
    .option('--read-data [PERCENT]', 'read the packs, too, or so much of them: the next check goes on from there')
    .option('--objects', 'only compare the bytes of all objects with their names, which takes no password')
    .action(async (flags: CheckFlags) => {
      await run(async (context) => {
        const { checkCommand } = await import('./commands/check.ts')
        return checkCommand(context, flags)
      })
    })
}
