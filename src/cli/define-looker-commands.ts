import { type Command, Option } from 'commander'

import type { ChainFlags } from './choose-point.ts'
import type { CopyFlags } from './commands/copy.ts'
import type { FindFlags } from './commands/find.ts'
import type { HistoryFlags } from './commands/history.ts'
import type { CommandAction } from './run-command.ts'

type Run = (action: CommandAction) => Promise<void>

/** Adds what compares points and looks through many of them. */
export function defineLookerCommands(program: Command, run: Run): void {
  program
    .command('diff')
    .description('tell what was added, removed, changed and renamed from one Restoring Point to another')
    .argument('<POINT[:/PATH]>', 'the earlier one')
    .argument('<POINT[:/PATH]>', 'the later one')
    .option('--instance <ID>', 'only points of this instance: id or name')
    .option('--chain <ID>', 'only points of this chain: id or a unique beginning of one')
    .action(async (before: string, after: string, flags: ChainFlags) => {
      await run(async (context) => {
        const { diffCommand } = await import('./commands/diff.ts')
        return diffCommand(context, { before, after }, flags)
      })
    })
  program
    .command('history')
    .description('list each version of a file, and the points that have it')
    .argument('<PATH>', 'an absolute path as it was, or one relative to this folder')
    .option('--instance <ID>', 'only points of this instance: id or name')
    .option('--chain <ID>', 'only points of this chain: id or a unique beginning of one')
    .option('--all-instances', 'points of all instances')
    .action(async (path: string, flags: HistoryFlags) => {
      await run(async (context) => {
        const { historyCommand } = await import('./commands/history.ts')
        return historyCommand(context, path, flags)
      })
    })
  program
    .command('find')
    .description('find files by name, in one Restoring Point or in all')
    .argument('<[POINT] PATTERN...>', 'a pattern such as *.txt, or with / for paths; a POINT before it')
    .option('--instance <ID>', 'only points of this instance: id or name')
    .option('--chain <ID>', 'only points of this chain: id or a unique beginning of one')
    .option('-i, --ignore-case', 'upper and lower case are alike')
    .addOption(new Option('--type <KIND>', 'only entries of this kind').choices(['file', 'dir', 'symlink', 'other']))
    .option('--newer <TIME>', 'changed on this day, at this time, or later')
    .option('--older <TIME>', 'changed on this day, at this time, or earlier')
    .option('--larger <SIZE>', 'files of at least this size, such as 10MiB')
    .option('--smaller <SIZE>', 'files of at most this size')
    .action(async (words: readonly string[], flags: FindFlags) => {
      await run(async (context) => {
        const { findCommand } = await import('./commands/find.ts')
        return findCommand(context, words, flags)
      })
    })
  program
    .command('copy')
    .description('copy Restoring Points into another repository')
    .argument('[POINT...]', 'which, also if forgotten there; by default all that the other one lacks')
    .requiredOption('--to <REPO>', 'the other repository: name, path or URL')
    .option('--to-password-file <FILE>', 'holds its password, where that is another one')
    .option('--to-password-command <COMMAND>', 'prints its password')
    .option('--to-key-file <FILE>', 'opens it')
    .option('--instance <ID>', 'only points of this instance: id or name')
    .option('--chain <ID>', 'only points of this chain: id or a unique beginning of one')
    .option('--dry-run', 'copy nothing, tell what would be')
    .action(async (points: readonly string[], flags: CopyFlags) => {
      await run(async (context) => {
        const { copyCommand } = await import('./commands/copy.ts')
        return copyCommand(context, points, flags)
      })
    })
  program
    .command('stats')
    .description('tell how much the repository holds, and what only each point holds')
    .action(async () => {
      await run(async (context) => {
        const { statsCommand } = await import('./commands/stats.ts')
        return statsCommand(context)
      })
    })
}
