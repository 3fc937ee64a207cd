import type { Command } from 'commander'

import type { CheckFlags } from './commands/check.ts'
import type { ForgetFlags } from './commands/forget.ts'
import type { ProveFlags } from './commands/prove.ts'
import type { PruneFlags } from './commands/prune.ts'
import { collect } from './define-point-commands.ts'
import type { CommandAction } from './run-command.ts'

type Run = (action: CommandAction) => Promise<void>

/** Adds what looks after a repository. */
export function defineCareCommands(program: Command, run: Run): void {
  defineCheck(program, run)
  defineForget(program, run)
  definePrune(program, run)
  defineProve(program, run)
}

function defineCheck(program: Command, run: Run): void {
  program
    .command('check')
    .description('verify the repository, and name the files that suffer from damage')
    .option('--read-data [PERCENT]', 'read the packs, too, or so much of them: the next check goes on from there')
    .option('--objects', 'only compare the bytes of all objects with their names, which takes no password')
    .option('--repair', 'make index files again, and store again what is lost as far as it can be had')
    .option('--heal-from <PATH|REPO>', 'where lost bytes may still be: folder or repository; may be repeated', collect)
    .option('--heal-password-file <FILE>', 'holds the password of those repositories, where it is another one')
    .option('--dry-run', 'only tell what --repair would do')
    .action(async (flags: CheckFlags) => {
      await run(async (context) => {
        const { checkCommand } = await import('./commands/check.ts')
        return checkCommand(context, flags)
      })
    })
}

function withPruning(command: Command): Command {
  return command
    .option('--dry-run', 'delete nothing, tell what would be')
    .option('--exclusive', 'nothing else uses the repository: wait for nothing')
    .option('--grace <TIME>', 'wait longer than the repository asks for, such as 7d')
    .option('--max-repack <SIZE>', 'write anew no more than so much, such as 10G')
    .option('--max-unused <PERCENT>', 'what may stay unused in packs that are needed in part: 5 by default')
}

function defineForget(program: Command, run: Run): void {
  const forget = program
    .command('forget')
    .description('remove points: those that are named, or all that a policy does not keep')
    .argument('[POINT...]')
    .option('--keep-last <N>', 'keep the last N points')
    .option(
      '--keep-hourly <N>',
      'keep the newest point of each of the last N hours that have one; if fewer have, the oldest point, too',
    )
    .option('--keep-daily <N>', 'the same for days')
    .option('--keep-weekly <N>', 'the same for weeks')
    .option('--keep-monthly <N>', 'the same for months')
    .option('--keep-yearly <N>', 'the same for years')
    .option('--keep-within <TIME>', 'keep all points of so long before the newest, such as 30d, 1y6m or 36h')
    .option('--keep-tag <TAG>', 'keep all points with a tag; may be repeated', collect)
    .option('--all-instances', 'judge the points of other instances, too')
    .option('--instance <ID>', 'of which instance POINT is: id or name')
    .option('--chain <ID>', 'of which chain POINT is: id or a unique beginning of one')
    .option('--prune', 'prune right after')
  withPruning(forget).action(async (points: readonly string[], flags: ForgetFlags) => {
    await run(async (context) => {
      const { forgetCommand } = await import('./commands/forget.ts')
      return forgetCommand(context, points, flags)
    })
  })
}

function definePrune(program: Command, run: Run): void {
  const prune = program.command('prune').description('free what no point needs, while others go on')
  withPruning(prune).action(async (flags: PruneFlags) => {
    await run(async (context) => {
      const { pruneCommand } = await import('./commands/prune.ts')
      return pruneCommand(context, flags)
    })
  })
}

function defineProve(program: Command, run: Run): void {
  program
    .command('prove')
    .description('restore a random sample into a folder of its own, compare it, and say how long all would take')
    .argument('[POINT[:/PATH]]', 'of what: the newest point of this instance by default')
    .option('--files <N>', 'how many files, beside one whole folder', '20')
    .option('--max-size <SIZE>', 'the most that the folder may hold, and that those files together may', '1G')
    .option('--scratch <DIR>', 'where it is restored to, and removed again: the folder for temporary files by default')
    .option('--instance <ID>', 'of which instance POINT is: id or name')
    .option('--chain <ID>', 'of which chain POINT is: id or a unique beginning of one')
    .option(
      '--source <PATH>',
      'without POINT, the newest that was made of this, and of nothing else; may be repeated',
      collect,
    )
    .action(async (place: string | undefined, flags: ProveFlags) => {
      await run(async (context) => {
        const { proveCommand } = await import('./commands/prove.ts')
        return proveCommand(context, place, flags)
      })
    })
}
