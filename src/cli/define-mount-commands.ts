import { type Command, Option } from 'commander'

import type { MountFlags } from './commands/mount.ts'
import type { CommandAction } from './run-command.ts'

type Run = (action: CommandAction) => Promise<void>

/** Adds what shows Restoring Points as folders. */
export function defineMountCommands(program: Command, run: Run): void {
  program
    .command('mount')
    .description('show all Restoring Points, or one, as folders, until it is interrupted or unmounted')
    .argument('<DIR>', 'an empty folder')
    .option('--point <POINT[:/PATH]>', 'only this point, or what lies at one of its paths')
    .addOption(
      new Option(
        '--realm <NAME>',
        'the points of a realm of backup-only keys instead of those of the full keys',
      ).conflicts('point'),
    )
    .option('--instance <ID>', 'with --point: only points of this instance: id or name')
    .option('--chain <ID>', 'with --point: only points of this chain: id or a unique beginning of one')
    .option('--allow-other', 'let other users in, each to what the stored modes and owners let him')
    .option('--cache-size <SIZE>', 'memory for what was read, such as 128M: 24M or more, without it 64M')
    .option('--disk-cache <SIZE>', 'room on this machine for what was fetched of a store elsewhere, such as 10G')
    .addOption(
      new Option('--transport <TRANSPORT>', "by the kernel's own protocol, or by libfuse where there is no other way")
        .choices(['kernel', 'native'])
        .default(process.platform === 'linux' ? 'kernel' : 'native'),
    )
    .addOption(new Option('--background', 'return once it is mounted').conflicts('detached'))
    .addOption(new Option('--detached').hideHelp())
    .action(async (directory: string, flags: MountFlags) => {
      await run(async (context) => (await import('./commands/mount.ts')).mountCommand(context, directory, flags))
    })
  program
    .command('unmount')
    .description('end a mount')
    .argument('<DIR>', 'where it is mounted')
    .action(async (directory: string) => {
      await run(async (context) => (await import('./commands/unmount.ts')).unmountCommand(context, directory))
    })
}
