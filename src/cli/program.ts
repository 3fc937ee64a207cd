import { Command, Option } from 'commander'

import { defineCareCommands } from './define-care-commands.ts'
import { defineDaemonCommands } from './define-daemon-commands.ts'
import { defineKeyCommands } from './define-key-commands.ts'
import { defineLookerCommands } from './define-looker-commands.ts'
import { definePointCommands } from './define-point-commands.ts'
import { defineMountCommands } from './define-mount-commands.ts'
import { defineServeCommands } from './define-serve-commands.ts'
import { defineSetupCommands } from './define-setup-commands.ts'
import { defineTuiCommands } from './define-tui-commands.ts'
import type { GlobalFlags } from './global-flags.ts'
import type { CommandAction } from './run-command.ts'
import { toolVersion } from './version.ts'

/** Runs a command with the options that stand before or behind its name. */
export type RunCommand = (flags: GlobalFlags, action: CommandAction) => Promise<void>
/** Prints a piece of help, or the version, with its line ends. */
export type PrintHelp = (text: string) => void

const ENVIRONMENT_HELP = `
REPO is a name from the configuration file, a path, or a URL (see \`tidemark driver list\`).
POINT is an id or a unique beginning of one, a date or time, \`latest\` or \`latest~N\`.

Environment: TIDEMARK_REPOSITORY; TIDEMARK_PASSWORD, TIDEMARK_PASSWORD_FILE, TIDEMARK_PASSWORD_COMMAND,
TIDEMARK_KEY_FILE, TIDEMARK_RECOVERY_CODE; TIDEMARK_CONFIG, TIDEMARK_CACHE_DIR, TIDEMARK_STATE_DIR.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done in part, 4 damage found, 10 no repository there,
11 run again, 12 wrong password or key, 130 interrupted.`

/**
 * Returns the command line's definition: all commands and options, whose code is loaded when one of them runs.
 *
 * Parsing throws a `CommanderError` for wrong usage and for help.
 */
export function createProgram(run: RunCommand, print: PrintHelp): Command {
  const program = new Command('tidemark')
    .description('An encrypted, incremental backup you can walk into.')
    .version(toolVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => undefined, writeOut: print })
    .exitOverride()
    .option('-r, --repository <REPO>', 'which repository: name, path or URL')
    .option('--json', 'print JSON: see docs/json.md')
    .option('-q, --quiet', 'say nothing but what is asked for, and problems')
    .option('-v, --verbose', 'say more')
    .option('--no-progress', 'show no progress')
    .option('--cache-dir <DIR>', 'where the cache lies')
    .option('--config <FILE>', 'where the configuration lies')
    .option('--limit-upload <RATE>', 'store no more than so much a second, such as 2MiB/s')
    .option('--limit-download <RATE>', 'read no more than so much a second from the store')
    .addOption(new Option('--secret-fd <N>').hideHelp().argParser(Number))
    .addOption(new Option('--to-secret-fd <N>').hideHelp().argParser(Number))
    .addOption(new Option('--end-fd <N>').hideHelp().argParser(Number))
    .addHelpText('after', ENVIRONMENT_HELP)
  const runWith = async (action: CommandAction): Promise<void> => run(program.opts<GlobalFlags>(), action)
  definePointCommands(program, runWith)
  defineLookerCommands(program, runWith)
  defineCareCommands(program, runWith)
  defineKeyCommands(program, runWith)
  defineMountCommands(program, runWith)
  defineSetupCommands(program, runWith)
  defineDaemonCommands(program, runWith)
  defineTuiCommands(program, runWith)
  defineServeCommands(program, runWith)
  return program
}
