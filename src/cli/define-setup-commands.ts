import { type Command, Option } from 'commander'

import { CREDENTIAL_KINDS } from '../service/secret-source.ts'
import type { ClearFlags } from './commands/cache.ts'
import type { InitFlags } from './commands/init.ts'
import type { AddRepoFlags } from './commands/repo.ts'
import type { CommandAction } from './run-command.ts'

type Run = (action: CommandAction) => Promise<void>

/** Adds what makes, names and maintains repositories. */
export function defineSetupCommands(program: Command, run: Run): void {
  program
    .command('init')
    .description('create a repository and add it to the configuration')
    .addOption(new Option('--recovery-file <FILE>', 'write the recovery code to a file').conflicts('recovery'))
    .option('--no-recovery', 'make no recovery code')
    .option('--kdf-memory <SIZE>', 'memory that guessing the password costs, such as 64M')
    .option('--prune-grace <TIME>', 'how long prune waits before it deletes, such as 24h')
    .option('--name <NAME>', 'its name in the configuration')
    .action(async (flags: InitFlags) => {
      await run(async (context) => (await import('./commands/init.ts')).initCommand(context, flags))
    })
  defineRepo(program, run)
  const driver = program.command('driver').description('where repositories can be kept')
  driver
    .command('list')
    .description('list the kinds of stores')
    .action(async () => {
      await run(async (context) => (await import('./commands/driver.ts')).listDrivers(context))
    })
  driver
    .command('test')
    .description('try out what a store really guarantees, and how fast it is; it is left as it was')
    .argument('[REPO]')
    .action(async (repo: string | undefined) => {
      await run(async (context) => (await import('./commands/driver-test.ts')).testDriver(context, repo))
    })
  program
    .command('cache')
    .description('what is kept on this machine to save time')
    .command('clear')
    .description('remove it, for one repository or for all')
    .option('--all', 'for all repositories')
    .option('--accept-rollback', 'also forget what was seen last: after an older copy was put back on purpose')
    .action(async (flags: ClearFlags) => {
      await run(async (context) => (await import('./commands/cache.ts')).clearCache(context, flags))
    })
  program
    .command('completion')
    .description('print the completion script of a shell')
    .argument('<bash|zsh|fish>')
    .action(async (shell: string) => {
      await run(async (context) =>
        (await import('./commands/completion.ts')).completionCommand(context, program, shell),
      )
    })
  program
    .command('names', { hidden: true })
    .argument('<KIND>')
    .argument('[WORDS...]')
    .action(async (kind: string, words: readonly string[]) => {
      await run(async (context) => (await import('./commands/names.ts')).namesCommand(context, kind, words))
    })
}

function defineRepo(program: Command, run: Run): void {
  const repo = program.command('repo').description('the configured repositories')
  repo
    .command('add')
    .description('give a repository a name, or say more of it; --limit-upload and --limit-download are kept for it')
    .argument('<NAME>')
    .argument('<REPO>', 'path or URL')
    .option('--default', 'use it when no repository is named')
    .addOption(new Option('--password-file <FILE>', 'its password is in a file').conflicts('passwordCommand'))
    .option('--password-command <COMMAND>', 'a command prints its password')
    .addOption(sealOption())
    .option('--driver <FILE>', 'it is kept by a driver of your own')
    .action(async (name: string, place: string, flags: AddRepoFlags) => {
      await run(async (context) => (await import('./commands/repo.ts')).addRepo(context, { name, place }, flags))
    })
  repo
    .command('list')
    .description('list them')
    .action(async () => {
      await run(async (context) => (await import('./commands/repo.ts')).listRepos(context))
    })
  repo
    .command('show')
    .description('describe a repository')
    .argument('[REPO]', 'name, path or URL')
    .action(async (place: string | undefined) => {
      await run(async (context) => (await import('./commands/show-repo.ts')).showRepo(context, place))
    })
  repo
    .command('remove')
    .description('forget a name; the repository stays')
    .argument('<REPO>', 'its name')
    .action(async (name: string) => {
      await run(async (context) => (await import('./commands/repo.ts')).removeRepo(context, name))
    })
}

/** May be given several times. */
function sealOption(): Option {
  const option = new Option('--seal <KIND>', 'ask for a credential of its store, and keep it sealed with its password')
  option.choices(CREDENTIAL_KINDS)
  const one = option.parseArg
  return option.argParser((kind, before: readonly string[] | undefined) => [
    ...(before ?? []),
    String(one?.(kind, undefined)),
  ])
}
