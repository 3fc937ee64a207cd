import type { Command } from 'commander'

import type { CommandAction } from './run-command.ts'

/** Adds the dashboard. */
export function defineTuiCommands(program: Command, run: (action: CommandAction) => Promise<void>): void {
  program
    .command('tui')
    .description('open the dashboard, as `tidemark` alone does on a terminal')
    .action(async () => {
      await run(async (context) => (await import('./commands/tui.ts')).tuiCommand(context))
    })
}
