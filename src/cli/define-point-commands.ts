import { type Command, Option } from 'commander'

import type { BackupFlags } from './commands/backup.ts'
import type { ListFlags } from './commands/ls.ts'
import type { PointsFlags } from './commands/points.ts'
import type { RestoreFlags } from './commands/restore.ts'
import type { UndoFlags } from './commands/undo.ts'
import type { ChainFlags } from './choose-point.ts'
import type { CommandAction } from './run-command.ts'

type Run = (action: CommandAction) => Promise<void>

/** Adds what makes Restoring Points and looks into them. */
export function definePointCommands(program: Command, run: Run): void {
  defineBackup(program, run)
  definePoints(program, run)
  defineLooking(program, run)
  defineRestore(program, run)
  defineUndo(program, run)
}

/** Collects the values of an option that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

function withChain(command: Command): Command {
  return command
    .option('--instance <ID>', 'only points of this instance: id or name')
    .option('--chain <ID>', 'only points of this chain: id or a unique beginning of one')
}

function defineBackup(program: Command, run: Run): void {
  program
    .command('backup')
    .description('make a Restoring Point of files and folders, of standard input or of what a command prints')
    .argument('[PATH...]', 'what to back up; after `--` the command, with --from-command')
    .option('--full', 'read every byte again, whatever is known already')
    .option('--tag <TAG>', 'tag the point; may be repeated', collect)
    .option('--description <TEXT>', 'describe the point')
    .option('--exclude <PATTERN>', 'leave out what a gitignore pattern matches; may be repeated', collect)
    .option('--exclude-file <FILE>', 'leave out what the patterns in a file match; may be repeated', collect)
    .option('--exclude-caches', 'leave out what lies in folders with a CACHEDIR.TAG')
    .option('--exclude-if-present <NAME>', 'leave out folders that hold NAME; may be repeated', collect)
    .option('--cross-filesystems', 'descend into other file systems')
    .option('--strict', 'files that vanish or change while they are read count as unreadable')
    .option('--dry-run', 'store nothing, tell what would be')
    .addOption(new Option('--stdin', 'store standard input as one file').conflicts(['fromCommand']))
    .option('--from-command', 'store what the command after `--` prints as one file')
    .option('--name <FILE>', 'the name of that file')
    .action(async (words: readonly string[], flags: BackupFlags) => {
      await run(async (context) => {
        const { backupCommand } = await import('./commands/backup.ts')
        return backupCommand(context, words, flags)
      })
    })
}

function definePoints(program: Command, run: Run): void {
  const points = withChain(program.command('points'))
    .description('list the Restoring Points')
    .option('--tag <TAG>', 'only points with this tag; may be repeated', collect)
    .option('--source <PATH>', 'only points of chains that hold PATH')
    .action(async (flags: PointsFlags) => {
      await run(async (context) => {
        const { pointsCommand } = await import('./commands/points.ts')
        return pointsCommand(context, flags)
      })
    })
  // Its options come from `points`, which takes them wherever they stand.
  points
    .command('show')
    .description('describe a Restoring Point')
    .argument('<POINT>')
    .action(async (point: string) => {
      await run(async (context) => {
        const { showPointCommand } = await import('./commands/show-point.ts')
        return showPointCommand(context, point, points.opts<ChainFlags>())
      })
    })
  points
    .command('acknowledge')
    .description('say that suspect Restoring Points are as they should be')
    .argument('<POINT...>')
    .action(async (names: readonly string[]) => {
      await run(async (context) => {
        const { acknowledgeCommand } = await import('./commands/acknowledge.ts')
        return acknowledgeCommand(context, names, points.opts<ChainFlags>())
      })
    })
}

function defineLooking(program: Command, run: Run): void {
  withChain(program.command('ls'))
    .description('list a folder of a Restoring Point')
    .argument('<POINT[:/PATH]>')
    .option('-l, --long', 'with mode, owner, size and time')
    .option('-R, --recursive', 'with everything below')
    .action(async (place: string, flags: ListFlags) => {
      await run(async (context) => {
        const { listCommand } = await import('./commands/ls.ts')
        return listCommand(context, place, flags)
      })
    })
  withChain(program.command('cat'))
    .description('print a file of a Restoring Point')
    .argument('<POINT:/PATH>')
    .action(async (place: string, flags: ChainFlags) => {
      await run(async (context) => {
        const { catCommand } = await import('./commands/cat.ts')
        return catCommand(context, place, flags)
      })
    })
}

function defineRestore(program: Command, run: Run): void {
  withChain(program.command('restore'))
    .description('restore a Restoring Point or what lies below one of its paths')
    .argument('<POINT[:/PATH]>')
    .addOption(new Option('--target <DIR>', "PATH's contents land in DIR").conflicts('inPlace'))
    .option('--in-place', 'restore to where it came from')
    .option('--include <PATTERN>', 'restore only what a gitignore pattern matches; may be repeated', collect)
    .option('--exclude <PATTERN>', 'leave out what a gitignore pattern matches; may be repeated', collect)
    .addOption(
      new Option(
        '--selection <FILE>',
        'restore the paths that a file of JSON selects; `-` is standard input',
      ).conflicts(['include', 'exclude', 'overwrite']),
    )
    .option('--preview', 'only tell what would be created, overwritten, left and deleted')
    .addOption(
      new Option('--overwrite <MODE>', 'which existing files are overwritten').choices([
        'never',
        'if-changed',
        'if-newer',
        'always',
      ]),
    )
    .option('--delete', 'delete what lies in restored folders and is not in the point')
    .option('--verify', 'read what was restored, and what is unchanged by size and time, and compare it with the point')
    .option('--trust-unchanged', 'with --verify: do not read what is unchanged by size and time')
    .option('--numeric-ids', 'give files to the users and groups of their numbers, not to those of the same names here')
    .option('--undo', 'have `undo` take it back also where DIR is empty or not there yet')
    .option('--no-undo', 'keep nothing of what is overwritten, deleted or created')
    .option('-y, --yes', 'go ahead without asking')
    .action(async (place: string, flags: RestoreFlags) => {
      await run(async (context) => {
        const { restoreCommand } = await import('./commands/restore.ts')
        return restoreCommand(context, place, flags)
      })
    })
}

function defineUndo(program: Command, run: Run): void {
  program
    .command('undo')
    .description('take back what the last restore on this machine did, or the one that POINT was made before')
    .argument('[POINT]')
    .option('--preview', 'only tell what would be put back and taken away')
    .option('--no-undo', 'keep nothing of what is overwritten or deleted')
    .option('-y, --yes', 'go ahead without asking')
    .action(async (point: string | undefined, flags: UndoFlags) => {
      await run(async (context) => {
        const { undoCommand } = await import('./commands/undo.ts')
        return undoCommand(context, point, flags)
      })
    })
}
